// Package server speaks DNS over UDP and TCP: packets in, packets out, around
// the decisions of package answer and, for other people's names, of upstreams.
//
// There are two ways to a reply. A plain question over UDP is answered by
// worker.plain from answers that are ready to be sent. Everything else goes
// through Handler, which unpacks it with the DNS library. What both can
// answer, they answer alike; a test holds them to it.
//
// Source: RFC 1035, 6891 (EDNS), 7766 (TCP), 9715 (message size over UDP).
package server

import (
	"bytes"
	"context"
	"math/rand/v2"
	"net/netip"
	"sync"
	"time"

	"rundock/dnsd/answer"
	"rundock/dnsd/forward"
	"rundock/dnsd/metrics"
	"rundock/dnsd/querylog"

	"github.com/miekg/dns"
)

// A Handler turns one packet into its reply. All fields are set before the
// first packet.
type Handler struct {
	Answers    *answer.Server
	Forwarder  *forward.Forwarder        // nil without upstreams
	ForwardFor []netip.Prefix            // clients whose queries are forwarded
	Domains    func(netip.Addr) []string // in which names of a client are looked for that are in no zone, fully qualified; nil: of none
	MaxUDP     int                       // bytes of a reply over UDP, whatever the client says it takes; at least 512
	Metrics    *metrics.Set
	Name       string   // answered to NSID and id.server; empty: not
	Version    string   // answered to version.server; empty: not
	Secret     [16]byte // of the cookies given to clients
	Log        *querylog.Log

	laborious sync.Mutex // held while the answer of very many names is made
}

// A Client is who sent a query.
type Client struct {
	netip.AddrPort
	TCP    bool
	Counts *metrics.Queries // of the socket
}

const headerLen = 12

// Serve answers one packet of any kind. When the reply needs an upstream, or is for
// all of very many names, later makes it, which takes time; when both are nil there is
// no reply.
// The packet is not kept.
func (h *Handler) Serve(packet []byte, client Client) (reply []byte, later func(context.Context) []byte) {
	return h.serve(packet, client, rand.Uint32())
}

func (h *Handler) serve(packet []byte, client Client, turn uint32) (reply []byte, later func(context.Context) []byte) {
	if len(packet) < headerLen || packet[2]&0x80 != 0 {
		return nil, nil // not a query; replying to replies makes loops
	}
	e := &exchange{h: h, client: client, turn: turn, start: time.Now()}
	if h.Log.Wants() {
		e.logged = bytes.Clone(packet)
	}
	if opcode := packet[2] >> 3 & 15; opcode != dns.OpcodeQuery {
		return e.replied(h.refused(packet, dns.RcodeNotImplemented), -1, 0, dns.RcodeNotImplemented, querylog.Self), nil
	}
	query := new(dns.Msg)
	if !wellFormed(packet) || query.Unpack(packet) != nil || countOPT(query) > 1 || len(query.Question) == 0 && !asksCookie(query) {
		return e.replied(h.refused(packet, dns.RcodeFormatError), -1, 0, dns.RcodeFormatError, querylog.Self), nil
	}
	e.query = query
	return e.answer()
}

// refused is the reply to a packet that could not be read, or is no query. It has an OPT
// record where the packet has one (RFC 6891, 6.1.1): without it, a sender with EDNS takes
// EDNS for what is not known here.
func (h *Handler) refused(packet []byte, rcode int) []byte {
	reply := make([]byte, headerLen)
	copy(reply, packet[:2])
	reply[2] = 0x80 | packet[2]&0x79 // QR; opcode and RD as they were
	reply[3] = byte(rcode)
	if !hasOPT(packet) {
		return reply
	}
	reply[headerLen-1] = 1 // additional record
	return append(reply, 0, 0, byte(dns.TypeOPT), byte(h.MaxUDP>>8), byte(h.MaxUDP), 0, 0, 0, 0, 0, 0)
}

func countOPT(m *dns.Msg) (n int) {
	for _, rr := range m.Extra {
		if rr.Header().Rrtype == dns.TypeOPT {
			n++
		}
	}
	return n
}
