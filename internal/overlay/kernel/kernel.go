package kernel

import (
	"errors"
	"fmt"
	"net"
	"net/netip"

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
func (k *Kernel) exists(name string) bool {
	_, err := k.rt.LinkByName(name)
	return err == nil
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
