package server

import (
	"context"
	"time"

	"rundock/dnsd/answer"
	"rundock/dnsd/querylog"

	"github.com/miekg/dns"
)

// exchange is one query on its way to a reply.
type exchange struct {
	h       *Handler
	client  Client
	turn    uint32
	start   time.Time
	logged  []byte // a copy of the packet; nil: it is not logged
	query   *dns.Msg
	options []dns.EDNS0 // of the reply
}

// answer is Handler.Serve for a query that could be read.
func (e *exchange) answer() (reply []byte, later func(context.Context) []byte) {
	h := e.h
	if opt := e.query.IsEdns0(); opt != nil {
		var ok bool
		if e.options, ok = h.options(opt, e.client.Addr()); !ok {
			return e.without(dns.RcodeFormatError), nil
		}
		if opt.Version() != 0 {
			return e.without(dns.RcodeBadVers), nil
		}
	}
	if len(e.query.Question) == 0 { // it wants the cookie alone
		return e.without(dns.RcodeSuccess), nil
	}
	q := e.query.Question[0]
	if text, ok := h.chaos(q); ok && q.Qclass == dns.ClassCHAOS {
		txt := &dns.TXT{Hdr: dns.RR_Header{Name: q.Name, Rrtype: dns.TypeTXT, Class: dns.ClassCHAOS}, Txt: []string{text}}
		return e.finish(answer.Result{Zone: -1, Authoritative: true, Answer: []dns.RR{txt}}, false, querylog.Self), nil
	}
	if q.Qclass != dns.ClassINET {
		return e.without(dns.RcodeRefused), nil
	}
	if !h.Answers.Laborious(q.Name) {
		return e.complete(e.decide())
	}
	return nil, e.answerLaborious
}

// decide is the table's answer.
func (e *exchange) decide() answer.Result {
	q := e.query.Question[0]
	if e.h.Domains != nil {
		if domains := e.h.Domains(e.client.Addr()); domains != nil {
			if r, ok := e.h.Answers.ReplyIn(domains, q, e.turn, !e.client.TCP); ok {
				return r
			}
		}
	}
	if e.client.TCP {
		return e.h.Answers.Reply(q, e.turn)
	}
	return e.h.Answers.ReplyUDP(q, e.turn)
}

// answerLaborious answers one query at a time: the other cores are for those who
// ask for one name.
func (e *exchange) answerLaborious(ctx context.Context) []byte {
	e.h.laborious.Lock()
	r := answer.Result{Zone: -1, Rcode: dns.RcodeServerFailure}
	if time.Since(e.start) < patience {
		r = e.decide()
	}
	e.h.laborious.Unlock()
	reply, later := e.complete(r)
	if later != nil {
		reply = later(ctx)
	}
	return reply
}

// complete asks others for what the table's answer lacks, where they may be asked.
func (e *exchange) complete(r answer.Result) (reply []byte, later func(context.Context) []byte) {
	switch forwards := e.query.RecursionDesired && e.h.forwardsFor(e.client.Addr()); {
	case (r.Elsewhere || r.Continue != "") && forwards:
		return nil, func(ctx context.Context) []byte { return e.finish(e.h.forward(ctx, e.query, r, e.turn)) }
	case r.Above && forwards:
		return nil, func(ctx context.Context) []byte { return e.finish(e.h.fromAbove(ctx, e.query, r)) }
	case r.Elsewhere:
		return e.without(dns.RcodeRefused), nil
	case r.Authoritative:
		return e.finish(r, false, querylog.Table), nil
	}
	return e.finish(r, false, querylog.Self), nil
}

// without is a reply that has no records.
func (e *exchange) without(rcode int) []byte {
	return e.finish(answer.Result{Zone: -1, Rcode: rcode}, false, querylog.Self)
}

// finish makes the reply of a result that comes from the table, an upstream or
// this server itself.
func (e *exchange) finish(r answer.Result, ad bool, from string) []byte {
	out, rcode := e.h.pack(e.query, e.options, r, ad, e.client.TCP)
	var qtype uint16
	if len(e.query.Question) > 0 {
		qtype = e.query.Question[0].Qtype
	}
	return e.replied(out, r.Zone, qtype, rcode, from)
}

// replied counts and logs a reply, and returns it.
func (e *exchange) replied(reply []byte, zone int, qtype uint16, rcode int, from string) []byte {
	e.client.Counts.Replied(zone, qtype, rcode)
	e.client.Counts.Took(1, time.Since(e.start))
	if e.logged != nil {
		e.h.Log.Add(querylog.Query{
			Asked: e.logged, Client: e.client.AddrPort, TCP: e.client.TCP, Rcode: rcode, Reply: [headerLen]byte(reply), Size: len(reply),
			From: from, Start: e.start, Took: time.Since(e.start),
		})
	}
	return reply
}

// pack makes the packet of a result: within the size the transport and the
// client allow, with the client's question as it was and these EDNS options.
func (h *Handler) pack(query *dns.Msg, options []dns.EDNS0, r answer.Result, ad, tcp bool) (out []byte, rcode int) {
	m := &dns.Msg{Compress: true, Answer: r.Answer, Ns: r.Authority, Extra: r.Additional, Question: query.Question}
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
