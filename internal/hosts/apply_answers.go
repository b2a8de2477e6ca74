package hosts

import (
	"encoding/binary"
	"errors"
	"fmt"
	"net/netip"
	"os"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

// answers waits until dnsd answers on each address. Any answer is enough:
// without its store dnsd says so, and still forwards. A host whose dnsd does not
// work gets the resolvers of before rundock back.
func (a *applier) answers() error {
	r := a.want.Resolver
	var err error
	for deadline := time.Now().Add(patience); time.Now().Before(deadline); time.Sleep(200 * time.Millisecond) {
		if err = r.ask(); err == nil {
			return nil
		}
	}
	back := ""
	if before, e := os.ReadFile(savedResolvConf); e == nil {
		if e := putResolvConf(before); e == nil {
			back = "; " + resolvConf + " is as before rundock"
		}
	}
	return fmt.Errorf("dnsd does not answer: %w%s%s", err, back, lastWords("dnsd", "/etc/sv/dnsd"))
}

func (r Resolver) ask() error {
	for _, address := range r.Ask {
		if err := ask(address, r.Zone); err != nil {
			return fmt.Errorf("%s: %w", address, err)
		}
	}
	return nil
}

// ask sends one question for the SOA of zone, and waits a second for an answer.
// The sockets are the kernel's own: package net would be a third of the module.
func ask(address, zone string) error {
	to, err := netip.ParseAddr(address)
	if err != nil {
		return err
	}
	family, sockaddr := unix.AF_INET6, unix.Sockaddr(&unix.SockaddrInet6{Port: 53, Addr: to.As16()})
	if to.Is4() {
		family, sockaddr = unix.AF_INET, &unix.SockaddrInet4{Port: 53, Addr: to.As4()}
	}
	fd, err := unix.Socket(family, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return err
	}
	defer unix.Close(fd)
	if err := unix.SetsockoptTimeval(fd, unix.SOL_SOCKET, unix.SO_RCVTIMEO, &unix.Timeval{Sec: 1}); err != nil {
		return err
	}
	if err := unix.Connect(fd, sockaddr); err != nil {
		return err
	}
	id := uint16(os.Getpid())
	if _, err := unix.Write(fd, question(id, zone)); err != nil {
		return err
	}
	answer := make([]byte, 512)
	n, err := unix.Read(fd, answer)
	switch {
	case errors.Is(err, unix.EAGAIN):
		return errors.New("no answer within a second")
	case err != nil:
		return err
	case n < 12 || binary.BigEndian.Uint16(answer) != id:
		return errors.New("what came is no answer")
	}
	return nil
}

// question is a DNS message that asks for the SOA of zone.
//
// Source: RFC 1035, 4.1.
func question(id uint16, zone string) []byte {
	m := binary.BigEndian.AppendUint16(nil, id)
	m = append(m, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0) // recursion desired, one question
	for _, label := range strings.Split(strings.TrimSuffix(zone, "."), ".") {
		m = append(append(m, byte(len(label))), label...)
	}
	return append(m, 0, 0, 6, 0, 1) // root; SOA, IN
}
