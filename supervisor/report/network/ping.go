package network

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"net/netip"
	"os"
	"syscall"
	"time"

	"rundock/internal/overlay"
	"rundock/internal/overlay/pathmtu"
	"rundock/supervisor/report"
)

const (
	echoTries = 3
	echoWait  = 700 * time.Millisecond // for the answer to one
)

// Answers reports whether the host that has a subnet of a network answers this one in
// it: by the network's own device, as the address may be of another host elsewhere.
func Answers(ctx context.Context, n overlay.Network, subnet netip.Prefix) bool {
	if _, err := n.Index(subnet); err != nil {
		return false
	}
	return ping(ctx, subnet.Addr(), 0, n.Vxlan()).Answered
}

// ping sends ICMP echo requests (RFC 792, RFC 4443) as packets of size bytes,
// which are not to be fragmented, until one is answered, by whichever device the
// routes say, unless by is given. It needs root.
func ping(ctx context.Context, to netip.Addr, size int, by string) echo {
	network, request, answer, header := "ip4:1", byte(8), byte(0), 20
	if to.Is6() {
		network, request, answer, header = "ip6:58", 128, 129, 40
	}
	c, err := net.DialIP(network, nil, &net.IPAddr{IP: to.AsSlice()})
	if err != nil {
		return echo{Failure: report.Reason(err)}
	}
	defer c.Close()
	defer context.AfterFunc(ctx, func() { c.Close() })()
	if raw, err := c.SyscallConn(); err == nil && to.Is4() {
		raw.Control(func(fd uintptr) {
			// As probe, as the kernel may remember a smaller path MTU.
			syscall.SetsockoptInt(int(fd), syscall.IPPROTO_IP, syscall.IP_MTU_DISCOVER, syscall.IP_PMTUDISC_PROBE)
			if by != "" {
				syscall.BindToDevice(int(fd), by)
			}
			// To be told of hosts that are unreachable.
			syscall.SetsockoptInt(int(fd), syscall.IPPROTO_IP, syscall.IP_RECVERR, 1)
		})
	}
	m := make([]byte, max(size-header, 8))
	m[0] = request
	binary.BigEndian.PutUint16(m[4:], uint16(rand.Uint32())) // as every socket gets all answers
	e := echo{Sent: true}
	buf := make([]byte, 64<<10)
	for i := range echoTries {
		binary.BigEndian.PutUint16(m[6:], uint16(i))
		m[2], m[3] = 0, 0
		if to.Is4() { // for IPv6 the kernel does it
			binary.BigEndian.PutUint16(m[2:], pathmtu.Checksum(0, m))
		}
		began := time.Now()
		c.SetReadDeadline(began.Add(echoWait))
		if _, err := c.Write(m); err != nil {
			return echo{Sent: true, Failure: report.Reason(err)}
		}
		for {
			n, _, err := c.ReadFromIP(buf) // without the IP header, unlike Read
			if errors.Is(err, os.ErrDeadlineExceeded) {
				break
			}
			if err != nil {
				return echo{Sent: true, Failure: report.Reason(err)}
			}
			if n >= 8 && buf[0] == answer && string(buf[4:6]) == string(m[4:6]) {
				return echo{Sent: true, Answered: true, RoundTrip: time.Since(began)}
			}
		}
		if ctx.Err() != nil {
			break
		}
	}
	e.Failure = fmt.Sprintf("no answer within %s", echoTries*echoWait)
	return e
}
