package overlay

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"
)

// UserChain is where Docker has others put their rules: it sends all that is
// forwarded there first, and keeps it.
const UserChain = "DOCKER-USER"

// FilterRules are the rules that a network needs in iptables.
//
// Table filter drops what no rule accepts, once Docker has set it up. Table raw
// drops, since Docker 28, what comes for a container from elsewhere; its rule is
// wanted with any Docker, as a newer one may be started over running containers
// (live-restore) and drops from then on.
//
// The first two rules, the chain and the way to it, are Docker's. After a flush
// dockerd brings them back when it is restarted, but not over running containers.
// The three rules after our two dockerd makes with its network, in these words,
// and since 28 in chains of its own, which come first; a flush takes them too.
func FilterRules(n Network) []string {
	br, vx := n.Bridge(), n.Vxlan()
	return []string{
		"-N " + UserChain,
		"-A FORWARD -j " + UserChain,
		fmt.Sprintf("-A %s -i %s -o %s -j ACCEPT", UserChain, vx, br),
		fmt.Sprintf("-A %s -i %s -o %s -j ACCEPT", UserChain, br, vx),
		fmt.Sprintf("-A FORWARD -o %s -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT", br),
		fmt.Sprintf("-A FORWARD -i %s ! -o %s -j ACCEPT", br, br),
		fmt.Sprintf("-A FORWARD -i %s -o %s -j ACCEPT", br, br),
		fmt.Sprintf("-t raw -A PREROUTING -d %s -i %s -j ACCEPT", n.CIDR, vx),
	}
}

// mentions reports whether a rule is about a device.
func mentions(rule, dev string) bool { return slices.Contains(strings.Fields(rule), dev) }

// AddArguments returns the arguments that add a rule: before all others in Docker's
// chain for users, on the way there, and in table raw; else after them, so that
// Docker's isolation of its networks comes first.
func AddArguments(rule string) []string {
	words := strings.Fields(rule)
	if i := slices.Index(words, "-A"); i >= 0 && (words[0] == "-t" || slices.Contains(words, UserChain)) {
		words[i] = "-I"
	}
	return words
}

// DeleteArguments returns the arguments that delete a rule.
func DeleteArguments(rule string) []string {
	words := strings.Fields(rule)
	words[slices.Index(words, "-A")] = "-D"
	return words
}

// ParseFilter says which of n's rules are in what iptables -S prints of the chains
// FORWARD, if there is one DOCKER-USER, and PREROUTING of table raw. A kernel
// without that table (raw is "") needs no rule in it.
func ParseFilter(n Network, forward, user, raw string) Filter {
	f := Filter{Open: user == ""}
	reached := map[string]bool{}
	for _, chain := range []string{forward, user} {
		for line := range strings.Lines(chain) {
			line = strings.TrimSpace(line)
			if line == "-P FORWARD DROP" {
				f.Open = false
			}
			if line == "-A "+UserChain+" -j RETURN" {
				break // what comes after is not reached
			}
			reached[line] = true
		}
	}
	f.Drops = firstDrop(n, forward, user)
	for line := range strings.Lines(raw) {
		line = strings.TrimSpace(line)
		if mentions(line, n.Bridge()) && strings.HasSuffix(line, " -j DROP") {
			f.Open = false
			break // as above
		}
		reached["-t raw "+line] = true
	}
	for _, rule := range FilterRules(n) {
		if reached[rule] || raw == "" && strings.HasPrefix(rule, "-t raw ") {
			f.Rules = append(f.Rules, rule)
		}
	}
	return f
}

// firstDrop returns the first rule that drops packets between n's hosts and containers,
// whichever these are, before the chain DOCKER-USER is asked, or in that before n's own
// rules are; "" where there is none, or n's are missing. What a chain of others does is not followed.
func firstDrop(n Network, forward, user string) string {
	rules := FilterRules(n)
	for _, part := range []struct {
		chain string
		until []string // from there on others decide no more
	}{{forward, rules[1:2]}, {user, rules[2:4]}} {
		lines := strings.Split(strings.TrimSpace(part.chain), "\n")
		end := slices.IndexFunc(lines, func(line string) bool { return slices.Contains(part.until, line) })
		for _, line := range lines[:max(end, 0)] { // where ours are missing they are put first
			if dropsAll(n, strings.Fields(line)) {
				return line
			}
		}
	}
	return ""
}

// dropsAll reports whether a rule, -A CHAIN and what follows, drops all packets of n of
// a direction at least. One that asks for more than devices and addresses may drop few.
func dropsAll(n Network, words []string) bool {
	if len(words) < 4 || words[0] != "-A" {
		return false
	}
	drops := false
	for words = words[2:]; len(words) >= 2; words = words[2:] {
		value := words[1]
		within := func(name string) bool {
			return value == name || strings.HasSuffix(value, "+") && strings.HasPrefix(name, value[:len(value)-1])
		}
		switch words[0] {
		case "-i", "-o":
			if !within(n.Bridge()) && !within(n.Vxlan()) {
				return false
			}
		case "-s", "-d":
			if p, err := netip.ParsePrefix(value); err != nil || p.Bits() > n.CIDR.Bits() || !p.Overlaps(n.CIDR) {
				return false
			}
		case "-j":
			drops = value == "DROP" || value == "REJECT"
		case "--reject-with":
		default:
			return false
		}
	}
	return drops && len(words) == 0
}

// DropFault is what is wrong where a rule of others is a Filter's Drops.
func DropFault(n Network, rule string) Fault {
	command := "iptables " + strings.Join(DeleteArguments(rule), " ")
	return Fault{
		What: fmt.Sprintf("iptables' rule %s drops what hosts and containers of network %s send to each other, before the network's own rules let it in", rule, n.Name),
		Next: command + ", and see which program made it",
	}
}
