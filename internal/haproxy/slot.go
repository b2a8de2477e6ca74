package haproxy

import (
	"fmt"
	"net/netip"
	"strings"
)

// Backend is the name of a service's backend for a colour; "" is none.
func Backend(service, colour string) string {
	if colour == "" {
		return service
	}
	return service + "-" + colour
}

// colours are those that a service has backends for, none first.
var colours = []string{"", "blue", "green"}

// slotName is that of the slot with index i.
func slotName(i int) string { return fmt.Sprintf("s%d", i+1) }

// Slot is a server of a backend: its place for an instance.
type Slot struct {
	Name     string
	Addr     netip.AddrPort // zero: none
	Status   string         // exactly as HAProxy says it: UP, UP 1/3, DRAIN, MAINT, ...
	Sessions int            // current ones
	Failed   int64          // checks, since HAProxy started
	Check    string         // what the last one found, for people: L4CON Connection refused; "": there was none
}

// Says is a slot's status, with what its last check found where it is not up.
func (s Slot) Says() string {
	if s.Status == "UP" || s.Check == "" {
		return s.Status
	}
	return s.Status + ", " + s.Check
}

// nowhere is the address of a slot without instance: nothing listens there, and
// nobody is sent there.
var nowhere = netip.MustParseAddrPort("127.0.0.1:1")

// takesRequests says that a slot is up for all that HAProxy knows.
func (s Slot) takesRequests() bool { return strings.HasPrefix(s.Status, "UP") }
