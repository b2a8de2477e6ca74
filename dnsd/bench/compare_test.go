// Package bench measures dnsd against other servers of the same names, and
// how it bears a large and a quickly changing store. It consists of tests,
// which run small among the others, and in earnest by make bench-dns.
//
// A comparison is one run: all servers are up, and take turns under the load
// of dnsperf, round by round, so that whatever else the machine does meets all of them.
// Servers run on one core and dnsperf on another. What counts is the median
// of the rounds, and CPU time more than rates: the time of the server, of
// Debian's or the embedded etcd, and the kernel's for them (a reply's way to
// the client's socket included).
package bench

import (
	"flag"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"rundock/internal/await"
	"rundock/internal/registry/etcdtest"
)

var (
	earnest = flag.Bool("earnest", false, "measure, instead of only running")
	rounds  = flag.Int("rounds", 7, "rounds, in earnest")
	seconds = flag.Float64("seconds", 2, "of load for each server and question set in a round, in earnest")
	only    = flag.String("servers", "", "compare only these (comma)")
	coredns = flag.String("coredns", "", "a CoreDNS program with the etcd plugin")

	etcdKind = flag.String("etcd", "debian", "of etcdtest.Kinds: what dnsd and CoreDNS share in a comparison; Debian's is what most clusters have, the embedded one what a single host has")
)

func TestMain(m *testing.M) {
	flag.Parse()
	if listen := os.Getenv(staticListen); listen != "" {
		serveStatic(listen)
		return
	}
	if listen := os.Getenv(bareListen); listen != "" {
		fmt.Fprintln(os.Stderr, serveBare(listen))
		os.Exit(1)
	}
	etcdtest.Main(m)
}

// A measure is one server under one question set in one round.
type measure struct {
	cpu      float64 // microseconds a query
	rate     float64 // queries a second
	p50, p99 float64 // microseconds, at half of the first server's rate
}

func TestServersCompared(t *testing.T) {
	need(t, "dnsperf", "knotd", "nsd", "taskset")
	n, length, services := 1, 0.2, 20
	if *earnest {
		n, length, services = *rounds, *seconds, 300
	}
	site := newSite(t, services)
	servers := site.start(t)
	sets := site.questions(t)
	got := map[string]map[string][]measure{}
	for round := range n {
		for _, set := range sets {
			if got[set.name] == nil {
				got[set.name] = map[string][]measure{}
			}
			for i := range servers {
				// Another order each round: what goes before must not favour anyone.
				s := servers[(i+round)%len(servers)]
				m := set.load(t, s, length, 0)
				got[set.name][s.name] = append(got[set.name][s.name], m)
			}
		}
	}
	if *earnest {
		half := 0.5 * median(got[sets[0].name][servers[0].name], func(m measure) float64 { return m.rate })
		for range n {
			for _, s := range servers[:min(4, len(servers))] {
				m := sets[0].load(t, s, length, half)
				got[sets[0].name][s.name+" at half load"] = append(got[sets[0].name][s.name+" at half load"], m)
			}
		}
	}
	report(t, sets, servers, got)
}

func report(t *testing.T, sets []questions, servers []*process, got map[string]map[string][]measure) {
	var b strings.Builder
	fmt.Fprintf(&b, "medians; CPU of server and etcd; ratios to %s\n", servers[0].name)
	for _, set := range sets {
		fmt.Fprintf(&b, "\n%-32s %10s %6s %10s %6s\n", set.name, "us/query", "ratio", "queries/s", "ratio")
		base := got[set.name][servers[0].name]
		for _, s := range servers {
			all := got[set.name][s.name]
			cpu := func(m measure) float64 { return m.cpu }
			rate := func(m measure) float64 { return m.rate }
			fmt.Fprintf(&b, "%-32s %10.2f %6.2f %10.0f %6.2f\n", s.name, median(all, cpu), ratio(all, base, cpu), median(all, rate), ratio(all, base, rate))
		}
		for _, s := range servers {
			if all := got[set.name][s.name+" at half load"]; all != nil {
				fmt.Fprintf(&b, "%-32s p50 %4.0f us, p99 %4.0f us, %.2f us CPU a query\n", s.name+" at half load",
					median(all, func(m measure) float64 { return m.p50 }), median(all, func(m measure) float64 { return m.p99 }), median(all, func(m measure) float64 { return m.cpu }))
			}
		}
	}
	t.Logf("measured: %s", &b)
	if *earnest {
		os.Stdout.WriteString(b.String())
	}
}

func median(all []measure, of func(measure) float64) float64 {
	return medianOf(len(all), func(i int) float64 { return of(all[i]) })
}

// ratio is the median of the ratios of each round.
func ratio(all, base []measure, of func(measure) float64) float64 {
	return medianOf(len(all), func(i int) float64 { return of(all[i]) / of(base[i]) })
}

func medianOf(n int, of func(int) float64) float64 {
	if n == 0 {
		return 0
	}
	var values []float64
	for i := range n {
		values = append(values, of(i))
	}
	slices.Sort(values)
	return values[n/2]
}

// A site is services of three instances each, as records and as a zone file.
type site struct {
	dir      string
	services int
	beside   bool // with the names of other kinds
}

const zone = "s.prod.example.com"

func newSite(t *testing.T, services int) *site {
	return &site{dir: t.TempDir(), services: services}
}

// address is another one for each instance of up to five million services, from 10.1.0.1 on.
func address(service, instance int) string {
	n := 0x10001 + 3*service + instance
	return fmt.Sprintf("10.%d.%d.%d", n>>16, n>>8&255, n&255)
}

// records are what etcd holds.
func (s *site) records() map[string]string {
	records := map[string]string{}
	for i := range s.services {
		for j := range 3 {
			records[fmt.Sprintf("/skydns/com/example/prod/s/svc-%d/node-%d", i, j)] = fmt.Sprintf(`{"host":%q,"port":80,"ttl":30}`, address(i, j))
		}
	}
	if s.beside {
		maps.Copy(records, beside.records)
	}
	return records
}

// zoneFile says the same as records.
func (s *site) zoneFile() string {
	var b strings.Builder
	fmt.Fprintf(&b, "$ORIGIN %s.\n$TTL 30\n@ SOA ns.dns hostmaster 1 3600 600 86400 2\n@ NS ns.dns\nns.dns A 127.0.0.1\n", zone)
	for i := range s.services {
		for j := range 3 {
			fmt.Fprintf(&b, "svc-%d A %s\nnode-%d.svc-%d A %s\nsvc-%d SRV 10 33 80 node-%d.svc-%d\n", i, address(i, j), j, i, address(i, j), i, j, i)
		}
	}
	if s.beside {
		b.WriteString(beside.zone)
	}
	return b.String()
}

func (s *site) file(t *testing.T, name, content string) string {
	t.Helper()
	path := filepath.Join(s.dir, name)
	if err := os.WriteFile(path, []byte(content), 0o644); err != nil {
		t.Fatal(err)
	}
	return path
}

// questions are a file for dnsperf.
type questions struct {
	name, file string
	edns       bool
}

func (s *site) questions(t *testing.T) []questions {
	var hosts, addresses, services, absent, mix []string
	for i := range s.services {
		name := fmt.Sprintf("svc-%d.%s", i, zone)
		addresses = append(addresses, name+" A")
		services = append(services, name+" SRV")
		for j := range 3 {
			hosts = append(hosts, fmt.Sprintf("node-%d.%s A", j, name))
			absent = append(absent, fmt.Sprintf("none-%d.%s A", j, name))
		}
		mix = append(mix, name+" A", name+" AAAA", name+" SRV", fmt.Sprintf("node-0.%s A", name), fmt.Sprintf("none.%s A", name))
	}
	set := func(name string, lines []string, edns bool) questions {
		file := strings.ReplaceAll(name, " ", "-")
		return questions{name, s.file(t, file, strings.Join(lines, "\n")+"\n"), edns}
	}
	return []questions{
		set("A of hosts", hosts, false),
		set("A of services of 3", addresses, false),
		set("SRV of 3, EDNS", services, true),
		set("SRV of 3", services, false),
		set("mix, EDNS", mix, true),
		set("NXDOMAIN", absent, false),
	}
}

// awaitAnswer waits until a server answers.
func (s *site) awaitAnswer(t *testing.T, p *process) {
	t.Helper()
	await.Empty(t, p.name+" answers", func() string {
		if answers(p.address, fmt.Sprintf("svc-%d.%s.", s.services-1, zone)) {
			return ""
		}
		return "not yet; its log: " + p.log()
	})
}
