package bench

import (
	"fmt"
	"net/netip"
	"os"
	"testing"
	"unsafe"

	"golang.org/x/sys/unix"
)

// bareListen in the environment makes this test binary a server that says one
// thing to all questions, and does nothing for it but what any server has to
// ask of the kernel: it shows how much of the others' time is the kernel's.
const bareListen = "DNSD_BENCH_BARE"

func (s *site) bare(t *testing.T) *process {
	_, _, address := listen(t)
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	command := pinned(0, exe)
	command.Env = append(os.Environ(), bareListen+"="+address)
	return run(t, &process{name: "the kernel, one static A", address: address, static: true}, command)
}

func serveBare(address string) error {
	at, err := netip.ParseAddrPort(address)
	if err != nil {
		return err
	}
	fd, err := unix.Socket(unix.AF_INET, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return err
	}
	if err := unix.Bind(fd, &unix.SockaddrInet4{Port: int(at.Port()), Addr: at.Addr().As4()}); err != nil {
		return err
	}
	type message struct { // struct mmsghdr
		unix.Msghdr
		length uint32
		_      [4]byte
	}
	const count = 64
	var (
		messages [count]message
		names    [count]unix.RawSockaddrInet4
		pieces   [count]unix.Iovec
		packets  [count][1024]byte
	)
	// Not as a system call that Go's scheduler knows of: nothing else runs here.
	call := func(number, n, flags uintptr) int {
		for {
			done, _, errno := unix.RawSyscall6(number, uintptr(fd), uintptr(unsafe.Pointer(&messages)), n, flags, 0, 0)
			if errno == 0 {
				return int(done)
			}
		}
	}
	for {
		for i := range messages {
			pieces[i] = unix.Iovec{Base: &packets[i][0], Len: uint64(len(packets[i]) - len(bareRecord))}
			messages[i].Msghdr = unix.Msghdr{Name: (*byte)(unsafe.Pointer(&names[i])), Namelen: unix.SizeofSockaddrInet4, Iov: &pieces[i], Iovlen: 1}
		}
		n := call(unix.SYS_RECVMMSG, count, unix.MSG_WAITFORONE)
		for i := range n {
			pieces[i].SetLen(reply(&packets[i]))
		}
		call(unix.SYS_SENDMMSG, uintptr(n), 0)
	}
}

// bareRecord is the question's name, A 10.1.0.1 for 30 s.
const bareRecord = "\xc0\x0c\x00\x01\x00\x01\x00\x00\x00\x1e\x00\x04\x0a\x01\x00\x01"

// reply turns a query into its reply, and returns the length.
func reply(packet *[1024]byte) int {
	packet[2], packet[3], packet[7], packet[11] = 0x84, 0, 1, 0
	end := 12
	for packet[end] != 0 {
		end += 1 + int(packet[end])
	}
	end += 5
	return end + copy(packet[end:], bareRecord)
}

// TestBareServer is that the server whose only work is the kernel's answers.
func TestBareServer(t *testing.T) {
	need(t, "taskset")
	p := newSite(t, 1).bare(t)
	(&site{services: 1}).awaitAnswer(t, p)
	if want, got := fmt.Sprintf("NOERROR aa:true soa:false\nsvc-0.%s.\t30\tin\ta\t10.1.0.1", zone), p.answer(t, "svc-0 A"); got != want {
		t.Errorf("it answers\n%s\nwant\n%s", got, want)
	}
}
