package table

import (
	"fmt"
	"iter"
	"maps"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/miekg/dns"
)

// pairs reads "key value" lines; a line without value deletes.
func pairs(lines string) iter.Seq2[string, []byte] {
	return func(yield func(string, []byte) bool) {
		for line := range strings.Lines(lines) {
			key, value, given := strings.Cut(strings.TrimSpace(line), " ")
			if key == "" {
				continue
			}
			var v []byte
			if given {
				v = []byte(value)
			}
			if !yield(key, v) {
				return
			}
		}
	}
}

func find(t *Table, name string) *Node {
	var buf [255]byte
	end, err := dns.PackDomainName(name, buf[:], 0, nil, false)
	if err != nil {
		panic(err)
	}
	return t.Lookup(buf[:end])
}

func all(Entry) bool { return true }

// below lists what Records finds, as "name host".
func below(t *Table, name string) []string {
	n := find(t, name)
	if n == nil {
		return nil
	}
	var got []string
	entries, _ := n.Records(10_000)
	for _, e := range entries {
		name, _, _ := dns.UnpackDomainName([]byte(e.Name), 0)
		got = append(got, name+" "+e.Addr.String())
	}
	slices.Sort(got)
	return got
}

func TestTable(t *testing.T) {
	tab := New("/skydns")
	if tab.State() != nil {
		t.Fatal("a new table says that it was loaded")
	}
	tab.Replace(1, pairs(`
		/skydns/com/example/web/a {"host":"10.0.0.1"}
		/skydns/com/example/web/b {"host":"10.0.0.2"}
		/skydns/com/example/web2/a {"host":"10.0.0.3"}`))
	t.Run("a name has what is below it, with exact label boundaries", func(t *testing.T) {
		if got, want := below(tab, "web.example.com."), []string{"a.web.example.com. 10.0.0.1", "b.web.example.com. 10.0.0.2"}; !slices.Equal(got, want) {
			t.Errorf("below web = %q, want %q", got, want)
		}
	})
	t.Run("ancestors exist, others do not", func(t *testing.T) {
		if find(tab, "example.com.") == nil || find(tab, "eb.example.com.") != nil || find(tab, "x.a.web.example.com.") != nil {
			t.Error("want example.com. alone of example.com., eb.example.com. and x.a.web.example.com.")
		}
	})
	t.Run("a key with children keeps its own value", func(t *testing.T) {
		tab.Update(2, pairs(`/skydns/com/example/web {"host":"10.0.0.9"}`))
		if got := below(tab, "web.example.com."); len(got) != 3 || got[2] != "web.example.com. 10.0.0.9" {
			t.Errorf("below web = %q", got)
		}
	})
	t.Run("the reverse name of an address points to the record", func(t *testing.T) {
		if got := find(tab, "2.0.0.10.in-addr.arpa.").Pointers(9, all); len(got) != 1 || got[0].Name != "\x01b\x03web\x07example\x03com\x00" {
			t.Errorf("pointers of 10.0.0.2 = %v", got)
		}
		tab.Update(3, pairs(`/skydns/com/example/web/b {"host":"fd00::2"}`))
		if find(tab, "2.0.0.10.in-addr.arpa.") != nil {
			t.Error("10.0.0.2 still exists")
		}
		if got := find(tab, "2.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.d.f.ip6.arpa.").Pointers(9, all); len(got) != 1 {
			t.Errorf("pointers of fd00::2 = %v", got)
		}
	})
	t.Run("a deleted record takes its empty ancestors along", func(t *testing.T) {
		tab.Update(4, pairs("/skydns/com/example/web2/a"))
		if find(tab, "web2.example.com.") != nil || find(tab, "3.0.0.10.in-addr.arpa.") != nil {
			t.Error("web2.example.com. or its reverse name still exists")
		}
	})
	t.Run("a bad value is reported once and hurts no other name", func(t *testing.T) {
		bad := tab.Update(5, pairs(`/skydns/com/example/web/c {"port":"x"}`))
		if len(bad) != 1 || bad[0].Key != "/skydns/com/example/web/c" || !strings.Contains(bad[0].Reason, "port") {
			t.Errorf("bad = %+v", bad)
		}
		if bad := tab.Update(6, pairs(`/skydns/com/example/web/c {"port":"x"}`)); bad != nil {
			t.Errorf("reported again: %+v", bad)
		}
		if got := below(tab, "web.example.com."); len(got) != 3 || tab.State().Bad != 1 {
			t.Errorf("below web = %q, %+v", got, tab.State())
		}
	})
	t.Run("a bad value takes the place of a good one", func(t *testing.T) {
		tab.Update(7, pairs(`/skydns/com/example/web/a null`))
		if find(tab, "a.web.example.com.") != nil || tab.State().Bad != 2 {
			t.Errorf("a.web.example.com. still exists, or %+v", tab.State())
		}
		tab.Update(8, pairs(`/skydns/com/example/web/a {"host":"10.0.0.1"}`))
		if find(tab, "a.web.example.com.") == nil || tab.State().Bad != 1 {
			t.Errorf("a.web.example.com. is not back, or %+v", tab.State())
		}
	})
	t.Run("Replace leaves exactly what it was given", func(t *testing.T) {
		tab.Replace(9, pairs(`
			/skydns/com/example/web/a {"host":"10.0.0.1"}
			/skydns/com/example/db/a {"host":"10.0.0.4"}`))
		if got, want := below(tab, "."), []string{"a.db.example.com. 10.0.0.4", "a.web.example.com. 10.0.0.1"}; !slices.Equal(got, want) {
			t.Errorf("all = %q, want %q", got, want)
		}
		if s := tab.State(); s.Revision != 9 || s.Records != 2 || s.Bad != 0 {
			t.Errorf("state = %+v", s)
		}
	})
	t.Run("an empty Replace leaves nothing", func(t *testing.T) {
		tab.Replace(10, pairs(""))
		if s := tab.State(); s.Records != 0 || s.Names != 0 || !tab.root.children.empty() || tab.index.names != 1 {
			t.Errorf("state = %+v, index %d", s, tab.index.names)
		}
	})
}

// TestTableFollowsAMap drives the table with many batches and compares it with
// a plain map, while readers walk it (for the race detector).
func TestTableFollowsAMap(t *testing.T) {
	tab, want := New("/skydns"), map[string]string{}
	tab.Replace(0, pairs(""))
	stop := make(chan struct{})
	var readers sync.WaitGroup
	for range 2 {
		readers.Go(func() {
			for {
				select {
				case <-stop:
					return
				default:
				}
				find(tab, ".").Records(1000)
				if n := find(tab, "1.0.0.10.in-addr.arpa."); n != nil {
					n.Pointers(100, all)
				}
			}
		})
	}
	seed := uint32(1)
	random := func(n int) int { seed = seed*1664525 + 1013904223; return int(seed>>8) % n }
	for step := range 3000 {
		key := fmt.Sprintf("/skydns/com/%d", random(20))
		for range random(3) {
			key += fmt.Sprintf("/%d", random(5))
		}
		if random(3) == 0 {
			delete(want, key)
			tab.Update(int64(step), pairs(key))
		} else {
			want[key] = fmt.Sprintf(`{"host":"10.0.0.%d"}`, random(4))
			tab.Update(int64(step), pairs(key+" "+want[key]))
		}
		if step%500 == 499 {
			keys := slices.Sorted(maps.Keys(want))
			for _, k := range keys[:len(keys)/2] {
				delete(want, k)
			}
			tab.Replace(int64(step), func(yield func(string, []byte) bool) {
				for k, v := range want {
					if !yield(k, []byte(v)) {
						return
					}
				}
			})
		}
		if tab.State().Records != len(want) {
			t.Fatalf("after step %d the table has %d records, want %d", step, tab.State().Records, len(want))
		}
	}
	close(stop)
	readers.Wait()
	var expect []string
	pointing := map[string]int{}
	for key, value := range want {
		parts := strings.Split(key[len("/skydns/"):], "/")
		slices.Reverse(parts)
		host := value[len(`{"host":"`) : len(value)-2]
		expect = append(expect, strings.Join(parts, ".")+". "+host)
		pointing[host]++
	}
	slices.Sort(expect)
	if got := below(tab, "com."); !slices.Equal(got, expect) {
		t.Errorf("table = %q\nwant %q", got, expect)
	}
	for host, n := range pointing {
		octets := strings.Split(host, ".")
		slices.Reverse(octets)
		if got := len(find(tab, strings.Join(octets, ".")+".in-addr.arpa.").Pointers(1000, all)); got != n {
			t.Errorf("%s has %d pointers, want %d", host, got, n)
		}
	}
}

func BenchmarkUpdateOneOf100000(b *testing.B) {
	tab := New("/skydns")
	tab.Replace(1, func(yield func(string, []byte) bool) {
		for i := range 100_000 {
			if !yield(fmt.Sprintf("/skydns/com/example/prod/s/web-%d/node-%d", i/3, i%3), []byte(`{"host":"10.0.0.1","port":80}`)) {
				return
			}
		}
	})
	change := func(yield func(string, []byte) bool) {
		_ = yield("/skydns/com/example/prod/s/web-0/node-9", []byte(`{"host":"10.0.0.2"}`)) && yield("/skydns/com/example/prod/s/web-0/node-9", nil)
	}
	b.ReportAllocs()
	for b.Loop() {
		tab.Update(2, change)
	}
}

// BenchmarkLoad reports what a record costs: time to load and memory to keep.
func BenchmarkLoad(b *testing.B) {
	const count = 300_000
	var before, after runtime.MemStats
	for b.Loop() {
		runtime.GC()
		runtime.ReadMemStats(&before)
		tab := New("/skydns")
		tab.Replace(1, func(yield func(string, []byte) bool) {
			for i := range count {
				value := fmt.Sprintf(`{"host":"10.%d.%d.%d","port":8086,"ttl":5,"group":"main","id":"0123456789abcdef/web/blue"}`, i/3/65536, i/3/256%256, i/3%256)
				if !yield(fmt.Sprintf("/skydns/com/example/prod/s/web-%d/node-%d", i/3, i%3), []byte(value)) {
					return
				}
			}
		})
		runtime.GC()
		runtime.ReadMemStats(&after)
		runtime.KeepAlive(tab)
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/count, "ns/record")
	b.ReportMetric(float64(after.HeapAlloc-before.HeapAlloc)/count, "B/record")
}

func TestMissingRecordsMayBeKept(t *testing.T) {
	tab := New("/skydns")
	keep := func(int, int) bool { return true }
	tab.Replace(1, pairs(`
		/skydns/com/example/a {"host":"10.0.0.1"}
		/skydns/com/example/b {"host":"10.0.0.2"}
		/skydns/com/example/c {"host":"10.0.0.3"}
		/skydns/com/example/d {"host":"10.0.0.4"}`))
	var known, missing int
	tab.ReplaceUnless(2, pairs(`
		/skydns/com/example/a {"host":"10.0.0.1"}
		/skydns/com/example/e {"host":"10.0.0.5"}`), func(k, m int) bool {
		known, missing = k, m
		return true
	})
	if known != 4 || missing != 3 || tab.State().Missing != 3 || tab.State().Records != 5 {
		t.Errorf("%d missing of %d, state %+v", missing, known, tab.State())
	}
	tab.Update(3, pairs(`
		/skydns/com/example/b {"host":"10.0.0.2"}
		/skydns/com/example/c null
		/skydns/com/example/e null`))
	if got := tab.Missing(10); tab.State().Missing != 1 || len(got) != 1 || got[0] != "/skydns/com/example/d" {
		t.Errorf("after b came back and c was deleted %v are missing, state %+v", got, tab.State())
	}
	tab.ReplaceUnless(4, pairs(`/skydns/com/example/b {"port":"x"}`), keep) // a is missing, d still; b is there, but bad
	if got := tab.State(); got.Missing != 2 || got.Records != 2 {
		t.Errorf("state %+v, want 2 records, both missing", got)
	}
	if n := tab.DropMissing(); n != 2 || tab.State().Records != 0 || tab.State().Names != 0 || tab.State().Missing != 0 {
		t.Errorf("%d dropped, state %+v", n, tab.State())
	}
}

func TestARecordsValueIsTheRecord(t *testing.T) {
	for _, value := range []string{
		`{"host":"10.0.0.1","port":80,"priority":5,"weight":7,"ttl":9,"text":"a\"b","mail":true,"targetstrip":2,"group":"g"}`,
		`{"host":"fd00::1"}`, `{"host":"other.example.net"}`, `{"type":"CAA","rdata":"0 issue \"ca.example.net\""}`, `{"type":"TYPE65400","rdata":"\\# 1 00"}`, `{}`,
	} {
		tab := New("/skydns")
		tab.Replace(1, func(yield func(string, []byte) bool) { yield("/skydns/com/a\\047b", []byte(value)) })
		again := New("/skydns")
		again.Replace(1, func(yield func(string, []byte) bool) {
			for k, r := range tab.All() {
				yield(k, r.Value())
			}
		})
		name := []byte("\x03a/b\x03com\x00")
		if have, want := again.Lookup(name), tab.Lookup(name); have == nil || want == nil || *have.Own() != *want.Own() {
			t.Errorf("%s is not read again as it was", value)
		}
	}
}
