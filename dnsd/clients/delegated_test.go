package clients

import (
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"rundock/internal/await"
	"rundock/internal/registry/etcdtest"
)

// delegated has the world ask for the name of the load balancers: NSD has the zone above,
// which delegates it by NS and glue, two dnsd answer it as role public_dns starts them, and an
// Unbound that knows neither resolves. A front host whose power is gone leaves by itself.
func delegated(t *testing.T, s *site) {
	need(t, "dig", "nsd", "unbound")
	if os.Geteuid() != 0 {
		t.Skip("name servers that are delegated to are asked on port 53, which root alone may bind")
	}
	const fronts = "front." + zone
	const second, value = "/com/example/prod/s/front/node-front-2", `{"host":"192.0.2.12","port":443,"ttl":1,"group":"main","id":"m2/front"}`
	s.put(t, map[string]string{
		"/com/example/prod/s/front/node-front-1": `{"host":"192.0.2.11","port":443,"ttl":1,"group":"main","id":"m1/front"}`,
		second:                                   value,
	})
	var addresses []string
	for _, other := range []byte{130, 132} { // port 53 of the process's own address is another test's
		address := etcdtest.Host().To4()
		address[1] ^= other
		addresses = append(addresses, address.String())
	}
	host := file(t, "host.json", `{"version":1,"host":"node-front-1","domain":"prod.example.com","label":"s"}`)
	var servers []*process
	for _, address := range addresses {
		p := run(t, exec.Command(filepath.Join(s.dir, "dnsd"), "--config", "/dev/null", "--host-config", host, "--etcd", s.etcd.URL, "--zone", fronts, "--listen", address+":53",
			"--ns-address", strings.Join(addresses, ","), "--metrics", "", "--snapshot", ""))
		await.True(t, "dnsd answers at "+address, func() bool {
			out, _ := exec.Command("dig", "@"+address, "+short", "+time=1", "+tries=1", fronts).Output()
			return strings.Contains(string(out), "192.0.2.11")
		})
		servers = append(servers, p)
	}
	parent := parentZone(t, fronts, addresses)
	_, resolver, port := resolve(t, fmt.Sprintf(`
server:
    do-not-query-localhost: no
    domain-insecure: example.com
    qname-minimisation-strict: yes
stub-zone:
    name: example.com
    stub-addr: %s
`, parent))
	ask := func(question string) string {
		return output(t, append([]string{"dig", "@" + resolver, "-p", port}, strings.Fields(question)...)...)
	}
	for _, question := range []string{fronts, "www.example.com"} {
		await.Empty(t, question+" has both addresses", func() string {
			if got := ask(question + " A"); !strings.Contains(got, "192.0.2.11") || !strings.Contains(got, "192.0.2.12") {
				return got
			}
			return ""
		})
	}

	strangers := []struct{ question, want string }{
		{fronts + " NS +norecurse", `(?s)flags: qr aa;.*ns\.dns\.` + regexp.QuoteMeta(fronts) + `\.\n.*ADDITIONAL`},
		{fronts + " SOA", `flags: qr aa rd;`}, // no recursion is offered
		{"nope." + fronts + " A", `NXDOMAIN`},
		{"web." + zone + " A", `status: REFUSED`}, // the site's, and none of the world's
		{zone + " A", `status: REFUSED`},
		{"www.example.net A", `status: REFUSED`},
		{"-x 192.0.2.11", `PTR\s+node-front-1\.front`},
		{"-x 127.9.0.1", `ANSWER: 0,`}, // that address is of the site's
		{fronts + " AXFR", `Transfer failed|connection refused|REFUSED`},
	}
	for _, c := range strangers {
		out, _ := exec.Command("dig", append([]string{"@" + addresses[1], "+time=5"}, strings.Fields(c.question)...)...).CombinedOutput()
		if !regexp.MustCompile(c.want).Match(out) {
			t.Errorf("to a stranger dnsd answers %s with\n%s\nwant %s", c.question, out, c.want)
		}
	}

	// The power of the second front host is gone: its dnsd, and nobody renews its lease.
	servers[1].command.Process.Kill()
	s.etcd.Put("/skydns"+second, value, 5)
	await.Empty(t, "the world is led to the first one alone", func() string {
		if got := ask("www.example.com A"); strings.Contains(got, "192.0.2.12") || !strings.Contains(got, "192.0.2.11") {
			return got
		}
		return ""
	})
}

// parentZone runs an NSD with example.com, which delegates a zone to name servers at
// addresses; it returns where, as Unbound writes it.
func parentZone(t *testing.T, zone string, addresses []string) string {
	t.Helper()
	dir := t.TempDir()
	host, port, _ := net.SplitHostPort(etcdtest.Address())
	text := "$ORIGIN example.com.\n$TTL 60\n@ SOA ns root 1 3600 600 86400 5\n@ NS ns\nns A " + host + "\nwww CNAME " + zone + ".\n" + zone + ". NS ns.dns." + zone + ".\n"
	for _, address := range addresses {
		text += "ns.dns." + zone + ". A " + address + "\n"
	}
	zoneFile := file(t, "example.com.zone", text)
	conf := file(t, "nsd.conf", fmt.Sprintf(`
server:
    ip-address: %s@%s
    username: ""
    chroot: ""
    zonesdir: %q
    pidfile: "%[3]s/pid"
    xfrdfile: "%[3]s/xfrd"
    zonelistfile: "%[3]s/zones"
    server-count: 1
remote-control:
    control-enable: no
zone:
    name: example.com
    zonefile: %[4]q
`, host, port, dir, zoneFile))
	run(t, exec.Command("nsd", "-d", "-c", conf))
	await.True(t, "NSD answers", func() bool {
		out, _ := exec.Command("dig", "@"+host, "-p", port, "+short", "+time=1", "+tries=1", "www.example.com", "CNAME").Output()
		return strings.Contains(string(out), zone)
	})
	return host + "@" + port
}
