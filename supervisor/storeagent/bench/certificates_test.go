package bench

import (
	"context"
	"fmt"
	"net"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"rundock/internal/await"
	"rundock/internal/fstree"
	"rundock/internal/hostconfig"
	"rundock/internal/pause"
	"rundock/internal/pki"
	"rundock/internal/registry/etcdtest"
	"rundock/internal/registry/registrytest"
)

// TestCertificates measures what certificates cost those who announce: two sites beside
// each other, each with dnsd's etcd, a dnsd, and hosts with a rundockd store and services.
// One has TLS both ways, and an etcd that asks who may do what; the other has neither.
// They take turns, and what is said is a ratio.
func TestCertificates(t *testing.T) {
	if os.Getuid() != 0 {
		t.Skip("a host's folders for each rundockd store need root")
	}
	programs := build(t)
	sites := []*site{newSite(t, programs, false), newSite(t, programs, true)}
	for round := range 10 * *rounds {
		inTurn(round, sites, func(s *site) { s.announced = append(s.announced, s.announces(t, round)) })
	}
	for round := range *rounds {
		inTurn(round, sites, func(s *site) { s.returned = append(s.returned, s.returns(t)) })
	}
	plain, secure := sites[0], sites[1]
	t.Logf("measured: announced to answered by dnsd, median of %d: %.1f ms without certificates, %.1f ms with them: ratio %.2f (aim: at most 1.2)",
		len(plain.announced), median(plain.announced), median(secure.announced), median(secure.announced)/median(plain.announced))
	t.Logf("measured: kill -9 and start of etcd to %d services of %d hosts held again, mean of %d: %.0f ms and %.0f ms: ratio %.2f (aim: at most 1.2)",
		*pair**services, *pair, len(plain.returned), mean(plain.returned), mean(secure.returned), mean(secure.returned)/mean(plain.returned))
}

// inTurn has each site do it, another one first each time.
func inTurn(round int, sites []*site, do func(*site)) {
	for i := range sites {
		do(sites[(round+i)%len(sites)])
	}
}

// median is in milliseconds.
func median(all []time.Duration) float64 {
	sorted := slices.Sorted(slices.Values(all))
	return milliseconds(sorted[len(sorted)/2])
}

// mean is in milliseconds: clients try again up to a second apart, so that most returns
// take about one second or about two, and the median is either.
func mean(all []time.Duration) (sum float64) {
	for _, d := range all {
		sum += milliseconds(d) / float64(len(all))
	}
	return sum
}

func milliseconds(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }

// site is an etcd, a dnsd that follows it, and a crowd that announces in it.
type site struct {
	etcd                server
	crowd               *crowd
	resolver            *net.Resolver // asks its dnsd
	announced, returned []time.Duration
}

const zone = "s.prod.example.com"

func newSite(t *testing.T, programs string, certified bool) *site {
	t.Helper()
	s := &site{}
	var toDNS []string
	// Flags say where the store is.
	hostFile := filepath.Join(t.TempDir(), "host.json")
	if err := os.WriteFile(hostFile, []byte(`{"version":1,"host":"node","domain":"prod.example.com","label":"s"}`), 0o644); err != nil {
		t.Fatal(err)
	}
	if certified {
		files := certify(t)
		host := hostconfig.Etcd{CA: files.path("ca.crt"), Cert: files.path("host.crt"), Key: files.path("host.key")}
		s.etcd = embedded(t, programs, "https", host, "--ca", host.CA, "--cert", files.path("etcd.crt"), "--key", files.path("etcd.key"))
		answers(t, s.etcd.to)
		run(t, programs, "access", "align", "--zone", zone, "--host-config", hostFile, "--etcd", s.etcd.to.Endpoints[0],
			"--etcd-ca", host.CA, "--etcd-cert", files.path("etcd.crt"), "--etcd-key", files.path("etcd.key"), "--hosts", "node=node", "--keepers", "node", "--enforce")
		toDNS = []string{"--etcd-ca", host.CA, "--etcd-cert", files.path("dns.crt"), "--etcd-key", files.path("dns.key")}
	} else {
		s.etcd = embedded(t, programs, "http", hostconfig.Etcd{})
		answers(t, s.etcd.to)
	}
	address := etcdtest.Address()
	dnsd := &registrytest.Process{T: t, Name: "dnsd", Dir: filepath.Join(t.TempDir(), "dnsd"), Command: func() *exec.Cmd {
		return exec.Command(filepath.Join(programs, "dnsd"), append([]string{"--config", os.DevNull, "--host-config", hostFile, "--zone", zone,
			"--listen", address, "--metrics", "", "--snapshot", "", "--etcd", s.etcd.to.Endpoints[0]}, toDNS...)...)
	}}
	dnsd.Start()
	s.resolver = &net.Resolver{PreferGo: true, Dial: func(ctx context.Context, network, _ string) (net.Conn, error) {
		return (&net.Dialer{}).DialContext(ctx, network, address)
	}}
	s.crowd = agents(t, programs, s.etcd.to, *pair)
	s.crowd.all(t, "all are held", len(s.crowd.announcers))
	await.True(t, "dnsd answers", func() bool { return s.found(t, "web-0") })
	return s
}

// found reports whether dnsd has an address for a service.
func (s *site) found(t *testing.T, service string) bool {
	addresses, err := s.resolver.LookupNetIP(t.Context(), "ip4", service+"."+zone+".")
	return err == nil && slices.Contains(addresses, netip.MustParseAddr("10.0.0.7"))
}

// announces is the time from the start of a sidecar on the first host to dnsd's answer.
func (s *site) announces(t *testing.T, round int) time.Duration {
	t.Helper()
	service := *services + round
	store := s.crowd.client(t, 0)
	one := crowd{}
	began := time.Now()
	one.announce(t, store, 0, service)
	for name := fmt.Sprint("web-", service); !s.found(t, name); {
		if time.Since(began) > await.Deadline {
			t.Fatalf("%s is not answered", name)
		}
		pause.For(t.Context(), 200*time.Microsecond)
	}
	took := time.Since(began)
	if err := one.announcers[0].End(nil); err != nil {
		t.Fatal(err)
	}
	return took
}

// returns is the time from the start of an etcd that was killed to all being held again.
func (s *site) returns(t *testing.T) time.Duration {
	t.Helper()
	s.etcd.Kill()
	s.crowd.all(t, "all notice that etcd is away", 0)
	began := time.Now()
	s.etcd.Restart()
	s.crowd.all(t, "all are held again", len(s.crowd.announcers))
	return time.Since(began)
}

// run runs dnsd with a command.
func run(t *testing.T, programs string, args ...string) {
	t.Helper()
	if out, err := exec.Command(filepath.Join(programs, "dnsd"), args...).CombinedOutput(); err != nil {
		t.Fatalf("dnsd %q: %v\n%s", args, err, out)
	}
}

// folder has certificates and keys of a site.
type folder string

func (f folder) path(name string) string { return filepath.Join(string(f), name) }

// certify makes an authority, and certificates of a host, its dnsd and its etcd, as rundock_cert does.
func certify(t *testing.T) folder {
	t.Helper()
	f := folder(t.TempDir())
	authority, err := pki.NewAuthority("test", time.Now())
	if err != nil {
		t.Fatal(err)
	}
	write := func(name string, data []byte, err error) {
		t.Helper()
		if err == nil {
			err = fstree.Replace(f.path(name), 0o600, data)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	write("ca.crt", pki.Bundle(authority.Cert), nil)
	for name, w := range map[string]pki.Wanted{
		"host": {Subject: "host:node", Profile: pki.Client},
		"dns":  {Subject: "dns:node", Profile: pki.Client},
		"etcd": {Subject: "etcd:node", Profile: pki.Peer, Names: []string{etcdtest.Host().String()}},
	} {
		pem, err := pki.NewKey()
		write(name+".key", pem, err)
		key, err := pki.ParseKey(pem)
		if err != nil {
			t.Fatal(err)
		}
		request, err := pki.NewRequest(key, w.Subject)
		if err != nil {
			t.Fatal(err)
		}
		cert, err := authority.Sign(request, w, time.Now())
		write(name+".crt", cert, err)
	}
	return f
}
