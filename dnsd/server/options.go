package server

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"net/netip"
	"slices"
	"strings"
	"time"

	"github.com/miekg/dns"
)

// options are the EDNS options of a reply: the server's name if it was asked
// for (RFC 5001), and a cookie if the client sent one (RFC 7873). No other is
// echoed, and the client's subnet (RFC 7871) changes no answer. Of an option that
// is there more than once the first counts. Not ok: the client's cookie is
// malformed.
func (h *Handler) options(asked *dns.OPT, client netip.Addr) (options []dns.EDNS0, ok bool) {
	seen := map[uint16]bool{}
	for _, o := range asked.Option {
		if seen[o.Option()] {
			continue
		}
		seen[o.Option()] = true
		switch o := o.(type) {
		case *dns.EDNS0_NSID:
			if h.Name != "" {
				options = append(options, &dns.EDNS0_NSID{Code: dns.EDNS0NSID, Nsid: hex.EncodeToString([]byte(h.Name))})
			}
		case *dns.EDNS0_COOKIE:
			cookie, err := hex.DecodeString(o.Cookie)
			if n := len(cookie); err != nil || n != 8 && (n < 16 || n > 40) {
				return nil, false
			}
			options = append(options, &dns.EDNS0_COOKIE{Code: dns.EDNS0COOKIE, Cookie: hex.EncodeToString(h.cookie(cookie[:8], client, time.Now()))})
		}
	}
	return options, true
}

// asksCookie says whether a query asks for a cookie, which needs no question (RFC 7873
// section 5.4).
func asksCookie(query *dns.Msg) bool {
	opt := query.IsEdns0()
	return opt != nil && slices.ContainsFunc(opt.Option, func(o dns.EDNS0) bool { return o.Option() == dns.EDNS0COOKIE })
}

// cookie is the client's cookie with ours behind it: version, time and a
// keyed hash, in the layout of RFC 9018, though with a hash of our own, as no
// other server must know it. Replies do not depend on what a client sends: the cookie
// is for the client, who can tell our replies from forged ones.
func (h *Handler) cookie(client []byte, addr netip.Addr, now time.Time) []byte {
	c := append([]byte(nil), client...)
	c = append(c, 1, 0, 0, 0)
	c = binary.BigEndian.AppendUint32(c, uint32(now.Unix()))
	mac := hmac.New(sha256.New, h.Secret[:])
	mac.Write(c)
	mac.Write(addr.AsSlice())
	return append(c, mac.Sum(nil)[:8]...)
}

// chaos answers the questions of class CHAOS that say who answers; all others
// are refused.
func (h *Handler) chaos(q dns.Question) (text string, ok bool) {
	switch strings.ToLower(q.Name) {
	case "version.bind.", "version.server.":
		text = h.Version
	case "hostname.bind.", "id.server.":
		text = h.Name
	}
	return text, text != "" && (q.Qtype == dns.TypeTXT || q.Qtype == dns.TypeANY)
}
