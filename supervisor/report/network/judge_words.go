package network

import (
	"fmt"
	"time"

	"rundock/supervisor/overlaydir"
	"rundock/supervisor/report"
)

// What overlay status and overlay explain say alike.
const (
	cutOff     = "this host's subnet is another's now, and it is cut off"
	cutOffNext = "wait until it has a new one; see the agent's log"
	unheard    = "other hosts are not told that this one is alive"
)

func silentAgent(pid int, since time.Duration) string {
	return fmt.Sprintf("its agent, process %d, has said nothing for %s: it was stopped or hangs; other hosts withdraw this one unless it answers them in the network", pid, since)
}

func silentAgentNext(network string) string {
	return "sv restart overlay-" + network + "; if it does not end: sv kill overlay-" + network
}

// What a file named down does to an agent that is not there, and to one that is.
func downProblem(file string) string { return "no agent keeps it: the file " + file + " is there" }
func downNext(network string) string {
	return "remove that file, then sv up " + overlaydir.Prefix + network
}
func downNote(file string) string {
	return "the file " + file + " keeps its agent from being started before sv up, as after a boot"
}

// unsaidNext is what to do where the agent's status could not be read.
func unsaidNext(why report.Trouble, network string) string {
	if why.Denied {
		return "run it as root"
	}
	return "the agent writes it anew: sv restart overlay-" + network
}

func agentLog(network string) string { return overlaydir.LogDir(network) + "/current" }
