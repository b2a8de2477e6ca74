package clients

import (
	"fmt"
	"net"
	"os/exec"
	"regexp"
	"strings"
	"testing"

	"rundock/internal/await"
	"rundock/internal/registry/etcdtest"
)

// above is the zone above ours, which is delegated without DS.
const above = "prod.example.com"

// signed starts a Knot that signs the zone above, and returns where it
// listens and the key to trust it by.
func signed(t *testing.T) (host, port, key string) {
	t.Helper()
	need(t, "knotd")
	host, port, _ = net.SplitHostPort(etcdtest.Address())
	dir := t.TempDir()
	run(t, exec.Command("knotd", "-c", file(t, "knot.conf", fmt.Sprintf(`
server:
    rundir: %[1]q
    listen: %[2]s@%[3]s
    udp-workers: 1
    tcp-workers: 1
    background-workers: 1
database:
    storage: %[1]q
zone:
  - domain: %[4]s
    file: %[5]q
    journal-content: none
    zonefile-sync: -1
    dnssec-signing: on
`, dir, host, port, above, file(t, "zone", `
$ORIGIN prod.example.com.
$TTL 60
@ SOA ns hostmaster 1 3600 600 86400 60
@ NS ns
ns A 127.9.2.1
www A 127.9.2.2
s NS ns.dns.s
ns.dns.s A 127.9.2.3
`)))))
	await.True(t, "Knot has signed the zone", func() bool {
		out, err := exec.Command("dig", "@"+host, "-p", port, "+short", "+time=1", "+tries=1", above, "DNSKEY").Output()
		key = regexp.MustCompile(`257 3 .*`).FindString(string(out))
		return err == nil && key != ""
	})
	return host, port, key
}

// validator asks, by a delv and an Unbound that validate all, a dnsd whose
// upstream has the signed zone above.
func validator(t *testing.T, s *site) {
	need(t, "dig", "delv")
	upstream, upstreamPort, key := signed(t)
	d := s.start(t, "--upstream="+net.JoinHostPort(upstream, upstreamPort))
	p, host, port := resolve(t, fmt.Sprintf(`
server:
    verbosity: 2
    do-not-query-localhost: no
    trust-anchor: "%s. DNSKEY %s"
    val-log-level: 2
forward-zone:
    name: "."
    forward-addr: 127.0.0.1@%s
`, above, key, d.port))
	for _, c := range []struct{ question, want string }{
		{"www." + above + " A", `flags: qr rd ra ad;[^;]* ANSWER: [12],`},
		{"nope." + above + " A", `NXDOMAIN[^;]*;; flags: qr rd ra ad;`},
		{zone + " DS", `NOERROR[^;]*;; flags: qr rd ra ad; QUERY: 1, ANSWER: 0`},
		{"web." + zone + " A", `NOERROR[^;]*;; flags: qr rd ra; QUERY: 1, ANSWER: 3,`},
		{"_http._tcp.web." + zone + " SRV", `NOERROR[^;]*;; flags: qr rd ra; QUERY: 1, ANSWER: 3,`},
		{"alias." + zone + " A", `ANSWER: 4,`},
		{"web." + zone + " AAAA", `NOERROR[^;]*;; flags: qr rd ra; QUERY: 1, ANSWER: 0`},
		{"nope." + zone + " A", `NXDOMAIN`},
		{"web." + zone + " DS", `NOERROR[^;]*;; flags: qr rd ra; QUERY: 1, ANSWER: 0`},
		{zone + " SOA", `ANSWER: 1,`},
	} {
		said := output(t, append([]string{"dig", "@" + host, "-p", port, "+adflag", "+dnssec"}, strings.Fields(c.question)...)...)
		if !regexp.MustCompile(c.want).MatchString(said) {
			t.Errorf("Unbound answers %s with\n%s\nwant %s", c.question, said, c.want)
		}
	}
	if found := regexp.MustCompile(`(?i).*validation failure.*`).FindString(p.said()); found != "" {
		t.Errorf("Unbound complains: %s", found)
	}

	fields := strings.Fields(key)
	anchor := file(t, "anchor", fmt.Sprintf("trust-anchors {\n  %q static-key %s %q;\n};\n", above+".", strings.Join(fields[:3], " "), strings.Join(fields[3:], "")))
	for _, c := range []struct{ question, want string }{
		{"www." + above + " A", `; fully validated\nwww\.`},
		{"web." + zone + " A", `; unsigned answer\nweb\.s\S+\s+\d+\s+IN\s+A\s+127\.9\.0\.`},
		{"web." + zone + " SRV", `; unsigned answer\n`},
		{"nope." + zone + " A", `resolution failed: ncache nxdomain`},
	} {
		said := output(t, append([]string{"delv", "@127.0.0.1", "-p", d.port, "-a", anchor, "+root=" + above}, strings.Fields(c.question)...)...)
		if !regexp.MustCompile(c.want).MatchString(said) {
			t.Errorf("delv answers %s with\n%s\nwant %s", c.question, said, c.want)
		}
	}
}
