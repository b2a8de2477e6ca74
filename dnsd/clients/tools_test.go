package clients

import (
	"regexp"
	"strings"
	"testing"
)

// complaint is what the tools say of replies that they find wrong.
var complaint = regexp.MustCompile(`(?i)warning|malformed|mismatch|bad (cookie|packet|owner)|extra bytes|timed out|could ?n[o']t|unexpected|error:`)

// remark are what they say besides: that a server without upstreams is no
// resolver, and that they go on over TCP.
var remark = regexp.MustCompile(`.*WARNING: (recursion requested but not available|truncated reply .*, retrying over TCP)\n`)

// asked are commands, and regular expressions that what they print must
// match; a ! before one: must not. $at is the server, $z the zone.
var asked = []struct {
	claim, command string
	want           []string
}{
	{"addresses", "dig $at +short web.$z", []string{`(?m)\A(127\.9\.0\.[123]\n){3}\z`}},
	{"an answer of an authority", "dig $at web.$z AAAA", []string{"status: NOERROR", `flags: qr aa rd; QUERY: 1, ANSWER: 0, AUTHORITY: 1,`, `s\.prod\.example\.com\.\s+2\s+IN\s+SOA\s+ns\.dns\.s`}},
	{"0x20", "dig $at WeB.S.proD.eXample.cOm", []string{`;WeB\.S\.proD\.eXample\.cOm\.`, `(?m)^WeB\.S\.proD\.eXample\.cOm\.\s+5\s+IN\s+A`}},
	{"a known service of a port", "dig $at _http._tcp.web.$z SRV", []string{"ANSWER: 3, AUTHORITY: 0, ADDITIONAL: 4", `SRV\s+10 33 80 node-2\.web\.s`, `node-2\.web\.s\S+\s+5\s+IN\s+A\s+127\.9\.0\.2`}},
	{"a named port", "dig $at +short _admin._tcp.web.$z SRV", []string{`\A10 100 9000 node-1\._admin\._tcp\.web\.s`}},
	{"a CNAME", "dig $at alias.$z", []string{"ANSWER: 4", `alias\.s\S+\s+5\s+IN\s+CNAME\s+web\.s\.prod`}},
	{"TXT, MX, CAA", "dig $at +short note.$z TXT post.$z MX ca.$z CAA", []string{`"all is \\"well\\"; more or less"\n5 mx1\.post\.s\.prod\.example\.com\.\n0 issue "ca\.example\.net"\n`}},
	{"a stored wildcard", "dig $at +short whatever.app.$z", []string{`\A127\.9\.0\.8\n\z`}},
	{"PTR", "dig $at +short -x 127.9.0.2", []string{`\Anode-2\.web\.s\.prod\.example\.com\.\n\z`}},
	{"PTR of IPv6", "dig $at +short -x fd00::6", []string{`\Anode-1\.six\.s\.prod\.example\.com\.\n\z`}},
	{"no such name", "dig $at nope.$z", []string{"status: NXDOMAIN", "AUTHORITY: 1"}},
	{"a name with others below", "dig $at er.deep.$z TXT", []string{"status: NOERROR", "ANSWER: 0"}},
	{"other people's name", "dig $at www.example.net", []string{"status: REFUSED"}},
	{"the apex", "dig $at $z SOA $z NS", []string{`SOA\s+ns\.dns\.s\S+ hostmaster\.s\S+ \d+ 3600 600 86400 2\n`, `NS\s+ns\.dns\.s\.prod`}},
	{"a cookie", "dig $at +cookie web.$z", []string{`; COOKIE: [0-9a-f]{48} \(good\)`}},
	{"NSID", "dig $at +nsid web.$z", []string{`; NSID: .*\("node-1"\)`}},
	{"an unknown option and a subnet", "dig $at +nocookie +ednsopt=65001:c0ffee +subnet=192.0.2.0/24 web.$z", []string{"ANSWER: 3", `udp: 1232\n;; QUESTION SECTION`}},
	{"an unknown version of EDNS", "dig $at +edns=7 +noednsnegotiation web.$z", []string{"status: BADVERS", "EDNS: version: 0"}},
	{"flags of a validator, and one that is none", "dig $at +dnssec +cdflag +adflag +zflag web.$z", []string{`flags: qr aa rd; QUERY`, `flags: do; udp: 1232`, "!MBZ"}},
	{"an unknown opcode", "dig $at +noedns +opcode=13 web.$z", []string{"status: NOTIMP"}},
	{"ANY", "dig $at web.$z ANY", []string{`HINFO\s+"RFC8482" ""`}},
	{"a transfer", "dig $at $z AXFR", []string{"; Transfer failed."}},
	{"the version", "dig $at +short version.server CH TXT id.server CH TXT", []string{`"dnsd .*"\n"node-1"`}},
	{"two questions on a connection", "dig $at +tcp +keepopen web.$z SRV +tcp +keepopen many.$z SRV", []string{"ANSWER: 3,", "ANSWER: 60, AUTHORITY: 0, ADDITIONAL: 61", `\(TCP\)`}},
	{"a large answer without EDNS", "dig $at +noedns +ignore many.$z SRV", []string{"flags: qr aa tc rd", `ANSWER: [5-9],`}},
	{"a large answer over the cap", "dig $at +bufsize=4096 +ignore many.$z SRV", []string{"flags: qr aa tc rd", `ANSWER: 2\d,`, `MSG SIZE  rcvd: 1[12]\d\d\b`}},
	{"TCP after TC", "dig $at many.$z SRV", []string{"Truncated, retrying in TCP mode", "ANSWER: 60, AUTHORITY: 0, ADDITIONAL: 61"}},
	{"as many addresses as fit", "dig $at many.$z", []string{"ANSWER: 60,", `flags: qr aa rd;`, `\(UDP\)`}},

	{"a validator", "delv $at -i web.$z A", []string{"; authoritative", `web\.s\S+\s+5\s+IN\s+A\s+127\.9\.0\.1`}},
	{"a validator, no such name", "delv $at -i nope.$z A", []string{"ncache nxdomain"}},
	{"a validator, nothing of the type", "delv $at -i web.$z AAAA", []string{"ncache nxrrset"}},

	{"addresses", "kdig $at +short web.$z", []string{`(?m)\A(127\.9\.0\.[123]\n){3}\z`}},
	{"EDNS", "kdig $at +nsid +cookie +subnet=192.0.2.1 +padding=64 web.$z SRV", []string{"status: NOERROR", "Flags: qr aa rd; QUERY: 1; ANSWER: 3; AUTHORITY: 0; ADDITIONAL: 4", `NSID: .*"node-1"`, "COOKIE: [0-9A-F]{48}", "!CLIENT-SUBNET"}},
	{"an unknown version of EDNS", "kdig $at +edns=1 web.$z", []string{"status: BADVERS"}},
	{"a large answer", "kdig $at +bufsize=512 many.$z SRV", []string{`ANSWER: 60;`}},
	{"a large answer, cut", "kdig $at +bufsize=512 +ignore many.$z SRV", []string{"Flags: qr aa tc rd", `ANSWER: [5-9];`}},
	{"two questions on a connection", "kdig $at +tcp +keepopen web.$z A nope.$z A", []string{"ANSWER: 3;", "NXDOMAIN"}},
	{"PTR", "kdig $at +short -x 127.9.0.2", []string{`\Anode-2\.web\.s\.prod\.example\.com\.\n\z`}},
	{"JSON", "kdig $at +json dual.$z AAAA", []string{`"AA": 1`, `fd00::5`}},

	{"addresses", "drill $at web.$z A", []string{"rcode: NOERROR", "flags: qr aa rd ; QUERY: 1, ANSWER: 3,", `(?m)^web\.s\S+\s+5\s+IN\s+A\s+127\.9\.0\.2`}},
	{"SRV with DO", "drill -D $at web.$z SRV", []string{"ANSWER: 3,", `SRV\s+10 33 80 node-2\.web\.s`, "flags: do ; udp: 1232"}},
	{"over TCP", "drill -t $at many.$z SRV", []string{"ANSWER: 60,"}},
	{"TCP after TC", "drill -a $at many.$z SRV", []string{"ANSWER: 60,"}},
	{"PTR", "drill $at -x 127.9.0.2", []string{`PTR\s+node-2\.web\.s`}},
	{"no such name", "drill $at nope.$z", []string{"rcode: NXDOMAIN", `SOA`}},
}

func tools(t *testing.T, s *site) {
	need(t, "dig", "delv", "kdig", "drill")
	at := "@127.0.0.1 -p " + s.dnsd.port
	fill := strings.NewReplacer("dig $at", "dig "+at+" +time=20", "$at", at, "$z", zone)
	for _, c := range asked {
		said := output(t, strings.Fields(fill.Replace(c.command))...)
		said = remark.ReplaceAllString(said, "")
		if found := complaint.FindString(said); found != "" {
			t.Errorf("%s: %s complains: %q in\n%s", c.claim, c.command, found, said)
		}
		for _, want := range c.want {
			want, not := strings.CutPrefix(want, "!")
			if regexp.MustCompile(want).MatchString(said) == not {
				t.Errorf("%s: %s prints\n%s\nwant %s (not: %v)", c.claim, c.command, said, want, not)
			}
		}
	}
}
