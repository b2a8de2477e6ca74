package overlay

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"
	"slices"

	"github.com/google/nftables"
	mdnetlink "github.com/mdlayher/netlink"
	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"
)

// Kernel reads and changes the network namespace it was opened in. It is for
// one goroutine at a time.
type Kernel struct {
	rt    *netlink.Handle
	batch *batch
	nft   *nftables.Conn
	sets  *batch // of nftables
	next  int    // of the peers for which it is asked which route is taken
}

// nftSend is the most that a table of nftables takes with all hosts in it.
const nftSend = 16 << 20

// Open opens the namespace of the calling thread.
func Open() (*Kernel, error) {
	rt, err := netlink.NewHandle(unix.NETLINK_ROUTE)
	if err != nil {
		return nil, fmt.Errorf("open netlink: %w", err)
	}
	k := &Kernel{rt: rt}
	if err := k.open(); err != nil {
		k.Close()
		return nil, err
	}
	return k, nil
}

// open opens what renew takes anew.
func (k *Kernel) open() error {
	var route, nft, sets error
	k.batch, route = newBatch(unix.NETLINK_ROUTE)
	k.nft, nft = nftables.New(nftables.AsLasting(), nftables.WithSockOptions(func(c *mdnetlink.Conn) error { return c.SetWriteBuffer(nftSend) }))
	k.sets, sets = newBatch(unix.NETLINK_NETFILTER)
	if err := errors.Join(route, nft, sets); err != nil {
		return fmt.Errorf("open netlink and nftables: %w", err)
	}
	return nil
}

// Close closes the sockets; what was made stays.
func (k *Kernel) Close() {
	if k.rt != nil {
		k.rt.Close()
	}
	k.batch.close()
	k.sets.close()
	if k.nft != nil {
		k.nft.CloseLasting()
	}
}

// Read returns what the kernel holds of n on a host with this subnet, or with
// none yet (the zero Prefix). A device with the name of one of n's, but of
// another kind, is an error: it is not ours. With a *FilterError all else of
// the State is right.
func (k *Kernel) Read(n Network, subnet netip.Prefix) (State, error) {
	var l listing
	s, err := k.list(n, subnet, &l)
	l.put(&s, State{})
	return s, err
}

// list is Read with the peers apart.
func (k *Kernel) list(n Network, subnet netip.Prefix, l *listing) (State, error) {
	var s State
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
	if isFilter(err) {
		return s, err
	}
	k.renew()
	l.clear()
	return State{}, err
}

// readTries is how often a list is asked for that others change meanwhile.
const readTries = 10

// renew takes new sockets: after an exchange that failed, the rest of its
// answer may still come, and would be taken for that to the next question.
func (k *Kernel) renew() {
	fresh := &Kernel{rt: k.rt}
	if err := fresh.open(); err != nil {
		fresh.rt = nil
		fresh.Close()
		return
	}
	old := *k
	old.rt = nil
	*k = *fresh
	old.Close()
}

func (k *Kernel) read(n Network, subnet netip.Prefix, l *listing) (s State, err error) {
	filter := readFilter(n)
	others := &rivals{kernel: k, network: n}
	s, err = k.devices(n, subnet, l, others.note)
	if err == nil && s.Vxlan.Exists {
		s.Faults, err = others.faults(s.Vxlan.Tunnel.Local, l, s.Bridge)
	}
	if err == nil {
		s.Table, err = k.table("ip", n.Table())
	}
	if err == nil {
		s.Guard, err = k.table("inet", n.Table())
	}
	if err == nil && s.Guard.Chains != nil {
		if err = k.sets.hosts(n.Table(), func(at netip.Addr) { l.hosts.add(at, struct{}{}) }); err != nil {
			err = fmt.Errorf("list the hosts in table inet %s: %w", n.Table(), err)
		}
	}
	var unread error
	s.Filter, unread = filter() // it is to be waited for in any case
	if err == nil && unread != nil {
		err = &FilterError{unread}
	}
	return s, err
}

// Look returns what Read does of devices, and no more: no Table, Guard, Hosts
// or Filter. It is for programs that only look, and links little.
func Look(n Network, subnet netip.Prefix) (State, error) {
	rt, err := netlink.NewHandle(unix.NETLINK_ROUTE)
	if err != nil {
		return State{}, fmt.Errorf("open netlink: %w", err)
	}
	defer rt.Close()
	b, err := newBatch(unix.NETLINK_ROUTE)
	if err != nil {
		return State{}, fmt.Errorf("open netlink: %w", err)
	}
	defer b.close()
	var l listing
	s, err := (&Kernel{rt: rt, batch: b}).devices(n, subnet, &l, func([]byte, *attributes) {})
	if err != nil {
		return State{}, fmt.Errorf("read network %s from the kernel: %w", n.Name, err)
	}
	l.put(&s, State{})
	return s, nil
}

// devices gives the routes of the main table that lead to other devices than
// the VXLAN device, if that is there.
func (k *Kernel) devices(n Network, subnet netip.Prefix, l *listing, elsewhere func(fixed []byte, a *attributes)) (s State, err error) {
	l.clear()
	var bridge, device netip.Prefix
	if subnet.IsValid() {
		bridge = netip.PrefixFrom(Gateway(subnet), n.SubnetLength)
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
	nowhere, err := k.batch.nowhere(n.CIDR)
	if err != nil {
		return s, fmt.Errorf("routes to nowhere: %w", err)
	}
	if nowhere {
		s.Nowhere = n.CIDR
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
		s.Vxlan.Tunnel = Tunnel{VNI: uint32(t.VxlanId), Local: local.Unmap(), Port: uint16(t.Port), Learning: t.Learning}
		if s.Vxlan.Unheard, err = k.unheard(local.Unmap()); err != nil {
			return s, fmt.Errorf("route to the underlay address %s: %w", local, err)
		}
		if err := k.peers(vx, l, elsewhere); err != nil {
			return s, err
		}
	}
	return s, nil
}

// link reads a device; the netlink.Link is nil if there is none.
func (k *Kernel) link(name, kind string, network, address netip.Prefix) (netlink.Link, Link, error) {
	l := Link{Name: name}
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
			l.Stray = append(l.Stray, p)
		}
	}
	if l.Up && l.Address.IsValid() {
		heard, err := k.batch.delivered(l.Address.Addr())
		if err != nil {
			return nil, l, fmt.Errorf("route to address %s of device %s: %w", l.Address.Addr(), name, err)
		}
		l.Deaf = !heard
	}
	return found, l, nil
}

func prefix(n *net.IPNet) netip.Prefix {
	a, _ := netip.AddrFromSlice(n.IP)
	ones, _ := n.Mask.Size()
	return netip.PrefixFrom(a.Unmap(), ones)
}

// exists reports whether there is a device of that name.
func (k *Kernel) exists(name string) bool {
	_, err := k.rt.LinkByName(name)
	return err == nil
}

func (k *Kernel) peers(vx netlink.Link, l *listing, elsewhere func(fixed []byte, a *attributes)) error {
	name, index := vx.Attrs().Name, vx.Attrs().Index
	if err := k.batch.neighbours(unix.AF_INET, index, func(mac MAC, ip netip.Addr) { l.neighbours.add(ip, mac) }); err != nil {
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

// reported is how many failed operations an error lists.
const reported = 5

// Apply does ops in order. One that fails does not keep the others from being
// done; the error lists the first of them. To delete what is gone already is
// no failure, and what is for a device that could not be made is left out.
// Calling it again with a new Plan finishes the job.
func (k *Kernel) Apply(ops []Op) error {
	var failed []error
	var without []string // devices that could not be made
	for len(ops) > 0 {
		if slices.Contains(without, deviceOf(ops[0])) {
			ops = ops[1:]
			continue
		}
		n, errs := k.some(ops)
		failed = append(failed, errs...)
		if len(errs) > 0 {
			switch o := ops[0].(type) {
			case addBridge:
				without = append(without, o.dev)
			case addVxlan:
				without = append(without, o.dev)
			}
		}
		ops = ops[n:]
	}
	if len(failed) > 0 {
		k.renew()
	}
	if more := len(failed) - reported; more > 0 {
		failed = append(failed[:reported:reported], fmt.Errorf("and %d more", more))
	}
	return errors.Join(failed...)
}

// some does the first of ops, and with it the ones after it that go to the
// kernel in the same batch. It returns how many they are.
func (k *Kernel) some(ops []Op) (int, []error) {
	if count := alikeHosts(ops); count > 0 {
		return count, k.sets.doHosts(ops[:count])
	}
	index := map[string]int{}
	count := 0
	for ; count < len(ops); count++ {
		dev := peerDevice(ops[count])
		if dev == "" {
			break
		}
		if _, ok := index[dev]; !ok {
			l, err := k.rt.LinkByName(dev)
			if err != nil && count > 0 {
				break // it is the first of the next
			}
			if err != nil {
				return 1, []error{fmt.Errorf("%s: %w", ops[0], err)}
			}
			index[dev] = l.Attrs().Index
		}
	}
	if count == 0 {
		if err := k.one(ops[0]); err != nil {
			return 1, []error{fmt.Errorf("%s: %w", ops[0], err)}
		}
		return 1, nil
	}
	var failed []error
	err := k.batch.do(ops[:count], index, func(i int, err error) {
		if i >= 0 && i < count && !(deletes(ops[i]) && gone(err)) {
			failed = append(failed, fmt.Errorf("%s: %w", ops[i], err))
		}
	})
	if err != nil {
		failed = append(failed, err)
	}
	return count, failed
}

func deletes(op Op) bool {
	switch op.(type) {
	case deleteNeighbour, deleteForward, deleteRoute, deleteHost:
		return true
	}
	return false
}

func gone(err error) bool {
	return errors.Is(err, unix.ENOENT) || errors.Is(err, unix.ESRCH) || errors.Is(err, unix.EADDRNOTAVAIL) || errors.Is(err, unix.ENODEV)
}

// one does an operation that is not a peer's.
func (k *Kernel) one(op Op) error {
	switch o := op.(type) {
	case addBridge:
		return k.rt.LinkAdd(&netlink.Bridge{LinkAttrs: attrs(o.dev, o.mac)})
	case addVxlan:
		// A checksum, as UDPCSum is not given: the card computes it.
		return k.rt.LinkAdd(&netlink.Vxlan{
			LinkAttrs: attrs(o.dev, o.mac), VxlanId: int(o.tunnel.VNI), SrcAddr: o.tunnel.Local.AsSlice(),
			Port: int(o.tunnel.Port), Learning: o.tunnel.Learning,
		})
	case putTable:
		return k.putTable(o)
	case deleteTable:
		k.nft.DelTable(&nftables.Table{Family: families[o.family], Name: o.name})
		return k.nft.Flush()
	case addRule:
		return addToFilter(o.rule)
	case deleteRule:
		return deleteAll(o.rule)
	case setForwarding:
		return os.WriteFile(deviceFile(o.dev, "forwarding"), []byte("1"), 0)
	case setARPReplies:
		return os.WriteFile(deviceFile(o.dev, "arp_ignore"), []byte("0"), 0)
	case deleteLink:
		return k.onLink(o.dev, k.rt.LinkDel)
	case setMAC:
		return k.onLink(o.dev, func(l netlink.Link) error { return k.rt.LinkSetHardwareAddr(l, o.mac[:]) })
	case setMTU:
		return k.onLink(o.dev, func(l netlink.Link) error { return k.rt.LinkSetMTU(l, o.mtu) })
	case setUp:
		return k.onLink(o.dev, k.rt.LinkSetUp)
	case addAddress:
		return k.onLink(o.dev, func(l netlink.Link) error { return k.rt.AddrReplace(l, &netlink.Addr{IPNet: ipNet(o.address)}) })
	case deleteAddress:
		return k.onLink(o.dev, func(l netlink.Link) error {
			err := k.rt.AddrDel(l, &netlink.Addr{IPNet: ipNet(o.address)})
			if errors.Is(err, unix.EADDRNOTAVAIL) {
				return nil
			}
			return err
		})
	case addPort:
		return k.addPort(o)
	case setARP:
		return k.onLink(o.dev, k.rt.LinkSetARPOn)
	case setFree:
		return k.onLink(o.dev, k.rt.LinkSetNoMaster)
	case setTree:
		return k.onLink(o.dev, func(l netlink.Link) error {
			return k.batch.setBridge(l.Attrs().Index, attribute32(nil, bridgeSTP, 0))
		})
	case setVLANs:
		return k.onLink(o.dev, func(l netlink.Link) error {
			return k.batch.setBridge(l.Attrs().Index, attribute(nil, bridgeVLANs, []byte{0}))
		})
	case renewPort:
		return k.renewPort(o)
	case addDelivered:
		return k.onLink(o.dev, func(l netlink.Link) error { return k.deliver(l, o.address) })
	case addNowhere:
		return k.rt.RouteReplace(nowhereRoute(o.network))
	case deleteNowhere:
		if err := k.rt.RouteDel(nowhereRoute(o.network)); !gone(err) {
			return err
		}
		return nil
	case addConnected:
		return k.onLink(o.dev, func(l netlink.Link) error {
			return k.rt.RouteReplace(&netlink.Route{
				LinkIndex: l.Attrs().Index, Dst: ipNet(o.address.Masked()), Src: o.address.Addr().AsSlice(),
				Scope: netlink.SCOPE_LINK, Protocol: unix.RTPROT_KERNEL,
			})
		})
	}
	return fmt.Errorf("no way to do a %T", op)
}

func nowhereRoute(network netip.Prefix) *netlink.Route {
	return &netlink.Route{Dst: ipNet(network), Type: unix.RTN_UNREACHABLE, Protocol: Protocol, Priority: nowhereMetric}
}

func attrs(name string, mac MAC) netlink.LinkAttrs {
	a := netlink.NewLinkAttrs()
	a.Name, a.HardwareAddr = name, mac[:]
	return a
}

func ipNet(p netip.Prefix) *net.IPNet {
	return &net.IPNet{IP: p.Addr().AsSlice(), Mask: net.CIDRMask(p.Bits(), p.Addr().BitLen())}
}

func (k *Kernel) onLink(name string, do func(netlink.Link) error) error {
	l, err := k.rt.LinkByName(name)
	if err != nil {
		return err
	}
	return do(l)
}
