package overlay

import (
	"encoding/hex"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"
	"strings"
	"time"

	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"
)

// Obstacle returns an error that names what of this host stands in the way of
// network n: an underlay address that other hosts have as well, an address or a
// route that its cidr overlaps, a device that has
// its VNI, or a program that has its port. A wider network that is routed to
// a gateway is none: a part of it may well become ours. What it changes, to see
// whether the VNI is free, is as before when it returns.
func Obstacle(n Network, u Underlay) error {
	if err := u.shared(); err != nil {
		return err
	}
	rt, err := netlink.NewHandle(unix.NETLINK_ROUTE)
	if err != nil {
		return fmt.Errorf("open netlink: %w", err)
	}
	defer rt.Close()
	links, err := rt.LinkList()
	if err != nil {
		return fmt.Errorf("list the devices: %w", err)
	}
	names := map[int]string{}
	var ours []int // devices of n, as of an earlier call
	shared, joined := false, false
	for _, l := range links {
		a := l.Attrs()
		names[a.Index] = a.Name
		if a.Name == n.Bridge() || a.Name == n.Vxlan() {
			ours = append(ours, a.Index)
			joined = joined || a.Name == n.Vxlan()
		}
		if vx, ok := l.(*netlink.Vxlan); ok && vx.Port == int(n.UDPPort()) {
			shared = true // the kernel's own socket has the port
			if a.Name != n.Vxlan() && (vx.FlowBased || vx.GBP) {
				// It has one socket for all devices that want the same of it.
				return fmt.Errorf("udp port %d is that of VXLAN device %s, which does not share it", vx.Port, a.Name)
			}
			if vx.VxlanId == int(n.VNI) && a.Name != n.Vxlan() {
				return fmt.Errorf("vni %d is that of device %s already", n.VNI, a.Name)
			}
		}
	}
	if err := overlap(rt, n, names, ours); err != nil {
		return err
	}
	if !shared {
		if err := portFree(u.Address, n.UDPPort()); err != nil {
			return err
		}
	}
	if !joined {
		return vniFree(n, u)
	}
	return nil
}

// vniFree returns an error if a VXLAN device that was made here is in another
// network namespace, where nobody sees it, and has the VNI: a device that is there
// for a moment tells.
func vniFree(n Network, u Underlay) error {
	b, err := newBatch(unix.NETLINK_ROUTE)
	if err != nil {
		return fmt.Errorf("open netlink: %w", err)
	}
	defer b.close()
	name := fmt.Sprintf("vxtry%d", os.Getpid())
	err = b.addVxlan(name, n, u.Address)
	for tries := 0; errors.Is(err, unix.EEXIST) && tries < 10; tries++ {
		time.Sleep(20 * time.Millisecond) // another may be trying the same at this moment
		err = b.addVxlan(name, n, u.Address)
	}
	switch {
	case err == nil:
		return b.deleteLink(name)
	case errors.Is(err, unix.EEXIST):
		return fmt.Errorf("vni %d is that of a VXLAN device in another network namespace, as of a network of Docker swarm (docker network ls -f driver=overlay): choose another vni, or another port", n.VNI)
	}
	return nil // whether a device can be made at all Able tells
}

func overlap(rt *netlink.Handle, n Network, names map[int]string, ours []int) error {
	mine := map[int]bool{}
	for _, i := range ours {
		mine[i] = true
	}
	addresses, err := rt.AddrList(nil, unix.AF_INET)
	if err != nil {
		return fmt.Errorf("list the addresses: %w", err)
	}
	for _, a := range addresses {
		if p := prefix(a.IPNet); !mine[a.LinkIndex] && p.Overlaps(n.CIDR) {
			return fmt.Errorf("cidr %s overlaps %s, an address of interface %s", n.CIDR, p, deviceName(names[a.LinkIndex]))
		}
	}
	routes, err := rt.RouteListFiltered(unix.AF_INET, &netlink.Route{Table: unix.RT_TABLE_MAIN}, netlink.RT_FILTER_TABLE)
	if err != nil {
		return fmt.Errorf("list the routes: %w", err)
	}
	for _, r := range routes {
		if r.Dst == nil || mine[r.LinkIndex] {
			continue
		}
		p := prefix(r.Dst)
		if p == n.CIDR && r.Protocol == Protocol && r.Type == unix.RTN_UNREACHABLE {
			continue // ours, as the devices are
		}
		far := r.Gw != nil || len(r.MultiPath) > 0
		if p.Bits() == 0 || !p.Overlaps(n.CIDR) || far && p.Bits() < n.CIDR.Bits() {
			continue
		}
		to := ""
		if name := names[r.LinkIndex]; name != "" {
			to = " to interface " + deviceName(name)
		}
		return fmt.Errorf("cidr %s overlaps the route %s%s", n.CIDR, p, to)
	}
	return nil
}

// deviceName adds to the name of an interface which Docker network it is the bridge
// of, if its name tells: Docker makes it of the network's id.
func deviceName(name string) string {
	id, made := strings.CutPrefix(name, "br-")
	if _, err := hex.DecodeString(id); made && err == nil && len(id) == 12 {
		return fmt.Sprintf("%s, the bridge of a Docker network (docker network inspect %s)", name, id)
	}
	return name
}

// portFree returns an error if a program listens on a UDP port.
func portFree(a netip.Addr, port uint16) error {
	family, sa := unix.AF_INET, unix.Sockaddr(&unix.SockaddrInet4{Port: int(port)})
	if !a.Is4() {
		family, sa = unix.AF_INET6, &unix.SockaddrInet6{Port: int(port)}
	}
	fd, err := unix.Socket(family, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return fmt.Errorf("udp port %d: %w", port, err)
	}
	defer unix.Close(fd)
	err = unix.Bind(fd, sa)
	for tries := 0; errors.Is(err, unix.EADDRINUSE) && tries < 10; tries++ {
		// Another network's agent may be trying the same at this moment.
		time.Sleep(20 * time.Millisecond)
		err = unix.Bind(fd, sa)
	}
	if errors.Is(err, unix.EADDRINUSE) {
		return fmt.Errorf("udp port %d is another program's already; `ss -lunp sport = :%[1]d` names it", port)
	} else if err != nil {
		return fmt.Errorf("udp port %d: %w", port, err)
	}
	return nil
}

// Able returns an error that names what the running kernel cannot do of what
// n needs. It makes all of it in a network namespace that nobody else sees
// and that is gone when it returns.
func Able(n Network, u Underlay) error {
	want, err := Want(n, Host{Machine: "trial", Subnet: n.Subnet(0), Underlay: u.Address, Interface: u.Interface, MTU: u.MTU}, nil)
	if err != nil {
		return err
	}
	want.Filter.Rules = nil // dockerd's chains are not there
	err = elsewhere(func() error {
		k, err := Open()
		if err != nil {
			return err
		}
		defer k.Close()
		return k.Apply(Plan(Nothing(n), want))
	})
	if err != nil {
		return fmt.Errorf("this kernel cannot hold the network: %w", err)
	}
	return nil
}

// EncryptionLacks lists what the running kernel lacks to encrypt what goes
// from host to host, in either of two ways. It tries as Able does.
func EncryptionLacks() []string {
	var lacks []string
	try := func(what string, f func() error) {
		if err := elsewhere(f); err != nil {
			lacks = append(lacks, fmt.Sprintf("%s (%v)", what, err))
		}
	}
	try("IPsec ESP with rfc4106(gcm(aes))", func() error {
		h, err := netlink.NewHandle(unix.NETLINK_XFRM)
		if err != nil {
			return err
		}
		defer h.Close()
		return h.XfrmStateAdd(&netlink.XfrmState{
			Src: net.IPv4(192, 0, 2, 1), Dst: net.IPv4(192, 0, 2, 2), Proto: netlink.XFRM_PROTO_ESP, Mode: netlink.XFRM_MODE_TRANSPORT, Spi: 0x100,
			Aead: &netlink.XfrmStateAlgo{Name: "rfc4106(gcm(aes))", Key: make([]byte, 20), ICVLen: 128},
		})
	})
	try("WireGuard", func() error {
		a := netlink.NewLinkAttrs()
		a.Name = "trial"
		h, err := netlink.NewHandle(unix.NETLINK_ROUTE)
		if err != nil {
			return err
		}
		defer h.Close()
		return h.LinkAdd(&netlink.Wireguard{LinkAttrs: a})
	})
	return lacks
}
