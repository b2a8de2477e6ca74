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

// resolve starts an Unbound with these further lines of configuration, at an
// address of its own. It sends nothing to other hosts.
func resolve(t *testing.T, more string) (p *process, host, port string) {
	t.Helper()
	need(t, "unbound")
	host, port, _ = net.SplitHostPort(etcdtest.Address())
	conf := file(t, "unbound.conf", fmt.Sprintf(`
server:
    interface: %s
    port: %s
    access-control: 127.0.0.0/8 allow
    outgoing-interface: 127.0.0.1
    do-ip6: no
    username: ""
    chroot: ""
    directory: %q
    use-syslog: no
    num-threads: 1
    module-config: "validator iterator"
remote-control:
    control-enable: no
`, host, port, t.TempDir())+more)
	p = run(t, exec.Command("unbound", "-d", "-p", "-c", conf))
	await.True(t, "Unbound is up", func() bool { return strings.Contains(p.said(), "start of service") })
	return p, host, port
}

// unbound asks an Unbound that is set up as the README says: dnsd is what it
// forwards questions for a zone to. For another zone dnsd is the authority, asked
// label by label (RFC 9156). Unbound mixes the case of each
// question and takes no reply that does not repeat it.
func unbound(t *testing.T, s *site) {
	need(t, "dig")
	here := "127.0.0.1@" + s.dnsd.port
	inReadme := strings.NewReplacer("10.1.0.11", here, "10.1.0.12", here, "10.in-addr", "127.in-addr").Replace(recipe(t, "server:\n    domain-insecure"))
	p, host, port := resolve(t, inReadme+fmt.Sprintf(`
server:
    verbosity: 4
    do-not-query-localhost: no
    private-address: 127.0.0.0/8
    use-caps-for-id: yes
    qname-minimisation-strict: yes
    domain-insecure: %[1]s
    private-domain: %[1]s
stub-zone:
    name: %[1]s
    stub-addr: %[2]s
`, staging, here))

	for _, c := range []struct{ question, want string }{
		{"web." + zone + " A", `ANSWER: 3,`},
		{"web." + zone + " A", `ANSWER: 3,`}, // remembered
		{"web." + zone + " AAAA", `NOERROR[^;]*;; flags: qr rd ra; QUERY: 1, ANSWER: 0, AUTHORITY: 1`},
		{"nope." + zone + " A", `NXDOMAIN`},
		{"_http._tcp.web." + zone + " SRV", `ANSWER: 3,`},
		{"many." + zone + " SRV", `(?s)ANSWER: 60,.*TCP`},
		{"many." + zone + " A", `ANSWER: 60,`},
		{"alias." + zone + " A", `(?s)ANSWER: 4,.*CNAME\s+web`},
		{"whatever.app." + zone + " A", `ANSWER: 1,`},
		{"deep." + zone + " A", `ANSWER: 1,`},
		{"deep." + zone + " TXT", `NOERROR[^;]*;; flags: qr rd ra; QUERY: 1, ANSWER: 0`},
		{"node-1.er.deep." + zone + " A", `ANSWER: 1,`},
		{"node-1.er.deep." + staging + " A", `(?s)ANSWER: 1,.*127\.9\.0\.15`},
		{"web." + staging + " SRV", `(?s)ANSWER: 1,.*10 100 80 node-1\.web\.s\.staging`},
		{"nope.deep." + staging + " A", `NXDOMAIN`},
		{"-x 127.9.0.2", `PTR\s+node-2\.web\.s`},
	} {
		said := output(t, append([]string{"dig", "@" + host, "-p", port}, strings.Fields(c.question)...)...)
		if !regexp.MustCompile(c.want).MatchString(said) {
			t.Errorf("Unbound answers %s with\n%s\nwant %s", c.question, said, c.want)
		}
	}
	said := p.said()
	if !strings.Contains(said, "good 0x20-ID in reply qname") {
		t.Error("Unbound did not ask in mixed case")
	}
	if found := regexp.MustCompile(`(?i).*(bad 0x20-ID|lame|malformed).*`).FindString(said); found != "" {
		t.Errorf("Unbound complains: %s", found)
	}
}
