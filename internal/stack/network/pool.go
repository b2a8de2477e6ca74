package network

import (
	"errors"
	"fmt"
	"net/netip"
)

// Pool is where networks get their subnets and VNIs from.
type Pool struct {
	CIDR         netip.Prefix // IPv4
	Length       int          // prefix length of a network
	SubnetLength int          // prefix length of a host's part of a network
	FirstVNI     uint32
	LastVNI      uint32
}

// DefaultPool has room for 512 networks, each of 64 hosts with 61 containers. It
// overlaps neither Docker's own address pools nor the networks of docs/overlay.md.
var DefaultPool = Pool{CIDR: netip.MustParsePrefix("10.192.0.0/11"), Length: 20, SubnetLength: 26, FirstVNI: 100001, LastVNI: 165536}

// ParsePool is DefaultPool with another CIDR, which has networks and parts of hosts of
// the same size.
func ParsePool(cidr string) (Pool, error) {
	p := DefaultPool
	var err error
	if p.CIDR, err = netip.ParsePrefix(cidr); err != nil {
		return p, fmt.Errorf("pool of stacks' networks: %q is no network, as 10.192.0.0/11 is one", cidr)
	}
	return p, p.Check()
}

// Check returns an error that names what is wrong.
func (p Pool) Check() error {
	var wrong error
	switch {
	case !p.CIDR.IsValid() || !p.CIDR.Addr().Is4():
		wrong = errors.New("it is no IPv4 network")
	case p.CIDR != p.CIDR.Masked():
		wrong = fmt.Errorf("it has host bits set; the network is %s", p.CIDR.Masked())
	case p.Length < p.CIDR.Bits():
		wrong = fmt.Errorf("it has no room for a network, which is a /%d", p.Length)
	case p.SubnetLength <= p.Length || p.SubnetLength > 30:
		wrong = fmt.Errorf("parts of hosts are /%d: want more than the %d of a network, and at most 30", p.SubnetLength, p.Length)
	case p.FirstVNI < 1 || p.LastVNI < p.FirstVNI || p.LastVNI > 1<<24-1:
		wrong = fmt.Errorf("VNIs %d to %d: want some of 1 to %d", p.FirstVNI, p.LastVNI, 1<<24-1)
	}
	if wrong != nil {
		return fmt.Errorf("pool of stacks' networks, %s: %w", p.CIDR, wrong)
	}
	return nil
}

// subnets is how many networks fit.
func (p Pool) subnets() uint32 { return 1 << (p.Length - p.CIDR.Bits()) }

// subnet is the network with number i, from 0.
func (p Pool) subnet(i uint32) netip.Prefix {
	return netip.PrefixFrom(address(number(p.CIDR.Addr())+i<<(32-p.Length)), p.Length)
}

// free is the first subnet of the pool that overlaps none of those taken.
func (p Pool) free(taken []netip.Prefix) (netip.Prefix, bool) {
	for i := uint32(0); i < p.subnets(); i++ {
		s := p.subnet(i)
		if _, overlaps := overlapping(s, taken); !overlaps {
			return s, true
		}
	}
	return netip.Prefix{}, false
}

// freeVNI is the first VNI of the pool that is not taken.
func (p Pool) freeVNI(taken map[uint32]bool) (uint32, bool) {
	for vni := p.FirstVNI; vni <= p.LastVNI; vni++ {
		if !taken[vni] {
			return vni, true
		}
	}
	return 0, false
}

// partLength is the prefix length of a host's part of a subnet that a file names: as many
// parts as networks of the pool have, but in a small one no more than a part has addresses.
func (p Pool) partLength(subnet netip.Prefix) int {
	return subnet.Bits() + max(1, min(p.SubnetLength-p.Length, (32-subnet.Bits())/2))
}

func overlapping(s netip.Prefix, taken []netip.Prefix) (netip.Prefix, bool) {
	for _, t := range taken {
		if t.Overlaps(s) {
			return t, true
		}
	}
	return netip.Prefix{}, false
}

func number(a netip.Addr) (n uint32) {
	for _, b := range a.As4() {
		n = n<<8 | uint32(b)
	}
	return n
}

func address(n uint32) netip.Addr {
	return netip.AddrFrom4([4]byte{byte(n >> 24), byte(n >> 16), byte(n >> 8), byte(n)})
}
