package overlay

import (
	"fmt"
	"net/netip"
)

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
	MTU      int // of the path to it; 0, or no less than the network's: the network's
}

// mtu is the network's MTU on this host. An error names what does not fit.
func (n Network) mtu(h Host) (int, error) {
	most := h.MTU - Overhead(h.Underlay)
	switch {
	case n.MTU > most:
		return 0, fmt.Errorf("mtu %d is more than the %d that are left of the underlay's %d", n.MTU, most, h.MTU)
	case n.MTU != 0:
		return n.MTU, nil
	case most < MinMTU:
		return 0, fmt.Errorf("mtu %d of the underlay leaves %d for the network, less than %d", h.MTU, most, MinMTU)
	}
	return most, nil
}
