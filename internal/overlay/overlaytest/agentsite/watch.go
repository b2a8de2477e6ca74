package agentsite

import (
	"bytes"
	"encoding/binary"
	"errors"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"rundock/internal/await"
)

// A Watcher reads what the kernel tells of changes.
type Watcher struct {
	t  *testing.T
	fd int
}

// Watch begins to watch the network namespace of the calling thread.
func Watch(t *testing.T, groups ...int) *Watcher {
	t.Helper()
	fd, err := unix.Socket(unix.AF_NETLINK, unix.SOCK_RAW|unix.SOCK_CLOEXEC, unix.NETLINK_ROUTE)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { unix.Close(fd) })
	wait := unix.NsecToTimeval(await.Deadline.Nanoseconds())
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
	return &Watcher{t, fd}
}

// Until returns when the kernel has told count times of what is of a kind and
// holds part.
func (w *Watcher) Until(count int, kind uint16, part []byte) time.Time {
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
