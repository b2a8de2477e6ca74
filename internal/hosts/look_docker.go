package hosts

import (
	"os"
	"strconv"
	"strings"
)

func lookDocker(names names) (d DockerState, err error) {
	if d.DaemonJSON, err = lookFile(daemonJSON, names); err != nil {
		return d, err
	}
	d.Settings = map[string]any{}
	if d.DaemonJSON != nil {
		if d.Settings, err = readSettings(d.DaemonJSON.Data); err != nil {
			return d, err
		}
	}
	note, _ := os.ReadFile(dockerWaiting)
	d.Waiting = strings.Fields(string(note))
	d.Runs = dockerd() != 0
	d.Enabled = booted("docker") || !knownToInit("docker") // what init has no means to start is somebody else's
	return d, nil
}

// dockerd is the process id of the dockerd that runs, 0 where none does.
func dockerd() int {
	data, err := os.ReadFile(dockerPID)
	if err != nil {
		return 0
	}
	pid, err := strconv.Atoi(strings.TrimSpace(string(data)))
	if err != nil {
		return 0
	}
	comm, _ := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/comm")
	if strings.TrimSpace(string(comm)) != "dockerd" {
		return 0
	}
	return pid
}
