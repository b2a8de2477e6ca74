package server

import (
	"encoding/binary"
	"net/netip"
	"strconv"
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"
)

// A batch is the packets that one system call reads, and the replies that
// one sends. All its memory is taken once.
//
// Source: recvmmsg(2), sendmmsg(2).
type batch struct {
	socket   *udpSocket
	in, out  []byte
	outSpace int
	received [batchSize]message
	replies  [batchSize]message
	pieces   [2 * batchSize]unix.Iovec
	names    [batchSize]unix.RawSockaddrInet6 // has room for IPv4's
	controls [batchSize][controlSpace]byte

	count      int // of replies
	n          int // packets read
	errno      syscall.Errno
	onReadable func(fd uintptr) bool
}

// A message is the kernel's struct mmsghdr.
type message struct {
	unix.Msghdr
	length uint32
	_      [4]byte
}

const (
	batchSize    = 32
	inSpace      = 4096 // a longer packet is cut, and so malformed
	controlSpace = 64
	// Without a gap all packets of a batch would begin in the same few lines
	// of the processor's cache.
	gap = 64
)

func newBatch(socket *udpSocket, maxReply int) *batch {
	b := &batch{socket: socket, outSpace: maxReply}
	b.in = make([]byte, batchSize*(inSpace+gap))
	b.out = make([]byte, batchSize*(maxReply+gap))
	for i := range batchSize {
		b.pieces[i].Base = &b.in[i*(inSpace+gap)]
		b.pieces[i].SetLen(inSpace)
		m := &b.received[i].Msghdr
		m.Iov, m.Iovlen = &b.pieces[i], 1
		m.Name = (*byte)(unsafe.Pointer(&b.names[i]))
		m.Control = &b.controls[i][0]
	}
	b.onReadable = b.receive
	return b
}

// read waits for packets and returns how many there are.
func (b *batch) read() (int, error) {
	if err := b.socket.receive(b.onReadable); err != nil {
		return 0, err
	}
	if b.errno != 0 {
		return 0, b.errno
	}
	return b.n, nil
}

func (b *batch) receive(uintptr) (done bool) {
	for i := range b.received {
		m := &b.received[i].Msghdr
		m.Namelen, m.Flags = unix.SizeofSockaddrInet6, 0
		m.SetControllen(controlSpace)
	}
	for {
		n, _, errno := unix.RawSyscall6(unix.SYS_RECVMMSG, uintptr(b.socket.fd), uintptr(unsafe.Pointer(&b.received)), batchSize, unix.MSG_DONTWAIT, 0, 0)
		switch errno {
		case unix.EAGAIN:
			return false
		case unix.EINTR:
		default:
			b.n, b.errno = int(n), errno
			return true
		}
	}
}

func (b *batch) packet(i int) []byte {
	return b.in[i*(inSpace+gap):][:b.received[i].length]
}

// reply is where the reply to packet i is to be written.
func (b *batch) reply(i int) []byte {
	return b.out[i*(b.outSpace+gap):][:b.outSpace:b.outSpace]
}

// control is the control message of packet i.
func (b *batch) control(i int) []byte {
	return b.controls[i][:b.received[i].Controllen]
}

func (b *batch) from(i int) netip.AddrPort {
	name := (*[unix.SizeofSockaddrInet6]byte)(unsafe.Pointer(&b.names[i]))
	port := binary.BigEndian.Uint16(name[2:])
	if binary.NativeEndian.Uint16(name[:]) == unix.AF_INET {
		return netip.AddrPortFrom(netip.AddrFrom4([4]byte(name[4:8])), port)
	}
	addr := netip.AddrFrom16([16]byte(name[8:24]))
	if scope := binary.NativeEndian.Uint32(name[24:]); scope != 0 {
		addr = addr.WithZone(strconv.FormatUint(uint64(scope), 10))
	}
	return netip.AddrPortFrom(addr, port)
}

// send adds the reply to packet i, of that length, to what flush sends.
func (b *batch) send(i, length int) {
	if length == 0 {
		return
	}
	piece := &b.pieces[batchSize+b.count]
	piece.Base = &b.out[i*(b.outSpace+gap)]
	piece.SetLen(length)
	m := &b.replies[b.count].Msghdr
	*m = b.received[i].Msghdr
	m.Iov, m.Flags = piece, 0
	if m.Controllen == 0 {
		m.Control = nil
	} else {
		replySource(b.control(i))
	}
	b.count++
}

// flush sends the replies. One that cannot be sent is lost, as on the way.
func (b *batch) flush() {
	for sent := 0; sent < b.count; {
		// Go's scheduler is not told: its monitor thread would be woken for
		// nearly every batch, and a batch takes no longer than other work.
		n, _, errno := unix.RawSyscall6(unix.SYS_SENDMMSG, uintptr(b.socket.fd), uintptr(unsafe.Pointer(&b.replies[sent])), uintptr(b.count-sent), unix.MSG_DONTWAIT, 0, 0)
		switch errno {
		case 0:
			sent += int(n)
		case unix.EAGAIN:
			b.socket.awaitRoom()
		case unix.EINTR:
		default:
			sent++
		}
	}
	b.count = 0
}

// sender returns what sends the reply to packet i later, when the batch may be
// another already.
func (b *batch) sender(i int) func(reply []byte) {
	to, source := b.from(i), append([]byte(nil), replySource(b.control(i))...)
	return func(reply []byte) { b.socket.send(reply, source, to) }
}
