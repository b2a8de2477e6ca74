package live

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"

	"golang.org/x/sys/unix"
)

// Group is NFNLGRP_NFTABLES: every change of a table of nftables.
const Group = 7

// receiveBytes is how much of a burst waits to be read: the kernel drops more, which
// counts as a change.
const receiveBytes = 4 << 20

// Listen opens a netlink socket of the calling thread's network namespace, of which
// messages to groups are read.
func Listen(family int, groups ...int) (*os.File, error) {
	fd, err := unix.Socket(unix.AF_NETLINK, unix.SOCK_RAW|unix.SOCK_CLOEXEC|unix.SOCK_NONBLOCK, family)
	if err != nil {
		return nil, err
	}
	err = errors.Join(
		unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_RCVBUFFORCE, receiveBytes),
		unix.Bind(fd, &unix.SockaddrNetlink{Family: unix.AF_NETLINK}),
	)
	for _, g := range groups {
		err = errors.Join(err, unix.SetsockoptInt(fd, unix.SOL_NETLINK, unix.NETLINK_ADD_MEMBERSHIP, g))
	}
	if err != nil {
		unix.Close(fd)
		return nil, err
	}
	return os.NewFile(uintptr(fd), "netlink"), nil
}

// Watch calls on once it misses nothing any more, and then after each burst of changes
// to a table of that name of the calling thread's network namespace, whoever made them,
// until ctx is done; then it returns nil.
func Watch(ctx context.Context, table string, on func()) error {
	f, err := Listen(unix.NETLINK_NETFILTER, Group)
	if err != nil {
		return fmt.Errorf("watch nftables: %w", err)
	}
	defer f.Close()
	defer context.AfterFunc(ctx, func() { f.Close() })()
	on()
	// Each message of a table, or of what is in one, has its name, as C has it.
	name := append([]byte(table), 0)
	for buf := make([]byte, 64<<10); ; {
		n, err := f.Read(buf)
		// ENOBUFS: the kernel dropped some of a burst, which is a change as well.
		if err != nil && !errors.Is(err, unix.ENOBUFS) {
			if ctx.Err() != nil {
				return nil
			}
			return fmt.Errorf("watch nftables: %w", err)
		}
		if err != nil || bytes.Contains(buf[:n], name) {
			on()
		}
	}
}
