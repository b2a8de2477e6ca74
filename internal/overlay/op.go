package overlay

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"
)

// Op is one change to the kernel. It prints as the command that does the
// same by hand; a table prints as several.
type Op interface{ String() string }

type (
	addBridge struct {
		dev string
		mac MAC
	}
	addVxlan struct {
		dev    string
		mac    MAC
		tunnel Tunnel
	}
	deleteLink struct{ dev string }
	setMAC     struct {
		dev string
		mac MAC
	}
	setMTU struct {
		dev string
		mtu int
	}
	setUp         struct{ dev string }
	setForwarding struct{ dev string }
	addAddress    struct {
		dev     string
		address netip.Prefix
	}
	deleteAddress struct {
		dev     string
		address netip.Prefix
	}
	addPort      struct{ dev, port string }
	addConnected struct {
		dev     string
		address netip.Prefix
	}
	setARP        struct{ dev string }
	setARPReplies struct{ dev string }
	setFree       struct{ dev string }
	setTree       struct{ dev string }
	setVLANs      struct{ dev string }
	renewPort     addPort
	addDelivered  struct {
		dev     string
		address netip.Addr
	}
	addNowhere    struct{ network netip.Prefix }
	deleteNowhere addNowhere
	putNeighbour  struct {
		dev string
		ip  netip.Addr
		mac MAC
	}
	deleteNeighbour struct {
		dev string
		ip  netip.Addr
	}
	putForward struct {
		dev string
		mac MAC
		to  netip.Addr
	}
	deleteForward putForward
	putRoute      struct {
		dev   string
		key   RouteKey
		route Route
	}
	deleteRoute putRoute
	putTable    struct {
		table   Table
		hosts   []netip.Addr // that its set has from the beginning, sorted
		replace bool         // there is one
	}
	deleteTable struct{ family, name string }
	addHost     struct {
		table string
		at    netip.Addr
	}
	deleteHost addHost
	addRule    struct{ rule string }
	deleteRule addRule
)

// deviceOf is the device that an operation is done to; "" of one that is done to
// none, or makes it.
func deviceOf(op Op) string {
	switch o := op.(type) {
	case setMAC:
		return o.dev
	case setMTU:
		return o.dev
	case setUp:
		return o.dev
	case setForwarding:
		return o.dev
	case addAddress:
		return o.dev
	case deleteAddress:
		return o.dev
	case addPort:
		return o.dev
	case addConnected:
		return o.dev
	}
	return peerDevice(op)
}

// entryKey tells entries of peers apart.
type entryKey struct {
	neighbour netip.Addr
	forward   MAC
	route     RouteKey
	host      netip.Addr
}

// entryOf returns which entry an operation is about; ok says that it is about
// one.
func entryOf(op Op) (key entryKey, ok bool) {
	switch o := op.(type) {
	case putNeighbour:
		return entryKey{neighbour: o.ip}, true
	case deleteNeighbour:
		return entryKey{neighbour: o.ip}, true
	case putForward:
		return entryKey{forward: o.mac}, true
	case deleteForward:
		return entryKey{forward: o.mac}, true
	case putRoute:
		return entryKey{route: o.key}, true
	case deleteRoute:
		return entryKey{route: o.key}, true
	case addHost:
		return entryKey{host: o.at}, true
	case deleteHost:
		return entryKey{host: o.at}, true
	}
	return key, false
}

// without returns ops but for what others have done: what is about an entry
// that they put, and what they deleted, which may not be the entry that is
// there. With a device that is made anew, what was done is gone.
func without(ops, others []Op) []Op {
	if len(others) == 0 || slices.ContainsFunc(ops, func(op Op) bool { _, anew := op.(addVxlan); return anew }) {
		return ops
	}
	put, done := map[entryKey]bool{}, map[Op]bool{}
	for _, op := range others {
		if key, ok := entryOf(op); ok {
			put[key], done[op] = put[key] || !deletes(op), true
		}
	}
	return slices.DeleteFunc(ops, func(op Op) bool {
		key, ok := entryOf(op)
		return ok && (put[key] || done[op])
	})
}

func (o addBridge) String() string {
	return fmt.Sprintf("ip link add %s address %s type bridge", o.dev, o.mac)
}

func (o addVxlan) String() string {
	learning := "nolearning"
	if o.tunnel.Learning {
		learning = "learning"
	}
	return fmt.Sprintf("ip link add %s address %s type vxlan id %d local %s dstport %d %s", o.dev, o.mac, o.tunnel.VNI, o.tunnel.Local, o.tunnel.Port, learning)
}

func (o deleteLink) String() string { return "ip link del " + o.dev }
func (o setMAC) String() string     { return fmt.Sprintf("ip link set %s address %s", o.dev, o.mac) }
func (o setMTU) String() string     { return fmt.Sprintf("ip link set %s mtu %d", o.dev, o.mtu) }
func (o setUp) String() string      { return fmt.Sprintf("ip link set %s up", o.dev) }

func (o setForwarding) String() string {
	return fmt.Sprintf("sysctl -w net.ipv4.conf.%s.forwarding=1", o.dev)
}

func (o addAddress) String() string {
	return fmt.Sprintf("ip addr add %s dev %s", o.address, o.dev)
}

func (o deleteAddress) String() string {
	return fmt.Sprintf("ip addr del %s dev %s", o.address, o.dev)
}

func (o addPort) String() string { return fmt.Sprintf("ip link set %s master %s", o.port, o.dev) }

func (o addConnected) String() string {
	return fmt.Sprintf("ip route add %s dev %s proto kernel scope link src %s", o.address.Masked(), o.dev, o.address.Addr())
}

func (o setARP) String() string { return fmt.Sprintf("ip link set %s arp on", o.dev) }
func (o setARPReplies) String() string {
	return fmt.Sprintf("sysctl -w net.ipv4.conf.%s.arp_ignore=0", o.dev)
}
func (o setFree) String() string { return fmt.Sprintf("ip link set %s nomaster", o.dev) }

func (o setTree) String() string {
	return fmt.Sprintf("ip link set %s type bridge stp_state 0", o.dev)
}

func (o setVLANs) String() string {
	return fmt.Sprintf("ip link set %s type bridge vlan_filtering 0", o.dev)
}

func (o renewPort) String() string { return setFree{o.port}.String() + "\n" + addPort(o).String() }

func (o addDelivered) String() string {
	if o.address.Is4() {
		return fmt.Sprintf("ip route add local %s dev %s table local proto kernel scope host src %[1]s", o.address, o.dev)
	}
	return fmt.Sprintf("ip -6 route add local %s dev %s table local proto kernel metric 0", o.address, o.dev)
}

func (o addNowhere) String() string {
	return fmt.Sprintf("ip route replace unreachable %s proto %d metric %d", o.network, Protocol, nowhereMetric)
}

func (o deleteNowhere) String() string {
	return fmt.Sprintf("ip route del unreachable %s proto %d metric %d", o.network, Protocol, nowhereMetric)
}

func (o putNeighbour) String() string {
	return fmt.Sprintf("ip neigh replace %s lladdr %s dev %s nud permanent", o.ip, o.mac, o.dev)
}

func (o deleteNeighbour) String() string { return fmt.Sprintf("ip neigh del %s dev %s", o.ip, o.dev) }

func (o putForward) String() string {
	return fmt.Sprintf("bridge fdb replace %s dev %s dst %s self permanent", o.mac, o.dev, o.to)
}

func (o deleteForward) String() string {
	return fmt.Sprintf("bridge fdb del %s dev %s dst %s self", o.mac, o.dev, o.to)
}

func (o putRoute) String() string {
	mtu := ""
	if o.route.MTU != 0 {
		mtu = fmt.Sprintf(" mtu lock %d", o.route.MTU)
	}
	return fmt.Sprintf("ip route replace %s via %s dev %s onlink proto %d metric %d%s", o.key.Subnet, o.route.Via, o.dev, Protocol, o.key.Metric, mtu)
}

func (o deleteRoute) String() string {
	return fmt.Sprintf("ip route del %s via %s dev %s proto %d metric %d", o.key.Subnet, o.route.Via, o.dev, Protocol, o.key.Metric)
}

func (o addRule) String() string    { return "iptables " + strings.Join(adding(o.rule), " ") }
func (o deleteRule) String() string { return "iptables " + strings.Join(deleting(o.rule), " ") }
