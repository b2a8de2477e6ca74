package kernel

import (
	"encoding/binary"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"

	"rundock/internal/overlay"
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
		tree, vlans = isSet(attributeIn(data, bridgeSTP)), isSet(attributeIn(data, bridgeVLANs))
		return nil
	})
	return tree, vlans, err
}

func (b *batch) setBridge(index int, option []byte) error {
	info := attribute(attribute(nil, infoKind, []byte("bridge")), infoData, option)
	b.message = finish(attribute(begin(b.message[:0], unix.RTM_NEWLINK, unix.NLM_F_ACK, ifinfo(index)...), linkInfo, info), 0)
	return b.ask(message.errno)
}

// isPort tells what may be a container's port from what somebody put at the bridge
// by hand, such as the network's own VXLAN device: that is no business of ours, and
// least of all to be put there again.
func isPort(kind string) bool { return kind == "veth" }

// port is a container's device at a bridge.
type port struct {
	name    string
	up      bool
	blocked bool // it is up, and what it sends is not passed on, or not to all
}

func (b *batch) ports(bridge int) (all []port, err error) {
	ask := attribute32(attribute32(nil, linkMaster, uint32(bridge)), linkExtMask, skipCounters)
	err = b.list(unix.RTM_GETLINK, make([]byte, ifinfoBytes), ask, ifinfoBytes, func(fixed []byte, a *attributes) {
		kind := unix.ByteSliceToString(attributeIn(a[linkInfo], infoKind))
		if a.number(linkMaster) != bridge || !isPort(kind) {
			return
		}
		flags := binary.NativeEndian.Uint32(fixed[8:])
		p := port{name: unix.ByteSliceToString(a[linkName]), up: flags&unix.IFF_UP != 0}
		of := func(option uint16) []byte { return attributeIn(a[linkInfo], infoPort, option) }
		state, off := of(bridgePortState), func(option uint16) bool { return len(of(option)) == 1 && !isSet(of(option)) }
		// As long as its other end is not up, as of a container that is being
		// started, it is the kernel that has it pass nothing.
		p.blocked = len(a[linkState]) == 1 && a[linkState][0] == stateUp && len(state) == 1 && state[0] != stpForwards ||
			isSet(of(portIsolated)) || isSet(of(portLocked)) || off(portUnicast) || off(portBroadcast)
		all = append(all, p)
	})
	slices.SortFunc(all, func(a, b port) int { return strings.Compare(a.name, b.name) })
	return all, err
}

// bridge reads what is at a bridge, and how it treats it.
func (k *Kernel) bridge(index int, l *overlay.Link) (err error) {
	if l.STP, l.VLANs, err = k.batch.options(index); err != nil {
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

// addPort puts a device at a bridge, if it is still there.
func (k *Kernel) addPort(o overlay.AddPort) error {
	bridge, err := k.rt.LinkByName(o.Dev)
	if err != nil {
		return err
	}
	err = k.onLink(o.Port, func(l netlink.Link) error { return k.rt.LinkSetMaster(l, bridge) })
	if _, stopped := err.(netlink.LinkNotFoundError); stopped {
		return nil
	}
	return err
}

// reattachPort takes a device off a bridge and puts it there again, so that it is
// as new.
func (k *Kernel) reattachPort(o overlay.ReattachPort) error {
	err := k.onLink(o.Port, k.rt.LinkSetNoMaster)
	if _, stopped := err.(netlink.LinkNotFoundError); stopped {
		return nil
	}
	return errors.Join(err, k.addPort(overlay.AddPort(o)))
}
