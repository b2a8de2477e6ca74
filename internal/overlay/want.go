package overlay

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"net/netip"
	"slices"
	"strings"
)

// MAC is an Ethernet address.
type MAC [6]byte

func (m MAC) String() string {
	var b strings.Builder
	for i, x := range m {
		if i > 0 {
			b.WriteByte(':')
		}
		b.WriteString(hex.EncodeToString([]byte{x}))
	}
	return b.String()
}

// ParseMAC reads six pairs of lower-case digits with colons between them.
func ParseMAC(s string) (MAC, error) {
	var m MAC
	raw, err := hex.DecodeString(strings.ReplaceAll(s, ":", ""))
	if err == nil {
		copy(m[:], raw)
	}
	if err != nil || m.String() != s {
		return MAC{}, fmt.Errorf("%q is no MAC address such as 02:00:00:00:00:01", s)
	}
	return m, nil
}

// MarshalText and UnmarshalText make it a string in JSON.
func (m MAC) MarshalText() ([]byte, error) { return []byte(m.String()), nil }

// UnmarshalText: see MarshalText.
func (m *MAC) UnmarshalText(text []byte) (err error) {
	*m, err = ParseMAC(string(text))
	return err
}

// VxlanMAC is the address of a host's VXLAN device. It follows from the host's
// machine id and the VNI, so that a device that is made anew is the same to
// all others.
func VxlanMAC(machine string, vni uint32) MAC { return derive("vxlan", machine, vni) }

// BridgeMAC is the address of a host's bridge, which containers have as their
// gateway's.
func BridgeMAC(machine string, vni uint32) MAC { return derive("bridge", machine, vni) }

func derive(of, machine string, vni uint32) MAC {
	sum := sha256.Sum256(fmt.Appendf(nil, "rundock %s %s %d", of, machine, vni))
	m := MAC(sum[:6])
	m[0] = m[0]&^1 | 2 // for one station, locally administered
	return m
}

// Host is this host's part of a network.
type Host struct {
	Machine   string       // id of the machine
	Subnet    netip.Prefix // its containers'
	Underlay  netip.Addr   // by which other hosts reach it
	Interface string       // that has Underlay
	MTU       int          // of Interface
}

// Gateway is the bridge's address, the first of the subnet.
func Gateway(subnet netip.Prefix) netip.Addr { return subnet.Addr().Next() }

// Peer is another host.
type Peer struct {
	Host     string `json:",omitempty"` // its name, for people; "": not known
	Subnet   netip.Prefix
	Underlay netip.Addr
	MAC      MAC // of its VXLAN device
	MTU      int // that fits the path to it; 0, or no less than the network's: the network's
}

// MTU is the network's on this host. An error names what does not fit.
func (n Network) mtu(h Host) (int, error) {
	most := h.MTU - Overhead(h.Underlay)
	switch {
	case n.MTU > most:
		return 0, fmt.Errorf("mtu %d is more than the %d that are left of the underlay's %d", n.MTU, most, h.MTU)
	case n.MTU != 0:
		return n.MTU, nil
	case most < minMTU:
		return 0, fmt.Errorf("mtu %d of the underlay leaves %d for the network, less than %d", h.MTU, most, minMTU)
	}
	return most, nil
}

// Want returns what the kernel of host h should hold. Peers with h's own
// subnet or underlay address are left out; of two peers with one subnet, the
// last counts, and of two with one MAC, that with the highest subnet. Errors
// name the peer and the field.
func Want(n Network, h Host, peers []Peer) (State, error) {
	w, err := NewWanted(n, h, peers)
	if err != nil {
		return State{}, err
	}
	return w.state, nil
}

// fence is what a host should hold whose subnet is another's: its containers
// reach each other and the outside, and no other host.
func fence(want State) State {
	want.Vxlan = Link{Name: want.Vxlan.Name}
	want.Neighbours, want.Forwards, want.Routes = nil, nil, nil
	want.Filter.Rules = slices.DeleteFunc(slices.Clone(want.Filter.Rules), func(rule string) bool { return names(rule, want.Vxlan.Name) })
	return want
}

// Nothing is what a host should hold that has left the network.
func Nothing(n Network) State {
	return State{Bridge: Link{Name: n.Bridge()}, Vxlan: Link{Name: n.Vxlan()}, Table: Table{Family: "ip", Name: n.Table()}, Guard: Table{Family: "inet", Name: n.Table()}}
}
