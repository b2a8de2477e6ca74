package kernel

import (
	"errors"
	"fmt"
	"net/netip"
	"os"
	"slices"

	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"

	"rundock/internal/nft"
	"rundock/internal/overlay"
)

// maxReported is how many failed operations an error lists.
const maxReported = 5

// Apply does ops in order. It goes on after one that fails; the error lists the first
// of these. Deleting what is gone already is no failure, and operations on a device
// that could not be made are left out. Calling it again with a new Plan finishes the
// job.
func (k *Kernel) Apply(ops []overlay.Op) error {
	var failed []error
	var without []string // devices that could not be made
	for len(ops) > 0 {
		if slices.Contains(without, overlay.DeviceOf(ops[0])) {
			ops = ops[1:]
			continue
		}
		n, errs := k.applyBatch(ops)
		failed = append(failed, errs...)
		if len(errs) > 0 {
			switch o := ops[0].(type) {
			case overlay.AddBridge:
				without = append(without, o.Dev)
			case overlay.AddVxlan:
				without = append(without, o.Dev)
			}
		}
		ops = ops[n:]
	}
	if len(failed) > 0 {
		k.renew()
	}
	if more := len(failed) - maxReported; more > 0 {
		failed = append(failed[:maxReported:maxReported], fmt.Errorf("and %d more", more))
	}
	return errors.Join(failed...)
}

// applyBatch does the first of ops, with those after it that go to the kernel in the
// same message, and returns how many these are.
func (k *Kernel) applyBatch(ops []overlay.Op) (int, []error) {
	if count := sameHostOps(ops); count > 0 {
		return count, k.sets.doHosts(ops[:count])
	}
	index := map[string]int{}
	count := 0
	for ; count < len(ops); count++ {
		dev := overlay.PeerDevice(ops[count])
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
		if err := k.applyOne(ops[0]); err != nil {
			return 1, []error{fmt.Errorf("%s: %w", ops[0], err)}
		}
		return 1, nil
	}
	var failed []error
	err := k.batch.do(ops[:count], index, func(i int, err error) {
		if i >= 0 && i < count && !(overlay.Deletes(ops[i]) && isGone(err)) {
			failed = append(failed, fmt.Errorf("%s: %w", ops[i], err))
		}
	})
	if err != nil {
		failed = append(failed, err)
	}
	return count, failed
}

// isGone reports whether what was to be deleted is not there.
func isGone(err error) bool {
	return errors.Is(err, unix.ENOENT) || errors.Is(err, unix.ESRCH) || errors.Is(err, unix.EADDRNOTAVAIL) || errors.Is(err, unix.ENODEV)
}

// applyOne does an operation that is not on a peer's entry.
func (k *Kernel) applyOne(op overlay.Op) error {
	switch o := op.(type) {
	case overlay.PutTable:
		return k.nft.Put(o.Table, o.Hosts, o.Replace)
	case overlay.DeleteTable:
		return k.nft.Delete(nft.Table{Family: o.Family, Name: o.Name})
	case overlay.AddRule:
		return addToFilter(o.Rule)
	case overlay.DeleteRule:
		return deleteAll(o.Rule)
	case overlay.SetForwarding:
		return os.WriteFile(deviceFile(o.Dev, "forwarding"), []byte("1"), 0)
	case overlay.SetARPReplies:
		return os.WriteFile(deviceFile(o.Dev, "arp_ignore"), []byte("0"), 0)
	case overlay.AddLocalRoute, overlay.AddUnreachable, overlay.DeleteUnreachable, overlay.AddConnected:
		return k.applyRoute(o)
	}
	return k.applyLink(op)
}

// applyLink does an operation on a device, its addresses, or its place in a bridge.
func (k *Kernel) applyLink(op overlay.Op) error {
	switch o := op.(type) {
	case overlay.AddBridge:
		return k.rt.LinkAdd(&netlink.Bridge{LinkAttrs: attrs(o.Dev, o.MAC)})
	case overlay.AddVxlan:
		// A checksum, as UDPCSum is not given: the card computes it.
		err := k.rt.LinkAdd(&netlink.Vxlan{
			LinkAttrs: attrs(o.Dev, o.MAC), VxlanId: int(o.Tunnel.VNI), SrcAddr: o.Tunnel.Local.AsSlice(),
			Port: int(o.Tunnel.Port), Learning: o.Tunnel.Learning,
		})
		if errors.Is(err, unix.EEXIST) {
			return k.explainTaken(err, o.Tunnel)
		}
		return err
	case overlay.DeleteLink:
		return k.onLink(o.Dev, k.rt.LinkDel)
	case overlay.SetMAC:
		return k.onLink(o.Dev, func(l netlink.Link) error { return k.rt.LinkSetHardwareAddr(l, o.MAC[:]) })
	case overlay.SetMTU:
		return k.onLink(o.Dev, func(l netlink.Link) error { return k.rt.LinkSetMTU(l, o.MTU) })
	case overlay.SetUp:
		return k.onLink(o.Dev, k.rt.LinkSetUp)
	case overlay.SetARP:
		return k.onLink(o.Dev, k.rt.LinkSetARPOn)
	case overlay.AddAddress:
		return k.onLink(o.Dev, func(l netlink.Link) error { return k.rt.AddrReplace(l, &netlink.Addr{IPNet: ipNet(o.Address)}) })
	case overlay.DeleteAddress:
		return k.onLink(o.Dev, func(l netlink.Link) error {
			err := k.rt.AddrDel(l, &netlink.Addr{IPNet: ipNet(o.Address)})
			if errors.Is(err, unix.EADDRNOTAVAIL) {
				return nil
			}
			return err
		})
	case overlay.AddPort:
		return k.addPort(o)
	case overlay.ReattachPort:
		return k.reattachPort(o)
	case overlay.SetNoMaster:
		return k.onLink(o.Dev, k.rt.LinkSetNoMaster)
	case overlay.DisableSTP:
		return k.onLink(o.Dev, func(l netlink.Link) error {
			return k.batch.setBridge(l.Attrs().Index, attribute32(nil, bridgeSTP, 0))
		})
	case overlay.DisableVLANs:
		return k.onLink(o.Dev, func(l netlink.Link) error {
			return k.batch.setBridge(l.Attrs().Index, attribute(nil, bridgeVLANs, []byte{0}))
		})
	}
	return fmt.Errorf("no way to do a %T", op)
}

// explainTaken names the device that has what a tunnel is to have.
func (k *Kernel) explainTaken(err error, t overlay.Tunnel) error {
	links, e := k.rt.LinkList()
	if e != nil {
		return errors.Join(err, e)
	}
	for _, l := range links {
		if vx, ok := l.(*netlink.Vxlan); ok && vx.VxlanId == int(t.VNI) && vx.Port == int(t.Port) {
			return fmt.Errorf("%w: device %s has vni %d; see whose it is (ip -d link show %[2]s), and unless it is another program's, as the network's own that was renamed: ip link del %[2]s", err, vx.Name, t.VNI)
		}
	}
	return fmt.Errorf("%w: a device of another network namespace may have vni %d, as of a network of Docker swarm (docker network ls -f driver=overlay)", err, t.VNI)
}

// applyRoute does an operation on a route that is no peer's.
func (k *Kernel) applyRoute(op overlay.Op) error {
	switch o := op.(type) {
	case overlay.AddLocalRoute:
		return k.onLink(o.Dev, func(l netlink.Link) error { return k.addLocalRoute(l, o.Address) })
	case overlay.AddUnreachable:
		return k.rt.RouteReplace(unreachableRoute(o.Network))
	case overlay.DeleteUnreachable:
		if err := k.rt.RouteDel(unreachableRoute(o.Network)); !isGone(err) {
			return err
		}
		return nil
	case overlay.AddConnected:
		return k.onLink(o.Dev, func(l netlink.Link) error {
			return k.rt.RouteReplace(&netlink.Route{
				LinkIndex: l.Attrs().Index, Dst: ipNet(o.Address.Masked()), Src: o.Address.Addr().AsSlice(),
				Scope: netlink.SCOPE_LINK, Protocol: unix.RTPROT_KERNEL,
			})
		})
	}
	return fmt.Errorf("no way to do a %T", op)
}

func unreachableRoute(network netip.Prefix) *netlink.Route {
	return &netlink.Route{Dst: ipNet(network), Type: unix.RTN_UNREACHABLE, Protocol: overlay.Protocol, Priority: overlay.UnreachableMetric}
}

func attrs(name string, mac overlay.MAC) netlink.LinkAttrs {
	a := netlink.NewLinkAttrs()
	a.Name, a.HardwareAddr = name, mac[:]
	return a
}
