package pathmtu

import (
	"bytes"
	"encoding/binary"
	"net/netip"

	"rundock/internal/overlay"
)

// A probe asks a peer for an answer to a packet of a size: what its kernel
// takes for a packet of the network, an ICMP echo request (RFC 792) inside
// VXLAN (RFC 7348), is followed by padding, as an Ethernet frame may be. So
// the answer is small, whatever the size, and the way back has no part in it.
type probe struct {
	from, to netip.Addr  // of the VXLAN devices
	mac      overlay.MAC // of the peer's
	fromMAC  overlay.MAC
	vni      uint32

	id    uint16  // of the prober
	token [8]byte // that nobody else knows: an answer has it
	size  int     // of the packet in the network; 0: the control
	round int     // of the search
}

const (
	ipHeader   = 20
	udpHeader  = 8
	icmpHeader = 8
	ipDontFrag = 0x4000

	icmpEcho      = 8
	icmpEchoReply = 0
)

// echo is the ICMP message.
func (p probe) echo() []byte {
	m := make([]byte, icmpHeader, icmpHeader+len(p.token)+4)
	m[0] = icmpEcho
	binary.BigEndian.PutUint16(m[4:], p.id)
	binary.BigEndian.PutUint16(m[6:], uint16(p.round))
	m = append(m, p.token[:]...)
	m = binary.BigEndian.AppendUint16(m, uint16(p.size))
	m = binary.BigEndian.AppendUint16(m, uint16(p.round))
	binary.BigEndian.PutUint16(m[2:], Checksum(0, m))
	return m
}

// answers reports whether a message answers a probe of p's prober, and to
// which size and round.
func (p probe) answers(m []byte) (size, round int, ok bool) {
	body := icmpHeader + len(p.token)
	if len(m) != body+4 || m[0] != icmpEchoReply || binary.BigEndian.Uint16(m[4:]) != p.id || !bytes.Equal(m[icmpHeader:body], p.token[:]) {
		return 0, 0, false
	}
	return int(binary.BigEndian.Uint16(m[body:])), int(binary.BigEndian.Uint16(m[body+2:])), true
}

// vxlan is what UDP carries.
func (p probe) vxlan() []byte {
	b := binary.BigEndian.AppendUint32(nil, 1<<27) // there is a VNI
	b = binary.BigEndian.AppendUint32(b, p.vni<<8)
	b = append(append(b, p.mac[:]...), p.fromMAC[:]...)
	b = binary.BigEndian.AppendUint16(b, 0x0800)
	frame := len(b)
	echo := p.echo()
	b = append(append(b, ip4(p.from, p.to, 1, len(echo))...), echo...)
	return append(b, make([]byte, max(0, p.size-(len(b)-frame)))...)
}

// ip4 is a header that says that routers are not to fragment the packet.
func ip4(from, to netip.Addr, protocol byte, payload int) []byte {
	h := make([]byte, ipHeader)
	h[0] = 4<<4 | ipHeader/4
	binary.BigEndian.PutUint16(h[2:], uint16(ipHeader+payload))
	binary.BigEndian.PutUint16(h[6:], ipDontFrag)
	h[8], h[9] = 64, protocol
	copy(h[12:], from.AsSlice())
	copy(h[16:], to.AsSlice())
	binary.BigEndian.PutUint16(h[10:], Checksum(0, h))
	return h
}

// packet4 is the whole of it on an IPv4 underlay.
func (p probe) packet4(from, to netip.AddrPort) []byte {
	payload := p.vxlan()
	udp := make([]byte, udpHeader, udpHeader+len(payload))
	binary.BigEndian.PutUint16(udp, from.Port())
	binary.BigEndian.PutUint16(udp[2:], to.Port())
	binary.BigEndian.PutUint16(udp[4:], uint16(udpHeader+len(payload)))
	udp = append(udp, payload...)
	pseudo := append(append(from.Addr().AsSlice(), to.Addr().AsSlice()...), 0, 17)
	pseudo = append(pseudo, udp[4:6]...)
	sum := Checksum(sumOf(0, pseudo), udp)
	if sum == 0 {
		sum = 0xffff // 0 says that there is none
	}
	binary.BigEndian.PutUint16(udp[6:], sum)
	return append(ip4(from.Addr(), to.Addr(), 17, len(udp)), udp...)
}

// Checksum is that of RFC 1071, of b and what was summed up before.
func Checksum(sum uint32, b []byte) uint16 {
	sum = sumOf(sum, b)
	for sum > 0xffff {
		sum = sum>>16 + sum&0xffff
	}
	return ^uint16(sum)
}

func sumOf(sum uint32, b []byte) uint32 {
	for ; len(b) > 1; b = b[2:] {
		sum += uint32(binary.BigEndian.Uint16(b))
	}
	if len(b) == 1 {
		sum += uint32(b[0]) << 8
	}
	return sum
}
