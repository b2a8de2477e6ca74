package kernel

import (
	"encoding/hex"
	"errors"
	"fmt"
	"net/netip"
	"strings"
	"time"

	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"

	"rundock/internal/overlay"
)

// CheckConflicts returns an error that names what on this host conflicts with network
// n: an underlay address that other hosts have as well, an address or a route that
// its cidr overlaps, a device that has its VNI, or a program that has its port. A
// wider network that is routed to a gateway is no conflict: a part of it may well
// become ours. What it changes to see whether the VNI is free it changes back.
func CheckConflicts(n overlay.Network, u overlay.Underlay) error {
	if err := u.CheckReachable(); err != nil {
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
	if err := checkOverlap(rt, n, names, ours); err != nil {
		return err
	}
	if !shared {
		if err := checkPortFree(u.Address, n.UDPPort()); err != nil {
			return err
		}
	}
	if !joined {
		return checkVNIFree(n, u)
	}
	return nil
}

func checkOverlap(rt *netlink.Handle, n overlay.Network, names map[int]string, ours []int) error {
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
	conflict, err := overlappingRoute(n, names, mine)
	if err != nil {
		return fmt.Errorf("list the routes: %w", err)
	}
	return conflict
}

// overlappingRoute names a route of the main table that conflicts with n. The list
// is read by batch: the library's knows all that a route can have, and links a
// tenth of what a small program is of.
func overlappingRoute(n overlay.Network, names map[int]string, mine map[int]bool) (conflict, err error) {
	b, err := newBatch(unix.NETLINK_ROUTE)
	if err != nil {
		return nil, err
	}
	defer b.close()
	err = b.mainRoutes(func(fixed []byte, a *attributes) {
		p, link := destination(fixed, a), a.number(unix.RTA_OIF)
		ours := mine[link] || p == n.CIDR && fixed[5] == overlay.Protocol && fixed[7] == unix.RTN_UNREACHABLE
		far := a[unix.RTA_GATEWAY] != nil || a[unix.RTA_MULTIPATH] != nil
		if conflict != nil || ours || p.Bits() == 0 || !p.Overlaps(n.CIDR) || far && p.Bits() < n.CIDR.Bits() {
			return
		}
		to := ""
		if name := names[link]; name != "" {
			to = " to interface " + deviceName(name)
		}
		conflict = fmt.Errorf("cidr %s overlaps the route %s%s", n.CIDR, p, to)
	})
	return conflict, err
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

// checkPortFree returns an error if a program listens on a UDP port.
func checkPortFree(a netip.Addr, port uint16) error {
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
