package overlay

import (
	"fmt"
	"net/netip"
	"strings"
)

// String is several lines; they are done in one transaction.
func (o PutTable) String() string {
	var lines []string
	name := o.Table.Family + " " + o.Table.Name
	line := func(format string, args ...any) { lines = append(lines, fmt.Sprintf(format, args...)) }
	if o.Replace {
		line("%s", DeleteTable{o.Table.Family, o.Table.Name})
	}
	line("nft add table %s", name)
	if o.Table.Hosts != "" {
		line("nft add set %s %s { type %s ; }", name, HostSet, o.Table.Hosts)
	}
	if len(o.Hosts) > 0 {
		line("nft add element %s %s { %s }", name, HostSet, listHosts(o.Hosts))
	}
	for _, c := range o.Table.Chains {
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

// listHosts is some of the hosts, for people, if they are many.
func listHosts(hosts []netip.Addr) string {
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

func (o DeleteTable) String() string { return fmt.Sprintf("nft delete table %s %s", o.Family, o.Name) }

func (o AddHost) String() string {
	return fmt.Sprintf("nft add element inet %s %s { %s }", o.Table, HostSet, o.At)
}

func (o DeleteHost) String() string {
	return fmt.Sprintf("nft delete element inet %s %s { %s }", o.Table, HostSet, o.At)
}
