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
	Forwarder  *forward.Forwarder // nil without upstreams
	ForwardFor []netip.Prefix     // clients whose queries are forwarded
	MaxUDP     int                // bytes of a reply over UDP, whatever the client says it takes; at least 512
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
	start := time.Now()
	var logged []byte // a copy of a packet that is to be logged
	if h.Log.Wants() {
		logged = bytes.Clone(packet)
	}
	done := func(reply []byte, zone int, qtype uint16, rcode int, from string) []byte {
		client.Counts.Replied(zone, qtype, rcode)
		client.Counts.Took(1, time.Since(start))
		if logged != nil {
			h.Log.Add(querylog.Query{
				Asked: logged, Client: client.AddrPort, TCP: client.TCP, Rcode: rcode, Reply: [headerLen]byte(reply), Size: len(reply),
				From: from, Start: start, Took: time.Since(start),
			})
		}
		return reply
	}
	if len(packet) < headerLen || packet[2]&0x80 != 0 {
		return nil, nil // not a query; replying to replies makes loops
	}
	if opcode := packet[2] >> 3 & 15; opcode != dns.OpcodeQuery {
		return done(bare(packet, dns.RcodeNotImplemented), -1, 0, dns.RcodeNotImplemented, querylog.Self), nil
	}
	query := new(dns.Msg)
	if !wellFormed(packet) || query.Unpack(packet) != nil || len(query.Question) != 1 || countOPT(query) > 1 {
		return done(bare(packet, dns.RcodeFormatError), -1, 0, dns.RcodeFormatError, querylog.Self), nil
	}
	q := query.Question[0]
	var options []dns.EDNS0
	finish := func(r answer.Result, ad bool, from string) []byte {
		out, rcode := h.pack(query, options, r, ad, client.TCP)
		return done(out, r.Zone, q.Qtype, rcode, from)
	}
	refuse := func(rcode int) []byte {
		return finish(answer.Result{Zone: -1, Rcode: rcode}, false, querylog.Self)
	}
	if opt := query.IsEdns0(); opt != nil {
		var ok bool
		if options, ok = h.options(opt, client.Addr()); !ok {
			return refuse(dns.RcodeFormatError), nil
		}
		if opt.Version() != 0 {
			return refuse(dns.RcodeBadVers), nil
		}
	}
	if text, ok := h.chaos(q); ok && q.Qclass == dns.ClassCHAOS {
		txt := &dns.TXT{Hdr: dns.RR_Header{Name: q.Name, Rrtype: dns.TypeTXT, Class: dns.ClassCHAOS}, Txt: []string{text}}
		return finish(answer.Result{Zone: -1, Authoritative: true, Answer: []dns.RR{txt}}, false, querylog.Self), nil
	}
	if q.Qclass != dns.ClassINET {
		return refuse(dns.RcodeRefused), nil
	}
	complete := func(r answer.Result) (reply []byte, later func(context.Context) []byte) {
		switch forwards := query.RecursionDesired && h.forwardsFor(client.Addr()); {
		case (r.Elsewhere || r.Continue != "") && forwards:
			return nil, func(ctx context.Context) []byte { return finish(h.forward(ctx, query, r, turn)) }
		case r.Above && forwards:
			return nil, func(ctx context.Context) []byte { return finish(h.fromAbove(ctx, query, r)) }
		case r.Elsewhere:
			return refuse(dns.RcodeRefused), nil
		case r.Authoritative:
			return finish(r, false, querylog.Table), nil
		}
		return finish(r, false, querylog.Self), nil
	}
	decide := h.Answers.ReplyUDP
	if client.TCP {
		decide = h.Answers.Reply
	}
	if !h.Answers.Laborious(q.Name) {
		return complete(decide(q, turn))
	}
	return nil, func(ctx context.Context) []byte {
		h.laborious.Lock() // one at a time: the other cores are for those who ask for one name
		r := answer.Result{Zone: -1, Rcode: dns.RcodeServerFailure}
		if time.Since(start) < patience {
			r = decide(q, turn)
		}
		h.laborious.Unlock()
		reply, later := complete(r)
		if later != nil {
			reply = later(ctx)
		}
		return reply
	}
}

// pack makes the packet of a result: within the size the transport and the
// client allow, with the client's question as it was and these EDNS options.
func (h *Handler) pack(query *dns.Msg, options []dns.EDNS0, r answer.Result, ad, tcp bool) (out []byte, rcode int) {
	m := &dns.Msg{Compress: true, Answer: r.Answer, Ns: r.Authority, Extra: r.Further, Question: query.Question}
	m.Id, m.Response, m.RecursionDesired = query.Id, true, query.RecursionDesired
	m.Authoritative, m.RecursionAvailable, m.AuthenticatedData = r.Authoritative, h.Forwarder != nil, ad
	m.CheckingDisabled = query.CheckingDisabled && !r.Authoritative
	m.Rcode = r.Rcode
	size := dns.MaxMsgSize - 1
	if !tcp {
		size = dns.MinMsgSize
	}
	var opt *dns.OPT
	if asked := query.IsEdns0(); asked != nil {
		opt = &dns.OPT{Hdr: dns.RR_Header{Name: ".", Rrtype: dns.TypeOPT}, Option: options}
		opt.SetUDPSize(uint16(h.MaxUDP))
		if asked.Do() {
			opt.SetDo()
		}
		if !tcp {
			size = min(max(int(asked.UDPSize()), dns.MinMsgSize), h.MaxUDP)
		}
	}
	out, err := fit(m, opt, size)
	if err != nil {
		// No record of ours packs badly, but an upstream's may.
		m.Answer, m.Ns, m.Extra, m.Rcode = nil, nil, nil, dns.RcodeServerFailure
		out, _ = fit(m, opt, size)
	}
	return out, m.Rcode
}

// bare is a reply that is only a header: what is left to say about a query
// that could not be read.
func bare(packet []byte, rcode int) []byte {
	reply := make([]byte, headerLen)
	copy(reply, packet[:2])
	reply[2] = 0x80 | packet[2]&0x79 // QR; opcode and RD as they were
	reply[3] = byte(rcode)
	return reply
}

func countOPT(m *dns.Msg) (n int) {
	for _, rr := range m.Extra {
		if rr.Header().Rrtype == dns.TypeOPT {
			n++
		}
	}
	return n
}
