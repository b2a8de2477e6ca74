package overlay

import (
	"net/netip"

	"rundock/internal/nft"
)

// Protocol marks the routes that are ours (ip route ... proto 82).
const Protocol = 82

// State is what a kernel holds of one network, or should hold. The zero of a
// part is that it is not there.
type State struct {
	Bridge, Vxlan Link

	// On the VXLAN device, permanent ones alone.
	Neighbours map[netip.Addr]MAC
	Forwards   map[MAC]netip.Addr // the forwarding database: behind which host a MAC is
	Routes     map[RouteKey]Route // of our protocol

	// Unreachable is the network, as the destination of a route that answers for
	// addresses of no host. Else the default route would take them.
	Unreachable netip.Prefix

	Table  Table
	Guard  Table
	Hosts  map[netip.Addr]struct{} // that are in Guard's set
	Filter Filter

	Faults []Fault // of a kernel
}

// Link is one of the two devices.
type Link struct {
	Name           string // set as well where the device does not exist
	Exists         bool
	Tunnel         Tunnel // of the VXLAN device
	MAC            MAC
	MTU            int
	Up             bool
	Forwarding     bool           // packets that come in by it may be sent on
	Address        netip.Prefix   // the one that is wanted, or else one of the network's
	OtherAddresses []netip.Prefix // other addresses of the network, which are not wanted
	Connected      bool           // the bridge's: its subnet is routed to it
	Ports          []string       // the bridge's: devices of containers on it, sorted

	Damage
}

// Damage is what stops packets at a device. No device has it when it is made, and it
// is never wanted.
type Damage struct {
	NoARP             bool     // nobody is told its MAC
	NoReplies         bool     // the bridge's: no ARP request of a container is answered
	Enslaved          bool     // it is part of a bridge, or of another device, itself
	STP               bool     // the bridge's: it computes a spanning tree, and blocks ports meanwhile
	VLANs             bool     // the bridge's: it passes on by VLAN
	LocalRouteGone    bool     // packets to Address are not taken in
	UnderlayRouteGone string   // the VXLAN device's: the interface of Tunnel.Local, to which packets are not taken in
	Down              []string // of Ports
	Blocked           []string // of Ports: what they send is not passed on, or not to all
}

// Tunnel is what a VXLAN device keeps from its making.
type Tunnel struct {
	VNI      uint32
	Local    netip.Addr
	Port     uint16
	Learning bool
}

// RouteKey tells the kernel's routes to one destination apart.
type RouteKey struct {
	Subnet netip.Prefix
	Metric int
}

// Route leads to a peer's subnet.
type Route struct {
	Via netip.Addr
	MTU int // locked; 0: the device's
}

// Metric is that of the route to part i of a network. It begins at 1, as a route by
// hand that gives none has 0.
func Metric(i int) int { return i + 1 }

// UnreachableMetric is that of the route for addresses of no peer. Routes to peers
// are longer; a route by hand that gives no metric has 0, and wins.
const UnreachableMetric = 1

// Table is the network's in nftables, and Chain one of it.
type (
	Table = nft.Table
	Chain = nft.Chain
)

// Filter is the part of iptables that lets a network's packets through what
// Docker drops.
type Filter struct {
	Drops string   // of a kernel: the rule of others that has all packets between the network's hosts, or those of one direction, dropped before a rule of FilterRules lets them in; "": none
	Open  bool     // of a kernel: it drops nothing by itself and Docker has no part in it, so that no rule is needed
	Rules []string // as iptables -S prints them; of a kernel, those of FilterRules that it has, where they are reached
}
