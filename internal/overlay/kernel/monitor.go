package kernel

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"net/netip"
	"os"
	"sync/atomic"

	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"

	"rundock/internal/nft/live"
	"rundock/internal/overlay"
)

// Monitor tells when something changed that may be a network's.
type Monitor struct {
	network    overlay.Network
	route, nft *os.File
	rt         *netlink.Handle
	names      map[int]string // of devices, until one of them changes
	watched    atomic.Pointer[string]
}

// Watch makes Run tell of the addresses of a device as well, the underlay's. It may
// be called at any time, and the last call counts.
func (m *Monitor) Watch(dev string) { m.watched.Store(&dev) }

func (m *Monitor) isWatched(index int) bool {
	dev := m.watched.Load()
	return dev != nil && m.name(index) == *dev
}

// OpenMonitor listens in the namespace of the calling thread from now on.
func OpenMonitor(n overlay.Network) (*Monitor, error) {
	rt, err := netlink.NewHandle(unix.NETLINK_ROUTE)
	if err != nil {
		return nil, fmt.Errorf("monitor netlink: %w", err)
	}
	route, err := live.Listen(unix.NETLINK_ROUTE, unix.RTNLGRP_LINK, unix.RTNLGRP_NEIGH, unix.RTNLGRP_IPV4_IFADDR, unix.RTNLGRP_IPV6_IFADDR, unix.RTNLGRP_IPV4_ROUTE, unix.RTNLGRP_IPV4_NETCONF)
	if err != nil {
		rt.Close()
		return nil, fmt.Errorf("monitor netlink: %w", err)
	}
	nft, err := live.Listen(unix.NETLINK_NETFILTER, live.Group)
	if err != nil {
		rt.Close()
		route.Close()
		return nil, fmt.Errorf("monitor nftables: %w", err)
	}
	return &Monitor{network: n, route: route, nft: nft, rt: rt, names: map[int]string{}}, nil
}

// Run calls on after each burst of messages that may concern the network, until ctx
// is done; then it returns nil. It calls on from either of two goroutines. Messages
// that the kernel had to drop count as a change. An operation on a peer's entry that
// agrees with what is wanted is no change, whoever did it: Run asks holds, which is
// Wanted.Agrees, from one of the goroutines.
func (m *Monitor) Run(ctx context.Context, on func(), holds func(overlay.Op) bool) error {
	defer m.rt.Close()
	stop := context.AfterFunc(ctx, func() {
		m.route.Close()
		m.nft.Close()
	})
	defer stop()
	failed := make(chan error, 2)
	read := func(f *os.File, concerns func([]byte) bool) {
		buf := make([]byte, 128<<10)
		for {
			n, err := f.Read(buf)
			switch {
			case errors.Is(err, unix.ENOBUFS):
				on()
				continue
			case err != nil:
				failed <- err
				return
			}
			if concerns(buf[:n]) {
				on()
			}
		}
	}
	go read(m.route, func(messages []byte) bool {
		return anyOf(messages, func(next message) bool { return m.concerns(next, holds) })
	})
	go read(m.nft, func(messages []byte) bool {
		return anyOf(messages, func(next message) bool { return m.concernsTables(next, holds) })
	})
	err := <-failed
	m.route.Close() // half of it would be taken for the whole
	m.nft.Close()
	err = errors.Join(err, <-failed)
	if ctx.Err() != nil {
		return nil
	}
	return fmt.Errorf("monitor the kernel: %w", err)
}

func anyOf(messages []byte, concerns func(message) bool) bool {
	any := false
	for len(messages) > 0 {
		next, rest, err := nextMessage(messages)
		if err != nil {
			return true
		}
		// All are looked at: one of them may be of a device's end.
		any = concerns(next) || any
		messages = rest
	}
	return any
}

// concernsTables leaves out the host sets of other networks, and of this one what
// is as it should be. What Docker and others do to their tables may end ours.
func (m *Monitor) concernsTables(msg message, holds func(overlay.Op) bool) bool {
	switch msg.kind {
	case nftKind(unix.NFT_MSG_NEWGEN):
		return false // behind each change
	case nftKind(unix.NFT_MSG_NEWSETELEM), nftKind(unix.NFT_MSG_DELSETELEM):
	default:
		return true
	}
	if len(msg.data) < nftBytes {
		return true
	}
	var a attributes
	a.read(msg.data[nftBytes:])
	table, set := string(bytes.TrimRight(a[unix.NFTA_SET_ELEM_LIST_TABLE], "\x00")), string(bytes.TrimRight(a[unix.NFTA_SET_ELEM_LIST_SET], "\x00"))
	if msg.data[0] != unix.NFPROTO_INET || set != overlay.HostSet || table != m.network.Table() {
		return !overlay.IsTable(table)
	}
	concerns := false
	eachHost(&a, func(at netip.Addr) {
		var op overlay.Op = overlay.AddHost{Table: table, At: at}
		if msg.kind == nftKind(unix.NFT_MSG_DELSETELEM) {
			op = overlay.DeleteHost{Table: table, At: at}
		}
		concerns = concerns || !holds(op)
	})
	return concerns
}

// concerns leaves out other devices; what happens all the time by itself, such as
// neighbours that are found, confirmed and forgotten, where ours are permanent; and
// what is as it should be, such as what we did.
func (m *Monitor) concerns(msg message, holds func(overlay.Op) bool) bool {
	put := false
	switch msg.kind {
	default:
		clear(m.names)
		return true // devices, among them those of containers at the bridge, and what may be forwarded
	case unix.RTM_NEWADDR, unix.RTM_DELADDR:
		// struct ifaddrmsg: family, length, flags, scope, index.
		if len(msg.data) < 8 {
			return true
		}
		index := int(binary.NativeEndian.Uint32(msg.data[4:]))
		return m.isWatched(index) || msg.data[0] == unix.AF_INET && m.isOurs(index) // one of IPv6 a device gives itself
	case unix.RTM_NEWNEIGH, unix.RTM_NEWROUTE:
		put = true
	case unix.RTM_DELNEIGH, unix.RTM_DELROUTE:
	}
	if len(msg.data) < ndmsgBytes { // struct rtmsg is as long
		return true
	}
	fixed, a := msg.data[:ndmsgBytes], attributes{}
	a.read(msg.data[ndmsgBytes:])
	if msg.kind == unix.RTM_NEWROUTE || msg.kind == unix.RTM_DELROUTE {
		if dev := m.name(a.number(unix.RTA_OIF)); dev != m.network.Vxlan() {
			to := netip.PrefixFrom(a.address(unix.RTA_DST), int(fixed[1]))
			return dev == m.network.Bridge() || to.IsValid() && to.Bits() >= m.network.CIDR.Bits() && to.Overlaps(m.network.CIDR)
		}
		if !put && fixed[4] == unix.RT_TABLE_LOCAL {
			return true
		}
		key, route, ours := routeOf(fixed, &a)
		switch o := (overlay.PutRoute{Dev: m.network.Vxlan(), Key: key, Route: route}); {
		case !ours:
			return false
		case put:
			return !holds(o)
		default:
			return !holds(overlay.DeleteRoute(o))
		}
	}
	if m.name(int(binary.NativeEndian.Uint32(fixed[4:]))) != m.network.Vxlan() || put && !permanent(fixed) {
		return false
	}
	dev, to, mac := m.network.Vxlan(), a.address(unix.NDA_DST), overlay.MAC{}
	copy(mac[:], a[unix.NDA_LLADDR])
	switch forward := fixed[0] == unix.AF_BRIDGE; {
	case forward && put:
		return !holds(overlay.PutForward{Dev: dev, MAC: mac, To: to})
	case forward:
		return !holds(overlay.DeleteForward{Dev: dev, MAC: mac, To: to})
	case put:
		return !holds(overlay.PutNeighbour{Dev: dev, IP: to, MAC: mac})
	default:
		return !holds(overlay.DeleteNeighbour{Dev: dev, IP: to})
	}
}

func (m *Monitor) isOurs(index int) bool {
	name := m.name(index)
	return name == m.network.Vxlan() || name == m.network.Bridge()
}

// name is a device's; "" of one that is not there any more, of which another message
// tells.
func (m *Monitor) name(index int) string {
	name, known := m.names[index]
	if !known {
		if l, err := m.rt.LinkByIndex(index); err == nil {
			name = l.Attrs().Name
		}
		m.names[index] = name
	}
	return name
}
