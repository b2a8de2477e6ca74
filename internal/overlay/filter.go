package overlay

import (
	"fmt"
	"slices"
	"strings"
)

// userChain is where Docker has others put their rules: it sends all that is
// forwarded there first, and keeps it.
const userChain = "DOCKER-USER"

// FilterRules are what a network needs in iptables' table filter where that
// drops what no rule accepts, as it does once Docker has set it up.
//
// The chain and the way to it are Docker's. A dockerd that is restarted over
// running containers (live-restore) does not bring them back after a flush,
// nor does any without a restart. The last three it makes itself with its
// network, in these words, and since 28 in chains of its own, which come first;
// a flush takes them away as well.
func FilterRules(n Network) []string {
	br, vx := n.Bridge(), n.Vxlan()
	return []string{
		"-N " + userChain,
		"-A FORWARD -j " + userChain,
		fmt.Sprintf("-A %s -i %s -o %s -j ACCEPT", userChain, vx, br),
		fmt.Sprintf("-A %s -i %s -o %s -j ACCEPT", userChain, br, vx),
		fmt.Sprintf("-A FORWARD -o %s -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT", br),
		fmt.Sprintf("-A FORWARD -i %s ! -o %s -j ACCEPT", br, br),
		fmt.Sprintf("-A FORWARD -i %s -o %s -j ACCEPT", br, br),
	}
}

// names reports whether a rule is about a device.
func names(rule, dev string) bool { return slices.Contains(strings.Fields(rule), dev) }

// adding returns the arguments that add a rule: before all others in Docker's
// chain for users, and on the way there; else after them, so that Docker's
// isolation of its networks comes first.
func adding(rule string) []string {
	words := strings.Fields(rule)
	if words[0] == "-A" && (words[1] == userChain || slices.Contains(words, userChain)) {
		words[0] = "-I"
	}
	return words
}

func deleting(rule string) []string {
	words := strings.Fields(rule)
	words[0] = "-D"
	return words
}

// filterOf says which of wanted are in what iptables -S prints of the chains
// FORWARD and, if there is one, DOCKER-USER.
func filterOf(wanted []string, forward, user string) Filter {
	f := Filter{Open: user == ""}
	reached := map[string]bool{}
	for _, chain := range []string{forward, user} {
		for line := range strings.Lines(chain) {
			line = strings.TrimSpace(line)
			if line == "-P FORWARD DROP" {
				f.Open = false
			}
			if line == "-A "+userChain+" -j RETURN" {
				break // what comes after is not reached
			}
			reached[line] = true
		}
	}
	for _, rule := range wanted {
		if reached[rule] {
			f.Rules = append(f.Rules, rule)
		}
	}
	return f
}
