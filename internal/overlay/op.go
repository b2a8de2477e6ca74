package overlay

import (
	"fmt"
	"net/netip"
	"strings"
)

// Op is one change to the kernel. It prints as the command that does the
// same by hand; a table prints as several.
type Op interface{ String() string }

type (
	AddBridge struct {
		Dev string
		MAC MAC
	}
	AddVxlan struct {
		Dev    string
		MAC    MAC
		Tunnel Tunnel
	}
	DeleteLink struct{ Dev string }
	SetMAC     struct {
		Dev string
		MAC MAC
	}
	SetMTU struct {
		Dev string
		MTU int
	}
	SetUp         struct{ Dev string }
	SetForwarding struct{ Dev string }
	AddAddress    struct {
		Dev     string
		Address netip.Prefix
	}
	DeleteAddress struct {
		Dev     string
		Address netip.Prefix
	}
	AddPort      struct{ Dev, Port string }
	AddConnected struct {
		Dev     string
		Address netip.Prefix
	}
	SetARP        struct{ Dev string }
	SetARPReplies struct{ Dev string }
	SetNoMaster   struct{ Dev string }
	DisableSTP    struct{ Dev string }
	DisableVLANs  struct{ Dev string }
	ReattachPort  AddPort
	AddLocalRoute struct {
		Dev     string
		Address netip.Addr
	}
	AddUnreachable    struct{ Network netip.Prefix }
	DeleteUnreachable AddUnreachable
	PutNeighbour      struct {
		Dev string
		IP  netip.Addr
		MAC MAC
	}
	DeleteNeighbour struct {
		Dev string
		IP  netip.Addr
	}
	PutForward struct {
		Dev string
		MAC MAC
		To  netip.Addr
	}
	DeleteForward PutForward
	PutRoute      struct {
		Dev   string
		Key   RouteKey
		Route Route
	}
	DeleteRoute PutRoute
	PutTable    struct {
		Table   Table
		Hosts   []netip.Addr // that its set has from the beginning, sorted
		Replace bool         // there is one
	}
	DeleteTable struct{ Family, Name string }
	AddHost     struct {
		Table string
		At    netip.Addr
	}
	DeleteHost AddHost
	AddRule    struct{ Rule string }
	DeleteRule AddRule
)

func (o AddBridge) String() string {
	return fmt.Sprintf("ip link add %s address %s type bridge", o.Dev, o.MAC)
}

func (o AddVxlan) String() string {
	learning := "nolearning"
	if o.Tunnel.Learning {
		learning = "learning"
	}
	return fmt.Sprintf("ip link add %s address %s type vxlan id %d local %s dstport %d %s", o.Dev, o.MAC, o.Tunnel.VNI, o.Tunnel.Local, o.Tunnel.Port, learning)
}

func (o DeleteLink) String() string { return "ip link del " + o.Dev }
func (o SetMAC) String() string     { return fmt.Sprintf("ip link set %s address %s", o.Dev, o.MAC) }
func (o SetMTU) String() string     { return fmt.Sprintf("ip link set %s mtu %d", o.Dev, o.MTU) }
func (o SetUp) String() string      { return fmt.Sprintf("ip link set %s up", o.Dev) }

func (o SetForwarding) String() string {
	return fmt.Sprintf("sysctl -w net.ipv4.conf.%s.forwarding=1", o.Dev)
}

func (o AddAddress) String() string {
	return fmt.Sprintf("ip addr add %s dev %s", o.Address, o.Dev)
}

func (o DeleteAddress) String() string {
	return fmt.Sprintf("ip addr del %s dev %s", o.Address, o.Dev)
}

func (o AddPort) String() string { return fmt.Sprintf("ip link set %s master %s", o.Port, o.Dev) }

func (o AddConnected) String() string {
	return fmt.Sprintf("ip route add %s dev %s proto kernel scope link src %s", o.Address.Masked(), o.Dev, o.Address.Addr())
}

func (o SetARP) String() string { return fmt.Sprintf("ip link set %s arp on", o.Dev) }
func (o SetARPReplies) String() string {
	return fmt.Sprintf("sysctl -w net.ipv4.conf.%s.arp_ignore=0", o.Dev)
}
func (o SetNoMaster) String() string { return fmt.Sprintf("ip link set %s nomaster", o.Dev) }

func (o DisableSTP) String() string {
	return fmt.Sprintf("ip link set %s type bridge stp_state 0", o.Dev)
}

func (o DisableVLANs) String() string {
	return fmt.Sprintf("ip link set %s type bridge vlan_filtering 0", o.Dev)
}

func (o ReattachPort) String() string {
	return SetNoMaster{o.Port}.String() + "\n" + AddPort(o).String()
}

func (o AddLocalRoute) String() string {
	if o.Address.Is4() {
		return fmt.Sprintf("ip route add local %s dev %s table local proto kernel scope host src %[1]s", o.Address, o.Dev)
	}
	return fmt.Sprintf("ip -6 route add local %s dev %s table local proto kernel metric 0", o.Address, o.Dev)
}

func (o AddUnreachable) String() string {
	return fmt.Sprintf("ip route replace unreachable %s proto %d metric %d", o.Network, Protocol, UnreachableMetric)
}

func (o DeleteUnreachable) String() string {
	return fmt.Sprintf("ip route del unreachable %s proto %d metric %d", o.Network, Protocol, UnreachableMetric)
}

func (o PutNeighbour) String() string {
	return fmt.Sprintf("ip neigh replace %s lladdr %s dev %s nud permanent", o.IP, o.MAC, o.Dev)
}

func (o DeleteNeighbour) String() string { return fmt.Sprintf("ip neigh del %s dev %s", o.IP, o.Dev) }

func (o PutForward) String() string {
	return fmt.Sprintf("bridge fdb replace %s dev %s dst %s self permanent", o.MAC, o.Dev, o.To)
}

func (o DeleteForward) String() string {
	return fmt.Sprintf("bridge fdb del %s dev %s dst %s self", o.MAC, o.Dev, o.To)
}

func (o PutRoute) String() string {
	mtu := ""
	if o.Route.MTU != 0 {
		mtu = fmt.Sprintf(" mtu lock %d", o.Route.MTU)
	}
	return fmt.Sprintf("ip route replace %s via %s dev %s onlink proto %d metric %d%s", o.Key.Subnet, o.Route.Via, o.Dev, Protocol, o.Key.Metric, mtu)
}

func (o DeleteRoute) String() string {
	return fmt.Sprintf("ip route del %s via %s dev %s proto %d metric %d", o.Key.Subnet, o.Route.Via, o.Dev, Protocol, o.Key.Metric)
}

func (o AddRule) String() string    { return "iptables " + strings.Join(AddArguments(o.Rule), " ") }
func (o DeleteRule) String() string { return "iptables " + strings.Join(DeleteArguments(o.Rule), " ") }
