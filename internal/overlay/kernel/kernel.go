package kernel

import (
	"errors"
	"fmt"
	"net"
	"net/netip"

	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"

	"rundock/internal/nft/live"
)

// Kernel reads and changes the network namespace it was opened in. It is for
// one goroutine at a time.
type Kernel struct {
	rt    *netlink.Handle
	batch *batch
	nft   *live.Conn
	sets  *batch // of nftables
	next  int    // of the peers for which it is asked which route is taken
}

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
	k.nft, nft = live.Open()
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
	k.nft.Close()
}

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

// exists reports whether there is a device of that name.
func (k *Kernel) portExists(name string) bool {
	l, err := k.rt.LinkByName(name)
	return err == nil && isPort(l.Type())
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

func prefix(n *net.IPNet) netip.Prefix {
	a, _ := netip.AddrFromSlice(n.IP)
	ones, _ := n.Mask.Size()
	return netip.PrefixFrom(a.Unmap(), ones)
}
