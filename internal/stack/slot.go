package stack

import (
	"cmp"
	"fmt"
	"strconv"
	"strings"
)

// Slot is a number of a service, such as web.2: what an instance is of, wherever
// it is.
type Slot struct {
	Service string
	Number  int // from 1; 0 is all of the service
}

// Place is where a slot is.
type Place struct {
	Host         string   `json:"host"`
	Standby      string   `json:"standby,omitempty"`       // host of another instance, which runs while Host is away; "": there is none
	Volumes      []string `json:"volumes,omitempty"`       // Docker's names of those on Host that hold it there, sorted
	Ports        []int    `json:"ports,omitempty"`         // of Host: one of each range of the service, in the order of its ranges
	StandbyPorts []int    `json:"standby_ports,omitempty"` // as Ports, of Standby
}

// String is web.2; web for Number 0.
func (s Slot) String() string {
	if s.Number == 0 {
		return s.Service
	}
	return s.Service + "." + strconv.Itoa(s.Number)
}

// Container is the name of the slot's container: shop-web-2.
func (s Slot) Container(stack string) string {
	return stack + "-" + s.Service + "-" + strconv.Itoa(s.Number)
}

// Compare sorts by service, then by number: web.9 is before web.10.
func (s Slot) Compare(other Slot) int {
	return cmp.Or(cmp.Compare(s.Service, other.Service), cmp.Compare(s.Number, other.Number))
}

// ParseSlot reads web.2.
func ParseSlot(text string) (Slot, error) {
	dot := strings.LastIndexByte(text, '.')
	number, err := strconv.Atoi(text[dot+1:])
	if dot < 1 || err != nil || number < 1 || text[dot+1:] != strconv.Itoa(number) {
		return Slot{}, fmt.Errorf("slot %q: want a service and a number, as web.2", text)
	}
	return Slot{text[:dot], number}, nil
}

// MarshalText has a slot be a key of JSON.
func (s Slot) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// UnmarshalText reads one.
func (s *Slot) UnmarshalText(text []byte) (err error) {
	*s, err = ParseSlot(string(text))
	return err
}
