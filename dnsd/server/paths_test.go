package server

import (
	"encoding/binary"
	"fmt"
	"io"
	"maps"
	"math/rand/v2"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
	"unsafe"

	"rundock/dnsd/querylog"
	"rundock/dnsd/table"

	"github.com/miekg/dns"
	"golang.org/x/sys/unix"
)

// plainly is a worker of h that no socket belongs to.
func plainly(h *Handler) *worker { return (&Server{Handler: h}).newWorker() }

// A world makes random records and questions that have to do with each other.
type world struct{ *rand.Rand }

func (w world) pick(of ...string) string { return of[w.IntN(len(of))] }

// name is one in the zone, without final dot.
func (w world) name() string {
	labels := make([]string, w.IntN(4))
	for i := range labels {
		labels[i] = w.pick("a", "b", "web", "x.y", "ns", "dns", "a", "web", "*", "any", "_http", "_tcp")
	}
	var b strings.Builder
	for _, l := range labels {
		b.WriteString(strings.ReplaceAll(l, ".", `\.`) + ".")
	}
	return b.String() + w.pick("s.prod.example.com", "s.prod.example.com", "s.prod.example.com", "other.example.com")
}

func (w world) key() string {
	name := w.name()
	if w.IntN(12) == 0 {
		name = w.reverse()
	}
	labels := dns.SplitDomainName(name)
	slices.Reverse(labels)
	return prefix + "/" + strings.ReplaceAll(strings.Join(labels, "/"), `\.`, ".")
}

func (w world) reverse() string {
	return fmt.Sprintf("%d.0.1.10.in-addr.arpa", w.IntN(6))
}

func (w world) record() string {
	fields := []string{}
	field := func(chance int, f func() string) {
		if w.IntN(100) < chance {
			fields = append(fields, f())
		}
	}
	number := func(name string, n int) func() string {
		return func() string { return fmt.Sprintf("%q:%d", name, w.IntN(n)) }
	}
	field(92, func() string {
		host := fmt.Sprintf("10.1.0.%d", w.IntN(6))
		switch w.IntN(8) {
		case 0:
			host = fmt.Sprintf("fd00::%d", w.IntN(6))
		case 1:
			host = strings.ReplaceAll(w.name(), `\`, `\\`)
		}
		return `"host":"` + host + `"`
	})
	field(80, number("port", 3))
	field(40, number("priority", 3))
	field(40, number("weight", 70000))
	field(40, number("ttl", 60))
	field(10, func() string { return `"text":"` + strings.Repeat("t", w.IntN(255)) + `"` })
	field(10, func() string { return `"mail":true` })
	field(10, number("targetstrip", 4))
	field(5, func() string { return `"type":"CAA","rdata":"0 issue \"x\""` })
	field(20, func() string { return `"group":"` + w.pick("one", "two") + `"` })
	return "{" + strings.Join(fields, ",") + "}"
}

func (w world) question() *dns.Msg {
	name := w.name() + "."
	if w.IntN(10) == 0 {
		name = w.reverse() + "."
	}
	if w.IntN(3) == 0 {
		name = strings.ToUpper(name)
	}
	types := []uint16{dns.TypeA, dns.TypeA, dns.TypeSRV, dns.TypeSRV, dns.TypeAAAA, dns.TypeTXT, dns.TypeMX, dns.TypePTR, dns.TypeSOA, dns.TypeNS, dns.TypeCNAME, dns.TypeHTTPS, dns.TypeCAA, dns.TypeANY}
	m := question(name, types[w.IntN(len(types))])
	m.RecursionDesired = w.IntN(2) == 0
	if w.IntN(2) == 0 {
		m.SetEdns0(uint16(w.IntN(2000)), w.IntN(2) == 0)
	}
	return m
}

// TestBothPathsGiveTheSameAnswers asks random questions while random records
// change, on the path of ready answers and on the library's.
func TestBothPathsGiveTheSameAnswers(t *testing.T) {
	for seed := range uint64(20) {
		w := world{rand.New(rand.NewPCG(seed, 0))}
		h := handler(t, nil)
		worker, plain, both := plainly(h), 0, 0
		records := map[string]string{}
		for step := range 1500 {
			if change := w.IntN(4) == 0; change || step < 20 {
				key := w.key()
				if records[key] = w.record(); w.IntN(3) == 0 {
					records[key] = ""
				}
				update(h.Answers.Table, int64(step), map[string]string{key: records[key]})
			}
			m := w.question()
			if plain++; !compare(t, h, worker, m, w.Uint32()) {
				plain--
			}
			both++
			if t.Failed() {
				for _, key := range slices.Sorted(maps.Keys(records)) {
					t.Logf("%s %s", key, records[key])
				}
				t.Fatalf("seed %d, step %d", seed, step)
			}
		}
		if plain < both/3 {
			t.Errorf("of %d questions only %d took the path of ready answers", both, plain)
		}
	}
}

// update sets records, or deletes those that are empty.
func update(tab *table.Table, revision int64, records map[string]string) {
	tab.Update(revision, func(yield func(string, []byte) bool) {
		for key, value := range records {
			var v []byte
			if value != "" {
				v = []byte(value)
			}
			if !yield(key, v) {
				return
			}
		}
	})
}

// compare asks m on both paths, in the same turn, and says whether the first
// one took it.
func compare(t *testing.T, h *Handler, w *worker, m *dns.Msg, turn uint32) bool {
	t.Helper()
	packet, err := m.Pack()
	if err != nil {
		t.Fatal(err)
	}
	return comparePackets(t, h, w, packet, turn)
}

func comparePackets(t *testing.T, h *Handler, w *worker, packet []byte, turn uint32) bool {
	t.Helper()
	out := make([]byte, h.MaxUDP)
	n := w.plain(packet, out, turn)
	if n == 0 {
		return false
	}
	m := new(dns.Msg)
	if err := m.Unpack(packet); err != nil {
		t.Fatalf("%x is answered plainly, but %v", packet, err)
	}
	reply, later := h.serve(packet, Client{AddrPort: netip.MustParseAddrPort("127.0.0.1:9"), Counts: w.counts}, turn)
	if later != nil {
		t.Fatalf("%v: answered here, and asked upstream there", m.Question)
	}
	have, want := new(dns.Msg), new(dns.Msg)
	if err := have.Unpack(out[:n]); err != nil {
		t.Fatalf("%v: reply %x: %v", m.Question, out[:n], err)
	}
	if err := want.Unpack(reply); err != nil {
		t.Fatal(err)
	}
	if have.Question[0] != m.Question[0] {
		t.Errorf("%v: the reply repeats %v", m.Question, have.Question)
	}
	if limit := min(h.MaxUDP, max(512, size(m))); n > limit {
		t.Errorf("%v: reply of %d bytes, limit %d", m.Question, n, limit)
	}
	if have.Truncated || want.Truncated || len(have.Extra) != len(want.Extra) {
		sameStart(t, m, have.Answer, want.Answer)
		sameStart(t, m, have.Ns, want.Ns)
		sameStart(t, m, additional(have), additional(want))
		// The two shorten names differently, so one may have room for a
		// little more.
		if n < min(h.MaxUDP, max(512, size(m)))-350 && have.Truncated {
			t.Errorf("%v: truncated at %d bytes", m.Question, n)
		}
		return true
	}
	if a, b := section(have), section(want); a != b || have.MsgHdr != want.MsgHdr {
		t.Errorf("%v has\n%s\nready, want\n%s", m.Question, have, want)
	}
	return true
}

func size(m *dns.Msg) int {
	if opt := m.IsEdns0(); opt != nil {
		return int(opt.UDPSize())
	}
	return 0
}

// section is all of a message but its header, in order.
func section(m *dns.Msg) string { return lines(m.Answer) + "\n" + lines(m.Ns) + "\n" + lines(m.Extra) }

func lines(rrs []dns.RR) string {
	var b strings.Builder
	for _, rr := range rrs {
		fmt.Fprintln(&b, strings.ToLower(rr.String()))
	}
	return b.String()
}

func additional(m *dns.Msg) []dns.RR {
	return slices.DeleteFunc(slices.Clone(m.Extra), func(rr dns.RR) bool { return rr.Header().Rrtype == dns.TypeOPT })
}

func sameStart(t *testing.T, m *dns.Msg, a, b []dns.RR) {
	t.Helper()
	n := min(len(a), len(b))
	if lines(a[:n]) != lines(b[:n]) {
		t.Errorf("%v has\n%s\nready, want\n%s", m.Question, lines(a), lines(b))
	}
}

// TestReadyAnswersEndUpRight asks while records change, without waiting for
// either; when the changes end, no ready answer may be an old one.
func TestReadyAnswersEndUpRight(t *testing.T) {
	h := handler(t, nil)
	var changing, asking sync.WaitGroup
	done := make(chan struct{})
	for seed := range uint64(2) {
		asking.Go(func() {
			w, worker, out := world{rand.New(rand.NewPCG(seed, 1))}, plainly(h), make([]byte, h.MaxUDP)
			for {
				select {
				case <-done:
					return
				default:
					packet, _ := w.question().Pack()
					worker.plain(packet, out, w.Uint32())
				}
			}
		})
	}
	changing.Go(func() {
		w := world{rand.New(rand.NewPCG(2, 1))}
		for step := range 5000 {
			record := w.record()
			if w.IntN(3) == 0 {
				record = ""
			}
			update(h.Answers.Table, int64(step), map[string]string{w.key(): record})
		}
	})
	changing.Wait()
	close(done)
	asking.Wait()
	w, worker := world{rand.New(rand.NewPCG(3, 1))}, plainly(h)
	for range 5000 {
		compare(t, h, worker, w.question(), w.Uint32())
	}
}

// A name near the root has more records than a reply over UDP can say: some
// of them, with TC, others each time, and no work for each query.
func TestAVeryLargeAnswerIsCut(t *testing.T) {
	h := handler(t, instances("web", 900))
	h.MaxUDP = 65535
	w, out, first := plainly(h), make([]byte, h.MaxUDP), map[string]bool{}
	packet, _ := question("s.prod.example.com.", dns.TypeSRV).SetEdns0(65535, false).Pack()
	for turn := range uint32(100) {
		var reply dns.Msg
		if err := reply.Unpack(out[:w.plain(packet, out, turn<<25)]); err != nil {
			t.Fatal(err)
		}
		if n := len(reply.Answer); !reply.Truncated || n < 200 || n >= 900 || len(additional(&reply)) > 0 {
			t.Fatalf("TC %v with %d answers and %d further", reply.Truncated, n, len(reply.Extra))
		}
		first[reply.Answer[0].String()] = true
	}
	if len(first) < 50 {
		t.Errorf("of 100 replies only %d begin with another record", len(first))
	}
}

func TestAnsweringAllocatesNothing(t *testing.T) {
	records := instances("web", 60)
	records["/skydns/com/example/prod/s/app/*"] = `{"host":"10.1.0.1"}`
	h := handler(t, records)
	w := plainly(h)
	for _, m := range []*dns.Msg{
		question("web.s.prod.example.com.", dns.TypeA),
		question("WEB.s.prod.example.com.", dns.TypeSRV).SetEdns0(1232, true),
		question("node-1.web.s.prod.example.com.", dns.TypeAAAA),
		question("nope.s.prod.example.com.", dns.TypeA),
		question("1.0.1.10.in-addr.arpa.", dns.TypePTR),
	} {
		b, start := received(h, m), time.Now()
		if n := testing.AllocsPerRun(100, func() {
			if _, ready := w.answer(t.Context(), b, 0, start); !ready {
				t.Fatalf("%v is not answered plainly", m.Question)
			}
		}); n != 0 {
			t.Errorf("%v: %v allocations", m.Question, n)
		}
	}
}

// received is a batch of one query.
func received(h *Handler, m *dns.Msg) *batch {
	packet, err := m.Pack()
	if err != nil {
		panic(err)
	}
	b := newBatch(nil, h.MaxUDP)
	b.received[0].length = uint32(copy(b.in, packet))
	binary.NativeEndian.PutUint16((*[2]byte)(unsafe.Pointer(&b.names[0]))[:], unix.AF_INET)
	return b
}

// BenchmarkQueryLog shows what the query log costs who answers.
func BenchmarkQueryLog(b *testing.B) {
	for _, c := range []struct {
		name  string
		share querylog.Share
	}{{"off", 0}, {"one in 1000", 1000}, {"all", 1}} {
		b.Run(c.name, func(b *testing.B) {
			h := handler(b, instances("web", 3))
			h.Log = querylog.New(c.share, io.Discard)
			if h.Log != nil {
				go h.Log.Run(b.Context())
			}
			w, packets, start := plainly(h), received(h, question("web.s.prod.example.com.", dns.TypeA)), time.Now()
			b.ReportAllocs()
			for b.Loop() {
				w.answer(b.Context(), packets, 0, start)
			}
		})
	}
}

func BenchmarkPlain(b *testing.B) {
	records := instances("web", 3)
	maps.Copy(records, instances("many", 60))
	h := handler(b, records)
	out := make([]byte, h.MaxUDP)
	for _, c := range []struct {
		name, qname string
		qtype       uint16
		size        uint16
	}{
		{"A", "web.s.prod.example.com.", dns.TypeA, 0},
		{"A of one with EDNS", "node-1.web.s.prod.example.com.", dns.TypeA, 1232},
		{"SRV of 3 with EDNS", "web.s.prod.example.com.", dns.TypeSRV, 1232},
		{"SRV of 60, truncated", "many.s.prod.example.com.", dns.TypeSRV, 1232},
		{"NODATA", "web.s.prod.example.com.", dns.TypeTXT, 1232},
		{"NXDOMAIN", "nope.s.prod.example.com.", dns.TypeA, 1232},
	} {
		b.Run(c.name, func(b *testing.B) {
			m := question(c.qname, c.qtype)
			if c.size > 0 {
				m.SetEdns0(c.size, false)
			}
			packet, err := m.Pack()
			if err != nil {
				b.Fatal(err)
			}
			w := plainly(h)
			b.ReportAllocs()
			var before, after unix.Rusage
			unix.Getrusage(unix.RUSAGE_SELF, &before)
			for b.Loop() {
				if w.plain(packet, out, rand.Uint32()) == 0 {
					b.Fatal("not answered")
				}
			}
			unix.Getrusage(unix.RUSAGE_SELF, &after)
			b.ReportMetric(float64(after.Utime.Nano()-before.Utime.Nano())/float64(b.N), "cpu-ns/op")
		})
	}
	b.Run("SRV of 3 by the library", func(b *testing.B) {
		packet, _ := question("web.s.prod.example.com.", dns.TypeSRV).SetEdns0(1232, false).Pack()
		client := local(h)
		for b.Loop() {
			h.Serve(packet, client)
		}
	})
}
