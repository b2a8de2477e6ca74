package lab

import (
	"crypto/sha256"
	"fmt"
	"net/netip"
	"strconv"
	"strings"
)

// MaxHosts is how many hosts the addresses of one lab suffice for.
const MaxHosts = 200

// Host is one host's place in the plan: what is known of it before it exists.
type Host struct {
	Name    string     // node-front-1, node-back-1, ...
	Front   bool       // has a public network as well
	Private netip.Addr // on eth1 of a front host, on eth0 of a back host
	Public  netip.Addr // on eth0 of a front host; zero on a back host
}

// network is one of a lab's two segments.
type network struct {
	name   string // prv or pub: how links and bridges on it end
	prefix netip.Prefix
}

// at returns the address with last byte n.
func (n network) at(last byte) netip.Addr {
	b := n.prefix.Addr().As4()
	b[3] = last
	return netip.AddrFrom4(b)
}

// The last bytes of addresses that are no host's.
const (
	atSwitch   = 1 // the lab's switch; serves the packages
	atOperator = 2 // the machine the lab runs on; Ansible starts there
	atFront    = 11
	atBack     = 21
)

// networks returns the private and the public segment of the lab called id.
// The third byte is a hash, so that labs side by side rarely meet.
func networks(id string) (private, public network) {
	x := sha256.Sum256([]byte("rundock lab " + id))[0]
	segment := func(name string, second byte) network {
		return network{name, netip.PrefixFrom(netip.AddrFrom4([4]byte{10, second, x, 0}), 24)}
	}
	return segment("prv", 77), segment("pub", 78)
}

// plan returns the first count hosts of the lab called id: node-front-1, then
// node-back-1, node-back-2 and so on. A host's entry does not depend on count.
func plan(id string, count int) []Host {
	private, public := networks(id)
	var hosts []Host
	for i := range count {
		if i == 0 {
			hosts = append(hosts, Host{Name: "node-front-1", Front: true, Private: private.at(atFront), Public: public.at(atFront)})
			continue
		}
		hosts = append(hosts, Host{Name: fmt.Sprintf("node-back-%d", i), Private: private.at(atBack + byte(i) - 1)})
	}
	return hosts
}

// place returns the index of the host called name in every plan, or false for
// a name no plan has.
func place(name string) (int, bool) {
	if name == "node-front-1" {
		return 0, true
	}
	digits, ok := strings.CutPrefix(name, "node-back-")
	k, err := strconv.Atoi(digits)
	if !ok || err != nil || k < 1 || k >= MaxHosts || strconv.Itoa(k) != digits {
		return 0, false
	}
	return k, true
}

// nic is one cable between a host and the switch.
type nic struct {
	device string // in the host: eth0, eth1
	port   string // in the switch
	bridge string // in the switch
	mac    string // the same after every boot, so that neighbours need not learn it again
	addr   netip.Prefix
}

// nics returns the host's cables on the given segments, in device order.
func (h Host) nics(private, public network) []nic {
	short := strings.ReplaceAll(strings.TrimPrefix(h.Name, "node-"), "-", "")
	cable := func(device string, n network, a netip.Addr) nic {
		b := a.As4()
		return nic{
			device: device,
			port:   short + "-" + n.name,
			bridge: "br-" + n.name,
			mac:    fmt.Sprintf("02:52:%02x:%02x:%02x:%02x", b[0], b[1], b[2], b[3]),
			addr:   netip.PrefixFrom(a, n.prefix.Bits()),
		}
	}
	if h.Front {
		return []nic{cable("eth0", public, h.Public), cable("eth1", private, h.Private)}
	}
	return []nic{cable("eth0", private, h.Private)}
}
