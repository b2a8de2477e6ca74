package overlay

import (
	"encoding/binary"
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"
)

// What is read and put right here nobody asked the kernel for when a device was
// made: that it passes packets on, and takes in what is for its host.

const (
	ifinfoBytes  = 16 // struct ifinfomsg: family, padding, type, index, flags, change
	stateUp      = 6  // IF_OPER_UP
	stpForwards  = 3  // BR_STATE_FORWARDING
	skipCounters = 8  // RTEXT_FILTER_SKIP_STATS
)

// Attributes of linux/if_link.h that are read here.
const (
	linkName, linkMaster, linkState, linkInfo, linkExtMask = 3, 10, 16, 18, 29

	infoKind, infoData, infoPort = 1, 2, 5

	vxlanID, vxlanLocal, vxlanPort, vxlanLocal6 = 1, 4, 15, 17

	bridgeSTP, bridgeVLANs                                                = 5, 7
	bridgePortState, portUnicast, portBroadcast, portIsolated, portLocked = 1, 9, 30, 33, 39
)

// attributeIn returns the value of the attribute that these kinds lead to, each
// within the one before; nil if there is none.
func attributeIn(b []byte, kinds ...uint16) []byte {
	for _, want := range kinds {
		var found []byte
		for len(b) >= 4 && found == nil {
			n, kind := int(binary.NativeEndian.Uint16(b)), binary.NativeEndian.Uint16(b[2:])&^uint16(unix.NLA_F_NESTED|unix.NLA_F_NET_BYTEORDER)
			if n < 4 || n > len(b) {
				return nil
			}
			if kind == want {
				found = b[4:n]
			}
			b = b[min((n+3)&^3, len(b)):]
		}
		b = found
	}
	return b
}

// set reports whether a number of any length is not 0.
func set(value []byte) bool { return slices.ContainsFunc(value, func(b byte) bool { return b != 0 }) }

func ifinfo(index int) []byte {
	fixed := make([]byte, ifinfoBytes)
	binary.NativeEndian.PutUint32(fixed[4:], uint32(index))
	return fixed
}

// options reads whether a bridge computes a spanning tree, and knows VLANs.
func (b *batch) options(index int) (tree, vlans bool, err error) {
	b.message = finish(begin(b.message[:0], unix.RTM_GETLINK, 0, ifinfo(index)...), 0)
	err = b.ask(func(m message) error {
		if m.kind != unix.RTM_NEWLINK || len(m.data) < ifinfoBytes {
			return m.errno()
		}
		data := attributeIn(m.data[ifinfoBytes:], linkInfo, infoData)
		tree, vlans = set(attributeIn(data, bridgeSTP)), set(attributeIn(data, bridgeVLANs))
		return nil
	})
	return tree, vlans, err
}

func (b *batch) setBridge(index int, option []byte) error {
	info := attribute(attribute(nil, infoKind, []byte("bridge")), infoData, option)
	b.message = finish(attribute(begin(b.message[:0], unix.RTM_NEWLINK, unix.NLM_F_ACK, ifinfo(index)...), linkInfo, info), 0)
	return b.ask(message.errno)
}

// addVxlan and deleteLink are for programs that link little: the library's way
// to add a device knows all kinds of them.
func (b *batch) addVxlan(name string, n Network, local netip.Addr) error {
	data := attribute32(nil, vxlanID, n.VNI)
	kind := uint16(vxlanLocal6)
	if local.Is4() {
		kind = vxlanLocal
	}
	data = attribute(attributeAddress(data, kind, local), vxlanPort, binary.BigEndian.AppendUint16(nil, n.UDPPort()))
	info := attribute(attribute(nil, infoKind, []byte("vxlan")), infoData, data)
	return b.onNamed(unix.RTM_NEWLINK, unix.NLM_F_CREATE|unix.NLM_F_EXCL, name, attribute(nil, linkInfo, info))
}

func (b *batch) deleteLink(name string) error { return b.onNamed(unix.RTM_DELLINK, 0, name, nil) }

func (b *batch) onNamed(kind, flags uint16, name string, attributes []byte) error {
	b.message = begin(b.message[:0], kind, flags|unix.NLM_F_ACK, ifinfo(0)...)
	b.message = finish(append(attribute(b.message, linkName, append([]byte(name), 0)), attributes...), 0)
	return b.ask(message.errno)
}

// port is a device at a bridge.
type port struct {
	name    string
	up      bool
	blocked bool // it is up, and what it sends is not passed on, or not to all
}

func (b *batch) ports(bridge int) (all []port, err error) {
	ask := attribute32(attribute32(nil, linkMaster, uint32(bridge)), linkExtMask, skipCounters)
	err = b.list(unix.RTM_GETLINK, make([]byte, ifinfoBytes), ask, ifinfoBytes, func(fixed []byte, a *attributes) {
		if a.number(linkMaster) != bridge {
			return
		}
		flags := binary.NativeEndian.Uint32(fixed[8:])
		p := port{name: unix.ByteSliceToString(a[linkName]), up: flags&unix.IFF_UP != 0}
		of := func(option uint16) []byte { return attributeIn(a[linkInfo], infoPort, option) }
		state, off := of(bridgePortState), func(option uint16) bool { return len(of(option)) == 1 && !set(of(option)) }
		// As long as its other end is not up, as of a container that is being
		// started, it is the kernel that has it pass nothing.
		p.blocked = len(a[linkState]) == 1 && a[linkState][0] == stateUp && len(state) == 1 && state[0] != stpForwards ||
			set(of(portIsolated)) || set(of(portLocked)) || off(portUnicast) || off(portBroadcast)
		all = append(all, p)
	})
	slices.SortFunc(all, func(a, b port) int { return strings.Compare(a.name, b.name) })
	return all, err
}

// delivered reports whether packets to an address are taken in by this host.
func (b *batch) delivered(to netip.Addr) (is bool, err error) {
	if !to.IsValid() {
		return false, nil
	}
	err = b.routeTo(to, func(fixed []byte, _ *attributes) { is = fixed[7] == unix.RTN_LOCAL })
	return is, err
}

// ask sends the message and gives the one answer to it.
func (b *batch) ask(each func(message) error) error {
	number(b.message, 1, false)
	if err := b.send(); err != nil {
		return err
	}
	return b.answers(func(m message) (bool, error) { return true, each(m) })
}

// bridge reads what is at a bridge, and how it treats it.
func (k *Kernel) bridge(index int, l *Link) (err error) {
	if l.Tree, l.VLANs, err = k.batch.options(index); err != nil {
		return fmt.Errorf("bridge %s: %w", l.Name, err)
	}
	if l.NoReplies, err = ignoresARP(l.Name); err != nil {
		return err
	}
	ports, err := k.batch.ports(index)
	if err != nil {
		return fmt.Errorf("ports of bridge %s: %w", l.Name, err)
	}
	for _, p := range ports {
		l.Ports = append(l.Ports, p.name)
		switch {
		case !p.up:
			l.Down = append(l.Down, p.name)
		case p.blocked:
			l.Blocked = append(l.Blocked, p.name)
		}
	}
	return nil
}

// unheard names the interface that has an address of this host, packets to
// which are not taken in; "" where they are, or where none has it. The kernel
// takes in those to a new address of IPv6 only once it has found nobody else
// that has it.
func (k *Kernel) unheard(a netip.Addr) (string, error) {
	is, err := k.batch.delivered(a)
	if err != nil || is || !a.IsValid() {
		return "", err
	}
	u, err := FindUnderlay(a.String())
	if err != nil {
		return "", nil // it is of another host's now
	}
	if a.Is6() {
		if tentative, err := k.tentative(a); err != nil || tentative {
			return "", err
		}
		if is, err = k.batch.delivered(a); err != nil || is { // as of between the two looks
			return "", err
		}
	}
	return u.Interface, nil
}

// tentative reports whether the kernel still looks for others that have an
// address of IPv6 (RFC 4862, 5.4).
func (k *Kernel) tentative(a netip.Addr) (bool, error) {
	all, err := k.rt.AddrList(nil, netlink.FAMILY_V6)
	if err != nil {
		return false, fmt.Errorf("list the addresses of IPv6: %w", err)
	}
	return slices.ContainsFunc(all, func(b netlink.Addr) bool {
		return b.Flags&unix.IFA_F_TENTATIVE != 0 && b.IP.Equal(a.AsSlice())
	}), nil
}

// deliver has packets to an address of a device taken in.
func (k *Kernel) deliver(dev netlink.Link, a netip.Addr) error {
	r := &netlink.Route{
		LinkIndex: dev.Attrs().Index, Dst: ipNet(netip.PrefixFrom(a, a.BitLen())), Type: unix.RTN_LOCAL,
		Table: unix.RT_TABLE_LOCAL, Protocol: unix.RTPROT_KERNEL,
	}
	if a.Is4() {
		r.Scope, r.Src = netlink.SCOPE_HOST, a.AsSlice()
	}
	return k.rt.RouteReplace(r)
}

// addPort puts a device at a bridge, if it is still there.
func (k *Kernel) addPort(o addPort) error {
	bridge, err := k.rt.LinkByName(o.dev)
	if err != nil {
		return err
	}
	err = k.onLink(o.port, func(l netlink.Link) error { return k.rt.LinkSetMaster(l, bridge) })
	if _, stopped := err.(netlink.LinkNotFoundError); stopped {
		return nil
	}
	return err
}

// renewPort takes a device off a bridge and puts it there again, so that it is
// as new.
func (k *Kernel) renewPort(o renewPort) error {
	err := k.onLink(o.port, k.rt.LinkSetNoMaster)
	if _, stopped := err.(netlink.LinkNotFoundError); stopped {
		return nil
	}
	return errors.Join(err, k.addPort(addPort(o)))
}
