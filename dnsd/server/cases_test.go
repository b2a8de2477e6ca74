package server

import (
	_ "embed"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/miekg/dns"
)

//go:embed testdata/cases.txt
var cases string

// TestCases asks every question of testdata/cases.txt over UDP and TCP.
func TestCases(t *testing.T) {
	for _, section := range strings.Split(cases, "\n== ")[1:] {
		claim, body, _ := strings.Cut(section, "\n")
		t.Run(claim, func(t *testing.T) {
			first, rest, _ := strings.Cut(body, "\n>")
			records := map[string]string{}
			var domains []string
			for line := range strings.Lines(first) {
				if key, value, ok := strings.Cut(strings.TrimSpace(line), " "); ok && key == "domains" {
					domains = strings.Fields(value)
				} else if ok {
					records[key] = value
				}
			}
			h := handler(t, records)
			h.Domains = func(netip.Addr) []string { return domains }
			server := serve(t, h)
			for _, q := range strings.Split(rest, "\n>") {
				asked, want, _ := strings.Cut(strings.TrimSpace(q), "\n")
				name, qtype, _ := strings.Cut(asked, " ")
				for _, network := range []string{"udp", "tcp"} {
					reply := ask(t, network, server, question(name, typeNumber(t, qtype)))
					if got := written(reply); got != sorted(t, want) {
						t.Errorf("answer(%q) over %s is\n%s\nwant\n%s", asked, network, got, sorted(t, want))
					}
					if len(reply.Question) != 1 || reply.Question[0].Name != name {
						t.Errorf("answer(%q) repeats the question as %v", asked, reply.Question)
					}
				}
			}
		})
	}
}

// written is a reply as the cases write it.
func written(m *dns.Msg) string {
	head := dns.RcodeToString[m.Rcode]
	if m.Authoritative {
		head += " aa"
	}
	if m.Truncated {
		head += " tc"
	}
	lines := []string{head}
	for _, section := range []struct {
		title string
		rrs   []dns.RR
	}{{"", m.Answer}, {";; authority", m.Ns}, {";; additional", m.Extra}} {
		if len(section.rrs) > 0 && section.title != "" {
			lines = append(lines, section.title)
		}
		var rrs []string
		for _, rr := range section.rrs {
			rrs = append(rrs, rr.String())
		}
		slices.Sort(rrs)
		lines = append(lines, rrs...)
	}
	return strings.Join(lines, "\n")
}

// sorted is an expected reply as written writes it.
func sorted(t *testing.T, want string) string {
	var lines []string
	var rrs []string
	flush := func() {
		slices.Sort(rrs)
		lines = append(lines, rrs...)
		rrs = nil
	}
	for i, line := range strings.Split(strings.TrimSpace(want), "\n") {
		if i == 0 || strings.HasPrefix(line, ";;") {
			flush()
			lines = append(lines, line)
			continue
		}
		rr, err := dns.NewRR(line)
		if err != nil || rr == nil {
			t.Fatalf("case line %q: %v", line, err)
		}
		rrs = append(rrs, rr.String())
	}
	flush()
	return strings.Join(lines, "\n")
}

func typeNumber(t *testing.T, name string) uint16 {
	t.Helper()
	if n, ok := dns.StringToType[name]; ok {
		return n
	}
	n, err := strconv.ParseUint(strings.TrimPrefix(name, "TYPE"), 10, 16)
	if err != nil {
		t.Fatalf("no type %q", name)
	}
	return uint16(n)
}
