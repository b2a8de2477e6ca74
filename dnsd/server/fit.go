package server

import (
	"sort"

	"rundock/dnsd/packed"

	"github.com/miekg/dns"
)

// fit packs m with opt (which may be nil) into at most size bytes. What does
// not fit goes in this order: additional records, without notice, for they
// are a courtesy; then authority and answer records from the end, whole ones,
// with TC set, so that the client asks again over TCP.
func fit(m *dns.Msg, opt *dns.OPT, size int) ([]byte, error) {
	answers, authority, further := m.Answer, m.Ns, m.Extra
	if most := size / packed.LeastRecord; len(answers) > most {
		// So many never fit, and need not be packed to see that.
		answers, authority, further = answers[:most+1], nil, nil
	}
	var wire []byte
	var err error
	pack := func(nAnswers, nAuthority, nFurther int) bool {
		m.Answer, m.Ns = answers[:nAnswers], authority[:nAuthority]
		m.Extra = further[:nFurther:nFurther]
		if opt != nil {
			m.Extra = append(m.Extra, opt)
		}
		var out []byte
		if out, err = m.Pack(); err != nil || len(out) > size {
			return false
		}
		wire = out
		return true
	}
	if pack(len(answers), len(authority), len(further)) {
		return wire, nil
	}
	if pack(len(answers), len(authority), 0) {
		most(len(further), func(n int) bool { return pack(len(answers), len(authority), n) })
		return wire, nil
	}
	m.Truncated = true
	if pack(len(answers), 0, 0) {
		return wire, nil
	}
	if pack(0, 0, 0) {
		most(len(answers), func(n int) bool { return pack(n, 0, 0) })
		return wire, nil
	}
	return nil, err
}

// most tries to find the largest n below limit for which try says yes; what
// it last said yes to is that.
func most(limit int, try func(n int) bool) {
	sort.Search(limit, func(n int) bool { return !try(n) })
}
