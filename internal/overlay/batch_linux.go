package overlay

import (
	"encoding/binary"
	"errors"
	"fmt"
	"time"

	"golang.org/x/sys/unix"
)

// batch sends many requests in one message: 10,000 peers are 30,000 requests,
// and one exchange with the kernel for each costs more than what they ask. It
// also asks for lists of as many.
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

// do sends peers' operations in order, each to the device with the index that
// is given for its device's name, and tells of each that failed. The error is
// one of the exchange itself, after which nothing is known of the rest.
func (b *batch) do(ops []Op, index map[string]int, failed func(i int, err error)) error {
	for first := 0; first < len(ops); {
		b.message = b.message[:0]
		last := first
		for more := true; more; last++ {
			at := len(b.message)
			b.message = appendRequest(b.message, ops[last], index[peerDevice(ops[last])])
			more = last+1 < len(ops) && len(b.message)+256 < batchBytes
			number(b.message[at:], uint32(last+1), !more)
		}
		if err := b.send(); err != nil {
			return fmt.Errorf("send a batch of %d requests: %w", last-first, err)
		}
		err := b.answers(func(m message) (done bool, err error) {
			if m.kind != unix.NLMSG_ERROR {
				return false, nil
			}
			if err := m.errno(); err != nil {
				failed(int(m.number)-1, err)
			}
			return m.number == uint32(last), nil
		})
		if err != nil {
			return fmt.Errorf("answer to a batch of %d requests: %w", last-first, err)
		}
		first = last
	}
	return nil
}

func (b *batch) send() error {
	return unix.Sendto(b.fd, b.message, 0, &unix.SockaddrNetlink{Family: unix.AF_NETLINK})
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
