package table

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
)

// Among very many records, those of a kind or a port that few or none have are
// found without a look at the others.
func TestASampleLooksAtFew(t *testing.T) {
	const many, rarePort = 20_000, 9_001
	tab := New("/skydns")
	tab.Replace(1, func(yield func(string, []byte) bool) {
		for i := range many {
			if !yield(fmt.Sprintf("/skydns/com/example/web-%d/node-1", i), fmt.Appendf(nil, `{"host":"10.1.%d.%d","port":8080}`, i/250, i%250)) {
				return
			}
		}
		yield("/skydns/com/example/rare/text", []byte(`{"text":"t"}`))
		yield("/skydns/com/example/rare/six", []byte(`{"host":"fd00::1","port":9001}`))
	})
	top := find(tab, "example.com.")
	if got, want := top.Names(), 2*many+4; got != want {
		t.Errorf("there are %d names at and below example.com., want %d", got, want)
	}
	for _, c := range []struct {
		claim        string
		kind         Kinds
		port         uint16
		found, looks int // at most
	}{
		{"a port that all have", HasA, 8080, 1000, 1000},
		{"a port of another that has the same bit", HasHost, 8080 + portsApart, 0, 0},
		{"a port that one has", HasHost, rarePort, 1, 1},
		{"a port that one has, of another kind", HasText, rarePort, 0, 1},
		{"a kind that one has", HasText, 0, 1, 1},
		{"a kind that one has, with the port of all", HasAAAA, 8080, 0, 1},
		{"a kind that none has", HasData, 0, 0, 0},
		{"hosts of each kind", HasHost, 0, 1000, 1000},
	} {
		looks := 0
		got := tab.Sample(top, Sought{c.kind, c.port, func(Entry) bool { looks++; return true }}, 1<<31, 1000)
		if len(got) != c.found || looks > c.looks {
			t.Errorf("%s: %d found by %d looks, want %d by %d at most", c.claim, len(got), looks, c.found, c.looks)
		}
	}
}

// What is found is what there is, whatever came and went.
func TestASampleFollowsTheRecords(t *testing.T) {
	r, tab, records := rand.New(rand.NewPCG(1, 2)), New("/skydns"), map[string]string{}
	values := []string{
		`{"host":"10.1.0.1","port":80}`, `{"host":"10.1.0.2","port":81}`, `{"host":"fd00::1"}`, `{"host":"a.example.com","port":80,"text":"t"}`,
		`{"text":"t","port":81}`, `{"type":"CAA","rdata":"0 issue \"x\""}`, `{"host":"10.1.0.1","mail":true}`, "",
	}
	for step := range 4000 {
		key := fmt.Sprintf("/skydns/com/%s/%s%d", []string{"example", "other"}[r.IntN(2)], []string{"n", "_n", "a/n", "_tcp/n"}[r.IntN(4)], r.IntN(1+step/10))
		value := values[r.IntN(len(values))]
		records[key] = value
		line := key
		if value != "" {
			line += " " + value
		}
		if tab.Update(int64(step), pairs(line)); step%100 != 0 {
			continue
		}
		for _, name := range []string{"com.", "example.com.", "a.example.com.", "other.com."} {
			node := find(tab, name)
			if node == nil {
				continue
			}
			all, _ := node.Records(1 << 20)
			if names := countNames(node); node.Names() != names {
				t.Fatalf("step %d: %s has %d names, and says %d", step, name, names, node.Names())
			}
			for _, kind := range []Kinds{HasA, HasAAAA, HasName, HasMail, HasText, HasData, HasHost} {
				for _, port := range []uint16{0, 80, 81, 82} {
					var want []string
					for _, e := range all {
						if e.Kinds()&kind != 0 && (port == 0 || e.Port == port) {
							want = append(want, e.Name)
						}
					}
					var got []string
					for _, e := range tab.Sample(node, Sought{kind, port, func(Entry) bool { return true }}, r.Uint32(), 1<<20) {
						got = append(got, e.Name)
					}
					if !slices.Equal(got, want) {
						t.Fatalf("step %d: %s has of kind %b and port %d %q, want %q", step, name, kind, port, got, want)
					}
				}
			}
		}
	}
}

func countNames(n *Node) int {
	names := 1
	for _, child := range n.Children() {
		names += countNames(child)
	}
	return names
}
