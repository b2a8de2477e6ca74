package bench

import (
	"context"
	"fmt"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"rundock/internal/registry/etcdtest"

	"github.com/miekg/dns"
	clientv3 "go.etcd.io/etcd/client/v3"
)

// TestManyRecords loads dnsd from an etcd with many records, and compares
// what a query costs then with what it costs among 1,000.
func TestManyRecords(t *testing.T) {
	need(t, "dnsperf", "taskset")
	many, n, length := 3_000, 1, 0.2
	if *earnest {
		many, n, length = 1_000_000, *rounds, *seconds
	}
	small, large := newSite(t, 333), newSite(t, many/3)
	few := small.loaded(t)
	all := large.loaded(t)
	time.Sleep(time.Duration(many/200_000) * time.Second) // a second after a large list dnsd gives back what it took to read it
	few.memory, all.memory = few.resident(t), all.resident(t)
	var costs [2][]measure
	for round := range n + 1 {
		for i, s := range []*site{small, large} {
			p := []*process{few.process, all.process}[i]
			// Hosts all over the site, as many as one round asks for; the
			// first round, in which answers are made, does not count.
			set := questions{name: "A of hosts", file: s.file(t, "spread", s.spread(min(many, 100_000)))}
			if m := set.load(t, p, max(length, length*float64(3*(1-round))), 0); round > 0 {
				costs[i] = append(costs[i], m)
			}
		}
	}
	cpu := func(m measure) float64 { return m.cpu }
	perRecord := float64(all.memory-few.memory) / float64(large.services*3-small.services*3)
	t.Logf("measured: %d records loaded in %.2f s, %.0f bytes of memory a record; a query costs %.2f times what it costs among 1,000 (%.2f us)",
		3*large.services, all.took.Seconds(), perRecord, ratio(costs[1], costs[0], cpu), median(costs[0], cpu))
}

// Each of the million records is one, which the small run alone does not show.
func TestAddressesOfManyRecords(t *testing.T) {
	seen := map[string]bool{}
	for i := range 1_000_000 {
		a := address(i/3, i%3)
		if _, err := netip.ParseAddr(a); err != nil || seen[a] {
			t.Fatalf("instance %d has %s: doubled or no address: %v", i, a, err)
		}
		seen[a] = true
	}
}

// spread are n questions for hosts all over the site.
func (s *site) spread(n int) string {
	var b strings.Builder
	for i := range n {
		at := i * 7919 % (s.services * 3)
		fmt.Fprintf(&b, "node-%d.svc-%d.%s A\n", at%3, at/3, zone)
	}
	return b.String()
}

type loaded struct {
	*process
	took   time.Duration // from the start of dnsd to the first answer
	memory int           // resident, in bytes, once the list is given back
}

// loaded starts dnsd on the records of a site.
func (s *site) loaded(t *testing.T) loaded {
	t.Helper()
	etcd := etcdtest.Start(t, "embedded", nil)
	fill(t, etcd.URL, s.records())
	s.build(t)
	began := time.Now()
	p := s.dnsd(t, etcd)
	s.awaitAnswer(t, p)
	took := time.Since(began)
	return loaded{process: p, took: took}
}

func (p *process) resident(t *testing.T) int {
	t.Helper()
	content, err := os.ReadFile(filepath.Join("/proc", strconv.Itoa(p.command.Process.Pid), "statm"))
	if err != nil {
		t.Fatal(err)
	}
	pages, err := strconv.Atoi(strings.Fields(string(content))[1])
	if err != nil {
		t.Fatal(err)
	}
	return pages * os.Getpagesize()
}

// TestManyChanges changes records at a rate while dnsd answers under load,
// and measures how long after etcd has a change the answer has it.
func TestManyChanges(t *testing.T) {
	need(t, "dnsperf", "taskset")
	rate, length := 200, time.Second
	if *earnest {
		rate, length = 1000, 20*time.Second
	}
	s := newSite(t, 300)
	etcd := etcdtest.Start(t, "embedded", nil)
	fill(t, etcd.URL, s.records())
	p := s.dnsd(t, etcd)
	s.awaitAnswer(t, p)

	// dnsperf runs beside, at a rate that leaves a core some air.
	loading := make(chan struct{})
	stop := make(chan struct{})
	go func() {
		defer close(loading)
		set := s.questions(t)[0]
		for {
			select {
			case <-stop:
				return
			default:
				set.run(p, []string{"-l", "1", "-c", "20", "-Q", "20000"})
			}
		}
	}()

	client := connect(t, etcd.URL)
	deadline := time.Now().Add(length)
	made := make(chan int, 1)
	go func() { // the changes nobody waits for
		count := 0
		tick := time.NewTicker(10 * time.Millisecond)
		defer tick.Stop()
		for ; time.Now().Before(deadline); <-tick.C {
			var puts []clientv3.Op
			for range rate / 100 {
				key := fmt.Sprintf("/skydns/com/example/prod/s/svc-%d/node-%d", count%s.services, count%3)
				puts = append(puts, clientv3.OpPut(key, fmt.Sprintf(`{"host":"10.200.%d.%d","port":80,"ttl":30}`, count/250%250, count%250)))
				count++
			}
			ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
			_, err := client.Txn(ctx).Then(puts...).Commit()
			cancel()
			if err != nil {
				t.Error(err)
				break
			}
		}
		made <- count
	}()
	var delays []float64
	for i := 0; time.Now().Before(deadline); i++ {
		delays = append(delays, visible(t, p.address, func(address string) {
			ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
			defer cancel()
			if _, err := client.Put(ctx, "/skydns/com/example/prod/s/probe/node-1", fmt.Sprintf(`{"host":%q,"ttl":5}`, address)); err != nil {
				t.Fatal(err)
			}
		}, netip.AddrFrom4([4]byte{10, 201, byte(i >> 8), byte(i)}).String()))
		time.Sleep(20 * time.Millisecond) // each change is measured alone
	}
	close(stop)
	<-loading
	count := <-made
	slices.Sort(delays)
	t.Logf("measured: %.0f changes a second; visible after %.1f ms (median of %d), 99 %% within %.1f ms",
		float64(count)/length.Seconds(), delays[len(delays)/2], len(delays), delays[len(delays)*99/100])
}

// visible is how many milliseconds after etcd confirmed it a change is in the answer.
func visible(t *testing.T, server string, change func(address string), address string) float64 {
	t.Helper()
	conn, err := dns.Dial("udp", server)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	change(address)
	began := time.Now()
	for time.Since(began) < time.Minute {
		conn.SetDeadline(time.Now().Add(time.Second))
		if conn.WriteMsg(new(dns.Msg).SetQuestion("probe."+zone+".", dns.TypeA)) != nil {
			continue
		}
		reply, err := conn.ReadMsg()
		if err == nil && len(reply.Answer) == 1 && reply.Answer[0].(*dns.A).A.String() == address {
			return float64(time.Since(began).Microseconds()) / 1000
		}
		time.Sleep(200 * time.Microsecond) // finer than what is measured
	}
	t.Fatalf("the change to %s is not answered after a minute", address)
	return 0
}
