package server

import (
	"context"
	"net/netip"
	"slices"
	"strings"
	"time"

	"rundock/dnsd/answer"
	"rundock/dnsd/querylog"

	"github.com/miekg/dns"
)

const (
	patience   = 4 * time.Second // clients wait for 5 s
	maxAliases = 16              // CNAMEs that are followed in an upstream's reply
	maxLeaves  = 4               // times that a chain of CNAMEs may leave our zones
)

// forwardsFor says whether a client's queries are sent upstream.
func (h *Handler) forwardsFor(client netip.Addr) bool {
	if h.Forwarder == nil {
		return false
	}
	client = client.Unmap().WithZone("")
	for _, p := range h.ForwardFor {
		if p.Contains(client) {
			return true
		}
	}
	return false
}

// forward completes r by what upstreams say, whether they say that they
// verified it, and where the reply comes from. A chain of CNAMEs may leave our
// zones, come back, as upstreams need not know our names, and leave again.
func (h *Handler) forward(ctx context.Context, query *dns.Msg, r answer.Result, turn uint32) (full answer.Result, ad bool, from string) {
	q := query.Question[0]
	if r.Continue != "" {
		q.Name = r.Continue
	}
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	asked := map[string]bool{}
	var proofs []dns.RR // of others' wildcards in the chain
	for {
		asked[strings.ToLower(q.Name)] = true
		reply, source, err := h.Forwarder.Exchange(ctx, query, q)
		if err != nil {
			return answer.Result{Zone: r.Zone, Rcode: dns.RcodeServerFailure}, false, querylog.Self
		}
		from = source
		chain, target := aliases(reply.Answer, q)
		home := h.Answers.Reply(dns.Question{Name: target, Qtype: q.Qtype, Qclass: q.Qclass}, turn)
		switch denied := reply.Rcode == dns.RcodeNameError; {
		case home.Zone < 0 && len(r.Answer) > 0 && reply.Rcode != dns.RcodeSuccess && !denied:
			// The upstream's refusal is of its own client, and no part of an answer of ours.
			return answer.Result{Zone: r.Zone, Rcode: dns.RcodeServerFailure}, false, from
		case home.Zone < 0:
			ad = reply.AuthenticatedData && len(r.Answer) == 0
			r.Rcode, r.Answer = ofClient(reply.Rcode), append(r.Answer, reply.Answer...)
			r.Authority, r.Additional = slices.Concat(reply.Ns, proofs), reply.Extra
			if denied && r.Encloses && len(reply.Answer) == 0 && !slices.ContainsFunc(reply.Ns, isProof) {
				r.Rcode = dns.RcodeSuccess // else names of ours would not exist either (RFC 8020)
			}
			return r, ad, from
		}
		r.Rcode, r.Answer = home.Rcode, dns.Dedup(slices.Concat(r.Answer, chain, home.Answer), nil)
		if slices.ContainsFunc(chain, ofWildcard) {
			proofs = append(proofs, proofsIn(reply.Ns)...)
		}
		r.Authority, r.Additional = slices.Concat(home.Authority, proofs), home.Additional
		if home.Continue == "" || asked[strings.ToLower(home.Continue)] || len(asked) == maxLeaves {
			return r, false, from
		}
		q.Name = home.Continue
	}
}

// fromAbove is what upstreams say of a zone of ours, for the zone above it. Where
// that does not know it, and does not prove that either, r holds: what is
// denied without proof would be denied for all types, and the zone is there.
func (h *Handler) fromAbove(ctx context.Context, query *dns.Msg, r answer.Result) (full answer.Result, ad bool, from string) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	reply, source, err := h.Forwarder.Exchange(ctx, query, query.Question[0])
	switch {
	case err != nil:
		return answer.Result{Zone: r.Zone, Rcode: dns.RcodeServerFailure}, false, querylog.Self
	case reply.Rcode == dns.RcodeNameError && !slices.ContainsFunc(reply.Ns, isProof):
		return r, false, querylog.Table
	case reply.Rcode != dns.RcodeSuccess && reply.Rcode != dns.RcodeNameError:
		// The upstream's refusal is of its own client, and says nothing of a zone of ours.
		return answer.Result{Zone: r.Zone, Rcode: dns.RcodeServerFailure}, false, source
	}
	return answer.Result{Zone: r.Zone, Rcode: reply.Rcode, Answer: reply.Answer, Authority: reply.Ns, Additional: reply.Extra}, reply.AuthenticatedData, source
}

// ofClient is what a client is told where an upstream says rcode. That a query is malformed,
// or of no EDNS version it knows, is said of the one dnsd made: the client's was well.
func ofClient(rcode int) int {
	if rcode == dns.RcodeFormatError || rcode == dns.RcodeBadVers {
		return dns.RcodeServerFailure
	}
	return rcode
}

// isProof says whether a record proves that others are not there.
func isProof(rr dns.RR) bool {
	t := rr.Header().Rrtype
	return t == dns.TypeNSEC || t == dns.TypeNSEC3
}

// aliases are the CNAMEs that a reply to q begins with, in their order, each with what
// proves it, and what the last one points to; "" without any.
func aliases(records []dns.RR, q dns.Question) (chain []dns.RR, target string) {
	if q.Qtype == dns.TypeCNAME {
		return nil, ""
	}
	name := q.Name
	for range maxAliases {
		i := slices.IndexFunc(records, func(rr dns.RR) bool {
			return rr.Header().Rrtype == dns.TypeCNAME && strings.EqualFold(rr.Header().Name, name)
		})
		if i < 0 {
			break
		}
		chain, target = append(chain, records[i]), records[i].(*dns.CNAME).Target
		for _, rr := range records {
			if proves(rr, name) {
				chain = append(chain, rr)
			}
		}
		name = target
	}
	return chain, target
}

// proves says whether rr is a signature of the CNAME at name, or the DNAME it is made from, or
// that one's signature. A client that validates takes no CNAME of a signed zone without.
func proves(rr dns.RR, name string) bool {
	owner := rr.Header().Name
	below := dns.IsSubDomain(owner, name) && !strings.EqualFold(owner, name)
	switch rr := rr.(type) {
	case *dns.DNAME:
		return below
	case *dns.RRSIG:
		return rr.TypeCovered == dns.TypeCNAME && strings.EqualFold(owner, name) || rr.TypeCovered == dns.TypeDNAME && below
	}
	return false
}

// ofWildcard says whether rr is the signature of a record that a wildcard stands for. It is believed
// together with the proof that the name itself is not there (RFC 4035 section 3.1.3.3).
func ofWildcard(rr dns.RR) bool {
	sig, ok := rr.(*dns.RRSIG)
	return ok && int(sig.Labels) < dns.CountLabel(sig.Hdr.Name)
}

// proofsIn are the proofs among records, with their signatures.
func proofsIn(records []dns.RR) []dns.RR {
	var proofs []dns.RR
	for _, rr := range records {
		sig, ok := rr.(*dns.RRSIG)
		if isProof(rr) || ok && (sig.TypeCovered == dns.TypeNSEC || sig.TypeCovered == dns.TypeNSEC3) {
			proofs = append(proofs, rr)
		}
	}
	return proofs
}
