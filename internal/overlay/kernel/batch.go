package kernel

import (
	"encoding/binary"
	"errors"
	"fmt"
	"time"

	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"
)

// batch sends many requests in one message, and asks for long lists. 10,000 peers
// are 30,000 requests, and one exchange with the kernel for each would cost more than
// the requests do.
type batch struct {
	fd       int
	message  []byte
	received []byte
	parsed   attributes // of the entry that is looked at
}

const (
	batchBytes   = 64 << 10         // of one message; the kernel answers only what failed, and the last
	batchReceive = 8 << 20          // for the answers, should all of them fail
	batchTimeout = 30 * time.Second // for an answer of a kernel that is busy
)

// newBatch opens it to a family of netlink.
func newBatch(family int) (*batch, error) {
	fd, err := unix.Socket(unix.AF_NETLINK, unix.SOCK_RAW|unix.SOCK_CLOEXEC, family)
	if err != nil {
		return nil, err
	}
	timeout := unix.NsecToTimeval(batchTimeout.Nanoseconds())
	err = errors.Join(
		unix.Bind(fd, &unix.SockaddrNetlink{Family: unix.AF_NETLINK}),
		unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_RCVBUFFORCE, batchReceive),
		unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_SNDBUFFORCE, 4*batchBytes),
		unix.SetsockoptInt(fd, unix.SOL_NETLINK, unix.NETLINK_CAP_ACK, 1),        // errors without the request
		unix.SetsockoptInt(fd, unix.SOL_NETLINK, unix.NETLINK_GET_STRICT_CHK, 1), // lists of what is asked for alone
		unix.SetsockoptTimeval(fd, unix.SOL_SOCKET, unix.SO_RCVTIMEO, &timeout),
	)
	if err != nil {
		unix.Close(fd)
		return nil, err
	}
	return &batch{fd: fd, received: make([]byte, 64<<10)}, nil
}

// close may be called of one that was not opened.
func (b *batch) close() {
	if b != nil {
		unix.Close(b.fd)
	}
}

func (b *batch) send() error {
	return unix.Sendto(b.fd, b.message, 0, &unix.SockaddrNetlink{Family: unix.AF_NETLINK})
}

// ask sends the message and gives the one answer to it.
func (b *batch) ask(each func(message) error) error {
	number(b.message, 1, false)
	if err := b.send(); err != nil {
		return err
	}
	return b.answers(func(m message) (bool, error) { return true, each(m) })
}

// list asks for a list and gives each entry's fixed part and attributes. The
// error is netlink.ErrDumpInterrupted if something changed meanwhile.
func (b *batch) list(kind uint16, fixed, attributes []byte, fixedBytes int, each func(fixed []byte, a *attributes)) error {
	b.message = begin(b.message[:0], kind, unix.NLM_F_DUMP, fixed...)
	b.message = finish(append(b.message, attributes...), 0)
	number(b.message, 1, false)
	if err := b.send(); err != nil {
		return err
	}
	interrupted := false
	err := b.answers(func(m message) (bool, error) {
		interrupted = interrupted || m.flags&unix.NLM_F_DUMP_INTR != 0
		switch {
		case m.kind == unix.NLMSG_DONE, m.kind == unix.NLMSG_ERROR:
			return true, m.errno()
		case len(m.data) >= fixedBytes:
			b.parsed.read(m.data[fixedBytes:])
			each(m.data[:fixedBytes], &b.parsed)
		}
		return false, nil
	})
	if err == nil && interrupted {
		return netlink.ErrDumpInterrupted
	}
	return err
}

// answers gives each message that comes, until one is the last.
func (b *batch) answers(each func(message) (done bool, err error)) error {
	for {
		n, _, err := unix.Recvfrom(b.fd, b.received, 0)
		if errors.Is(err, unix.EINTR) {
			continue
		}
		if err != nil {
			return err
		}
		for rest := b.received[:n]; len(rest) > 0; {
			var m message
			if m, rest, err = nextMessage(rest); err != nil {
				return err
			}
			if done, err := each(m); done || err != nil {
				return err
			}
		}
	}
}

// message is one of netlink's that was received.
type message struct {
	kind, flags uint16
	number      uint32
	data        []byte // behind the header
}

func nextMessage(b []byte) (m message, rest []byte, err error) {
	if len(b) < headerBytes {
		return m, nil, fmt.Errorf("a netlink message of %d bytes", len(b))
	}
	n := int(binary.NativeEndian.Uint32(b))
	if n < headerBytes || n > len(b) {
		return m, nil, fmt.Errorf("a netlink message that says it has %d bytes, of %d", n, len(b))
	}
	m = message{binary.NativeEndian.Uint16(b[4:]), binary.NativeEndian.Uint16(b[6:]), binary.NativeEndian.Uint32(b[8:]), b[headerBytes:n]}
	return m, b[min((n+3)&^3, len(b)):], nil
}

// errno is what an answer says went wrong, if anything did.
func (m message) errno() error {
	if len(m.data) < 4 {
		return nil
	}
	if code := int32(binary.NativeEndian.Uint32(m.data)); code != 0 {
		return unix.Errno(-code)
	}
	return nil
}
