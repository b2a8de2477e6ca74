// Package overlay joins the containers of all hosts in one routed network
// over VXLAN. It decides what the kernel of a host should hold (Want, and as
// peers come and go Wanted), and which operations turn what it holds into that
// (Plan). All of it is pure: overlay/kernel reads and acts, overlay/pathmtu
// finds how large packets to each host may be, overlay/roster follows who is in
// a network.
//
// A network has on each host a bridge, ovl<VNI>, to which Docker attaches
// containers, and a VXLAN device, vx<VNI>, which learns nothing: for each
// other host there is one permanent neighbour, one forwarding entry and one
// route. Tables of nftables of its own keep networks apart and source
// addresses as they are, and let nobody but the network's hosts speak VXLAN to
// this one.
//
// What is ours is known by those names, and on the devices by their routes'
// protocol (Protocol): everything else is left alone. The package knows neither
// Docker nor the store.
//
// Source: routed VXLAN as flannel's vxlan backend lays it out; the routes'
// metrics, which keep the kernel from comparing each new route with all
// others, are ours.
package overlay

import (
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strconv"
	"strings"
)

// Network is what all hosts of a network have to agree on.
type Network struct {
	Name         string       `json:"name"`
	CIDR         netip.Prefix `json:"cidr"`               // IPv4, of the whole network
	SubnetLength int          `json:"subnet_length"`      // of one host's part, longer than CIDR's, at most 30
	VNI          uint32       `json:"vni"`                // 1 to 16777215
	MTU          int          `json:"mtu,omitempty"`      // inside the network; 0: the underlay's less Overhead
	Port         uint16       `json:"port,omitempty"`     // UDP; 0: DefaultPort
	Internal     bool         `json:"internal,omitempty"` // containers reach each other and their host's DNS, and nothing beyond the network
}

// DefaultPort is the port that IANA assigned to VXLAN.
const DefaultPort = 4789

// Smallest and largest MTU: RFC 791's for every IPv4 link, rounded up to what
// hosts in the field still accept, and that of an IP packet.
const (
	MinMTU = 576
	MaxMTU = 65535
)

// reservedNames are names that Docker lets nobody give to a network.
var reservedNames = []string{"bridge", "default", "host", "none"}

// IsReserved reports whether Docker keeps a name for a network of its own.
func IsReserved(name string) bool { return slices.Contains(reservedNames, name) }

// Check returns an error that names the first bad field.
func (n Network) Check() error {
	if !IsName(n.Name) {
		return fmt.Errorf("name %q: want 1 to 32 of a-z, 0-9, hyphen and underscore, beginning with a letter", n.Name)
	}
	if IsReserved(n.Name) {
		return fmt.Errorf("name %s: Docker keeps that name for a network of its own", n.Name)
	}
	if !n.CIDR.IsValid() {
		return errors.New("cidr is missing")
	}
	if !n.CIDR.Addr().Is4() {
		return fmt.Errorf("cidr %s: want an IPv4 network", n.CIDR)
	}
	if n.CIDR != n.CIDR.Masked() {
		return fmt.Errorf("cidr %s has host bits set; the network is %s", n.CIDR, n.CIDR.Masked())
	}
	if a := n.CIDR.Addr(); a.IsLoopback() || a.IsMulticast() || a.IsLinkLocalUnicast() || a.IsUnspecified() {
		return fmt.Errorf("cidr %s is not for hosts", n.CIDR)
	}
	if n.SubnetLength <= n.CIDR.Bits() || n.SubnetLength > 30 {
		return fmt.Errorf("subnet_length %d: want more than the %d of cidr %s, and at most 30", n.SubnetLength, n.CIDR.Bits(), n.CIDR)
	}
	if n.VNI < 1 || n.VNI > 1<<24-1 {
		return fmt.Errorf("vni %d: want 1 to %d", n.VNI, 1<<24-1)
	}
	if n.MTU != 0 && (n.MTU < MinMTU || n.MTU > MaxMTU) {
		return fmt.Errorf("mtu %d: want %d to %d, or auto (none in the file) for the underlay's less %d or %d", n.MTU, MinMTU, MaxMTU, Overhead4, Overhead6)
	}
	return nil
}

// IsName reports whether s can be the name of a network.
func IsName(s string) bool {
	if len(s) == 0 || len(s) > 32 || s[0] < 'a' || s[0] > 'z' {
		return false
	}
	for _, r := range s {
		if (r < 'a' || r > 'z') && (r < '0' || r > '9') && r != '-' && r != '_' {
			return false
		}
	}
	return true
}

// CheckConflicts returns an error that names the network of a host that has n's VNI,
// or a part of its CIDR. One of n's name is n itself.
func (n Network) CheckConflicts(others []Network) error {
	if err := n.CheckVNI(others); err != nil {
		return err
	}
	for _, o := range others {
		if o.Name != n.Name && o.CIDR.Overlaps(n.CIDR) {
			return fmt.Errorf("cidr %s overlaps %s of network %s", n.CIDR, o.CIDR, o.Name)
		}
	}
	return nil
}

// CheckVNI is CheckConflicts for the VNI alone.
func (n Network) CheckVNI(others []Network) error {
	for _, o := range others {
		if o.Name != n.Name && o.VNI == n.VNI {
			return fmt.Errorf("vni %d is that of network %s", n.VNI, o.Name)
		}
	}
	return nil
}

// Subnets is how many hosts fit.
func (n Network) Subnets() int { return 1 << (n.SubnetLength - n.CIDR.Bits()) }

// Subnet returns part i of the network, from 0.
//
//	10.42.0.0/16 in parts of 24: Subnet(2) == 10.42.2.0/24
func (n Network) Subnet(i int) netip.Prefix {
	base := n.CIDR.Addr().As4()
	v := uint32(base[0])<<24 | uint32(base[1])<<16 | uint32(base[2])<<8 | uint32(base[3])
	v += uint32(i) << (32 - n.SubnetLength)
	return netip.PrefixFrom(netip.AddrFrom4([4]byte{byte(v >> 24), byte(v >> 16), byte(v >> 8), byte(v)}), n.SubnetLength)
}

// Index is Subnet's inverse; an error says why subnet is no part of n.
func (n Network) Index(subnet netip.Prefix) (int, error) {
	if !subnet.IsValid() || subnet.Bits() != n.SubnetLength || subnet != subnet.Masked() || !n.CIDR.Contains(subnet.Addr()) {
		return 0, fmt.Errorf("subnet %s is no /%d of %s", subnet, n.SubnetLength, n.CIDR)
	}
	a, b := subnet.Addr().As4(), n.CIDR.Addr().As4()
	var d uint32
	for i := range a {
		d = d<<8 | uint32(a[i]^b[i])
	}
	return int(d >> (32 - n.SubnetLength)), nil
}

// Bridge and Vxlan are the names of the network's devices on every host.
func (n Network) Bridge() string { return fmt.Sprintf("ovl%d", n.VNI) }

// Vxlan: see Bridge.
func (n Network) Vxlan() string { return fmt.Sprintf("vx%d", n.VNI) }

// Table is the name of both the network's tables in nftables, of the families
// ip and inet.
func (n Network) Table() string { return fmt.Sprintf("%s%d", tablePrefix, n.VNI) }

const tablePrefix = "rundock_ovl"

// IsTable reports whether a table of nftables is that of some network.
func IsTable(name string) bool { return strings.HasPrefix(name, tablePrefix) }

// MTUText is MTU for people.
func (n Network) MTUText() string {
	if n.MTU == 0 {
		return "auto"
	}
	return strconv.Itoa(n.MTU)
}

// UDPPort is Port, or what it stands for.
func (n Network) UDPPort() uint16 {
	if n.Port == 0 {
		return DefaultPort
	}
	return n.Port
}

// What VXLAN adds to a packet: an Ethernet header inside, then VXLAN, UDP and
// the underlay's IP header.
const (
	Overhead4 = 14 + 8 + 8 + 20
	Overhead6 = 14 + 8 + 8 + 40
)

// Overhead is how much smaller than the underlay's the network's MTU is.
func Overhead(underlay netip.Addr) int {
	if underlay.Is4() {
		return Overhead4
	}
	return Overhead6
}
