package overlay

import (
	"context"
	"errors"
	"fmt"
	"os"
	"syscall"

	"github.com/vishvananda/netlink/nl"
	"golang.org/x/sys/unix"
)

// nftGroup is NFNLGRP_NFTABLES: every change of a table of nftables.
const nftGroup = 7

// Monitor tells when something changed that may be a network's.
type Monitor struct {
	route, nft *os.File
}

// OpenMonitor listens in the namespace of the calling thread from now on.
func OpenMonitor() (*Monitor, error) {
	route, err := listen(unix.NETLINK_ROUTE, unix.RTNLGRP_LINK, unix.RTNLGRP_NEIGH, unix.RTNLGRP_IPV4_IFADDR, unix.RTNLGRP_IPV4_ROUTE)
	if err != nil {
		return nil, fmt.Errorf("monitor netlink: %w", err)
	}
	nft, err := listen(unix.NETLINK_NETFILTER, nftGroup)
	if err != nil {
		route.Close()
		return nil, fmt.Errorf("monitor nftables: %w", err)
	}
	return &Monitor{route, nft}, nil
}

func listen(family int, groups ...int) (*os.File, error) {
	fd, err := unix.Socket(unix.AF_NETLINK, unix.SOCK_RAW|unix.SOCK_CLOEXEC|unix.SOCK_NONBLOCK, family)
	if err != nil {
		return nil, err
	}
	err = unix.Bind(fd, &unix.SockaddrNetlink{Family: unix.AF_NETLINK})
	for _, g := range groups {
		err = errors.Join(err, unix.SetsockoptInt(fd, unix.SOL_NETLINK, unix.NETLINK_ADD_MEMBERSHIP, g))
	}
	if err != nil {
		unix.Close(fd)
		return nil, err
	}
	return os.NewFile(uintptr(fd), "netlink"), nil
}

// Run calls on after each burst of messages that may concern a network, from
// either of two goroutines, until ctx is done; then it returns nil. What the
// kernel had to drop counts as a change.
func (m *Monitor) Run(ctx context.Context, on func()) error {
	stop := context.AfterFunc(ctx, func() {
		m.route.Close()
		m.nft.Close()
	})
	defer stop()
	failed := make(chan error, 2)
	read := func(f *os.File, concerns func([]syscall.NetlinkMessage) bool) {
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
			messages, err := syscall.ParseNetlinkMessage(buf[:n])
			if err != nil || concerns(messages) {
				on()
			}
		}
	}
	go read(m.route, anyConcerns)
	go read(m.nft, func([]syscall.NetlinkMessage) bool { return true })
	err := errors.Join(<-failed, <-failed)
	if ctx.Err() != nil {
		return nil
	}
	return fmt.Errorf("monitor the kernel: %w", err)
}

func anyConcerns(messages []syscall.NetlinkMessage) bool {
	for _, m := range messages {
		if concerns(m) {
			return true
		}
	}
	return false
}

// concerns leaves out what happens all the time and is nobody's doing:
// neighbours that are found, confirmed and forgotten. Ours are permanent. A
// deletion says nothing of what the entry was.
func concerns(m syscall.NetlinkMessage) bool {
	switch m.Header.Type {
	case unix.RTM_NEWNEIGH:
		// struct ndmsg: family, padding, index, state.
		return len(m.Data) >= 10 && nl.NativeEndian().Uint16(m.Data[8:])&unix.NUD_PERMANENT != 0
	}
	return true
}
