package overlay

import (
	"fmt"
	"net/netip"
	"strings"
)

// String is several lines. What is done is one transaction.
func (o putTable) String() string {
	var lines []string
	name := o.table.Family + " " + o.table.Name
	line := func(format string, args ...any) { lines = append(lines, fmt.Sprintf(format, args...)) }
	if o.replace {
		line("%s", deleteTable{o.table.Family, o.table.Name})
	}
	line("nft add table %s", name)
	if o.table.Hosts != "" {
		line("nft add set %s %s { type %s ; }", name, hostSet, o.table.Hosts)
	}
	if len(o.hosts) > 0 {
		line("nft add element %s %s { %s }", name, hostSet, list(o.hosts))
	}
	for _, c := range o.table.Chains {
		if c.Hook == "" {
			line("nft add chain %s %s", name, c.Name)
		} else {
			line("nft add chain %s %s { type %s hook %s priority %d ; }", name, c.Name, c.Type, c.Hook, c.Priority)
		}
		for _, r := range c.Rules {
			line("nft add rule %s %s %s", name, c.Name, r)
		}
	}
	return strings.Join(lines, "\n")
}

// list is some of the hosts, for people, if they are many.
func list(hosts []netip.Addr) string {
	const most = 10
	var words []string
	for _, h := range hosts[:min(len(hosts), most)] {
		words = append(words, h.String())
	}
	if more := len(hosts) - most; more > 0 {
		words = append(words, fmt.Sprintf("and %d more", more))
	}
	return strings.Join(words, ", ")
}

func (o deleteTable) String() string { return fmt.Sprintf("nft delete table %s %s", o.family, o.name) }

func (o addHost) String() string {
	return fmt.Sprintf("nft add element inet %s %s { %s }", o.table, hostSet, o.at)
}

func (o deleteHost) String() string {
	return fmt.Sprintf("nft delete element inet %s %s { %s }", o.table, hostSet, o.at)
}
