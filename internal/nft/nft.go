// Package nft is a table of nftables as text: its chains, and rules as nft prints
// them. internal/nft/live has a kernel hold one.
//
// Source: nft(8). Of its language only what our tables say is known.
package nft

import (
	"fmt"
	"net/netip"
	"reflect"
	"strings"
)

// HostSet is the set of addresses that a table may have.
const HostSet = "hosts"

// Table is replaced whole, so that no packet meets half of it.
type Table struct {
	Family string // ip or inet; set as well where the table does not exist
	Name   string // likewise
	Hosts  string // type of the elements of the set hosts; "": it has none
	Chains []Chain
}

// Chain is a base chain, with policy accept, or one to which others go.
type Chain struct {
	Name     string
	Type     string // filter or nat; "": no base chain
	Hook     string // forward, input, postrouting; "" as well
	Priority int
	Rules    []string // as nft prints them
}

// Differs reports whether t has to become want.
func (t Table) Differs(want Table) bool {
	return want.Chains != nil && !reflect.DeepEqual(t.Chains, want.Chains)
}

// Commands are those that make t, with these hosts in its set, in one transaction;
// replace says that there is one.
func (t Table) Commands(hosts []netip.Addr, replace bool) string {
	var lines []string
	name := t.Family + " " + t.Name
	line := func(format string, args ...any) { lines = append(lines, fmt.Sprintf(format, args...)) }
	if replace {
		line("%s", t.DeleteCommand())
	}
	line("nft add table %s", name)
	if t.Hosts != "" {
		line("nft add set %s %s { type %s ; }", name, HostSet, t.Hosts)
	}
	if len(hosts) > 0 {
		line("nft add element %s %s { %s }", name, HostSet, listHosts(hosts))
	}
	for _, c := range t.Chains {
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

// DeleteCommand is the command that deletes t.
func (t Table) DeleteCommand() string { return fmt.Sprintf("nft delete table %s %s", t.Family, t.Name) }

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
