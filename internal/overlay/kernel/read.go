package kernel

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"slices"

	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"

	"rundock/internal/overlay"
)

// Read returns what the kernel holds of n on a host with this subnet, or with
// none yet (the zero Prefix). A device with the name of one of n's, but of
// another kind, is an error: it is not ours. With a *FilterError all else of
// the State is right.
func (k *Kernel) Read(n overlay.Network, subnet netip.Prefix) (overlay.State, error) {
	var l listing
	s, err := k.list(n, subnet, &l)
	l.fill(&s, overlay.State{})
	return s, err
}

// list is Read with the peers apart.
func (k *Kernel) list(n overlay.Network, subnet netip.Prefix, l *listing) (overlay.State, error) {
	var s overlay.State
	var err error
	for range readTries {
		if s, err = k.read(n, subnet, l); !errors.Is(err, netlink.ErrDumpInterrupted) {
			break
		}
	}
	if err == nil {
		return s, nil
	}
	err = fmt.Errorf("read network %s from the kernel: %w", n.Name, err)
	if isFilterError(err) {
		return s, err
	}
	k.renew()
	l.clear()
	return overlay.State{}, err
}

// readTries is how often a list is asked for that others change meanwhile.
const readTries = 10

func (k *Kernel) read(n overlay.Network, subnet netip.Prefix, l *listing) (s overlay.State, err error) {
	filter := readFilter(n)
	others := &rivals{kernel: k, network: n}
	s, err = k.devices(n, subnet, l, others.add)
	if err == nil && s.Vxlan.Exists {
		s.Faults, err = others.faults(s.Vxlan.Tunnel.Local, l, s.Bridge)
	}
	if err == nil {
		s.Table, err = k.nft.Table("ip", n.Table())
	}
	if err == nil {
		s.Guard, err = k.nft.Table("inet", n.Table())
	}
	if err == nil && s.Guard.Chains != nil {
		if err = k.sets.hosts(n.Table(), func(at netip.Addr) { l.hosts.add(at, struct{}{}) }); err != nil {
			err = fmt.Errorf("list the hosts in table inet %s: %w", n.Table(), err)
		}
	}
	var unread error
	s.Filter, unread = filter() // it is to be waited for in any case
	if rule := s.Filter.Drops; err == nil && rule != "" && s.Vxlan.Exists {
		s.Faults = append(s.Faults, overlay.DropFault(n, rule))
	}
	if err == nil && unread != nil {
		err = &FilterError{unread}
	}
	return s, err
}

// ReadDevices returns what Read does of devices, and no more: no Table, Guard, Hosts
// or Filter. It is for programs that only look, and links little.
func ReadDevices(n overlay.Network, subnet netip.Prefix) (overlay.State, error) {
	rt, err := netlink.NewHandle(unix.NETLINK_ROUTE)
	if err != nil {
		return overlay.State{}, fmt.Errorf("open netlink: %w", err)
	}
	defer rt.Close()
	b, err := newBatch(unix.NETLINK_ROUTE)
	if err != nil {
		return overlay.State{}, fmt.Errorf("open netlink: %w", err)
	}
	defer b.close()
	var l listing
	s, err := (&Kernel{rt: rt, batch: b}).devices(n, subnet, &l, func([]byte, *attributes) {})
	if err != nil {
		return overlay.State{}, fmt.Errorf("read network %s from the kernel: %w", n.Name, err)
	}
	l.fill(&s, overlay.State{})
	return s, nil
}

// devices gives the routes of the main table that lead to other devices than
// the VXLAN device, if that is there.
func (k *Kernel) devices(n overlay.Network, subnet netip.Prefix, l *listing, elsewhere func(fixed []byte, a *attributes)) (s overlay.State, err error) {
	l.clear()
	var bridge, device netip.Prefix
	if subnet.IsValid() {
		bridge = netip.PrefixFrom(overlay.Gateway(subnet), n.SubnetLength)
		device = netip.PrefixFrom(subnet.Addr(), 32)
	}
	br, s0, err := k.link(n.Bridge(), "bridge", n.CIDR, bridge)
	if err != nil {
		return s, err
	}
	vx, s1, err := k.link(n.Vxlan(), "vxlan", n.CIDR, device)
	if err != nil {
		return s, err
	}
	s.Bridge, s.Vxlan = s0, s1
	nowhere, err := k.batch.unreachable(n.CIDR)
	if err != nil {
		return s, fmt.Errorf("routes to nowhere: %w", err)
	}
	if nowhere {
		s.Unreachable = n.CIDR
	}
	if br != nil {
		if s.Bridge.Connected, err = k.batch.connected(bridge.Masked(), br.Attrs().Index); err != nil {
			return s, fmt.Errorf("routes of device %s: %w", s.Bridge.Name, err)
		}
		if err = k.bridge(br.Attrs().Index, &s.Bridge); err != nil {
			return s, err
		}
	}
	if vx != nil {
		t := vx.(*netlink.Vxlan)
		local, _ := netip.AddrFromSlice(t.SrcAddr)
		s.Vxlan.Tunnel = overlay.Tunnel{VNI: uint32(t.VxlanId), Local: local.Unmap(), Port: uint16(t.Port), Learning: t.Learning}
		if s.Vxlan.UnderlayRouteGone, err = k.lostUnderlayRoute(local.Unmap()); err != nil {
			return s, fmt.Errorf("route to the underlay address %s: %w", local, err)
		}
		if err := k.peers(vx, l, elsewhere); err != nil {
			return s, err
		}
	}
	return s, nil
}

// link reads a device; the netlink.Link is nil if there is none.
func (k *Kernel) link(name, kind string, network, address netip.Prefix) (netlink.Link, overlay.Link, error) {
	l := overlay.Link{Name: name}
	found, err := k.rt.LinkByName(name)
	if _, none := err.(netlink.LinkNotFoundError); none {
		return nil, l, nil
	}
	if err != nil {
		return nil, l, fmt.Errorf("device %s: %w", name, err)
	}
	if found.Type() != kind {
		return nil, l, fmt.Errorf("device %s is there already, and is no %s but %s: another program made it", name, kind, found.Type())
	}
	a := found.Attrs()
	l.Exists, l.MTU, l.Up = true, a.MTU, a.Flags&net.FlagUp != 0
	l.NoARP, l.Enslaved = a.RawFlags&unix.IFF_NOARP != 0, a.MasterIndex != 0
	copy(l.MAC[:], a.HardwareAddr)
	if l.Forwarding, err = forwards(name); err != nil {
		return nil, l, err
	}
	addresses, err := k.rt.AddrList(found, unix.AF_INET)
	if err != nil {
		return nil, l, fmt.Errorf("addresses of device %s: %w", name, err)
	}
	for _, a := range addresses {
		p := prefix(a.IPNet)
		switch {
		case !network.Contains(p.Addr()):
		case p == address, !l.Address.IsValid() && !slices.ContainsFunc(addresses, func(a netlink.Addr) bool { return prefix(a.IPNet) == address }):
			l.Address = p
		default:
			l.OtherAddresses = append(l.OtherAddresses, p)
		}
	}
	if l.Up && l.Address.IsValid() {
		heard, err := k.batch.isLocal(l.Address.Addr())
		if err != nil {
			return nil, l, fmt.Errorf("route to address %s of device %s: %w", l.Address.Addr(), name, err)
		}
		l.LocalRouteGone = !heard
	}
	return found, l, nil
}

func (k *Kernel) peers(vx netlink.Link, l *listing, elsewhere func(fixed []byte, a *attributes)) error {
	name, index := vx.Attrs().Name, vx.Attrs().Index
	if err := k.batch.neighbours(unix.AF_INET, index, func(mac overlay.MAC, ip netip.Addr) { l.neighbours.add(ip, mac) }); err != nil {
		return fmt.Errorf("neighbours of device %s: %w", name, err)
	}
	if err := k.batch.neighbours(unix.AF_BRIDGE, index, l.forwards.add); err != nil {
		return fmt.Errorf("forwarding entries of device %s: %w", name, err)
	}
	if err := k.batch.routes(index, l.routes.add, elsewhere); err != nil {
		return fmt.Errorf("routes of device %s: %w", name, err)
	}
	return nil
}
