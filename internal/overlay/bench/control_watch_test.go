package bench

import (
	"bytes"
	"encoding/binary"
	"errors"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// watching reads what the kernel tells of changes.
type watching struct {
	t  *testing.T
	fd int
}

// watch begins to watch the network namespace of the calling thread.
func watch(t *testing.T, groups ...int) *watching {
	t.Helper()
	fd, err := unix.Socket(unix.AF_NETLINK, unix.SOCK_RAW|unix.SOCK_CLOEXEC, unix.NETLINK_ROUTE)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { unix.Close(fd) })
	wait := unix.NsecToTimeval(patience.Nanoseconds())
	err = errors.Join(
		unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_RCVBUFFORCE, 256<<20),
		unix.SetsockoptTimeval(fd, unix.SOL_SOCKET, unix.SO_RCVTIMEO, &wait),
		unix.Bind(fd, &unix.SockaddrNetlink{Family: unix.AF_NETLINK}),
	)
	for _, g := range groups {
		err = errors.Join(err, unix.SetsockoptInt(fd, unix.SOL_NETLINK, unix.NETLINK_ADD_MEMBERSHIP, g))
	}
	if err != nil {
		t.Fatal(err)
	}
	return &watching{t, fd}
}

// until returns when the kernel has told count times of what is of a kind and
// holds part.
func (w *watching) until(count int, kind uint16, part []byte) time.Time {
	w.t.Helper()
	buf := make([]byte, 64<<10)
	for {
		n, _, err := unix.Recvfrom(w.fd, buf, 0)
		if errors.Is(err, unix.EINTR) {
			continue
		}
		if err != nil {
			w.t.Fatalf("the kernel does not tell of a change, %d more are awaited: %v", count, err)
		}
		for rest := buf[:n]; len(rest) >= 16; {
			size := min(int(binary.NativeEndian.Uint32(rest)+3)&^3, len(rest))
			if binary.NativeEndian.Uint16(rest[4:]) == kind && bytes.Contains(rest[16:size], part) {
				if count--; count == 0 {
					return time.Now()
				}
			}
			rest = rest[size:]
		}
	}
}
