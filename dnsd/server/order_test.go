package server

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"rundock/dnsd/answer"

	"github.com/miekg/dns"
)

// TestNoOrderOfArrivalShows puts and deletes records in a random order on a
// server that answers meanwhile; in the end it has to answer every name and
// type as one that was loaded with what is left.
func TestNoOrderOfArrivalShows(t *testing.T) {
	for seed := range uint64(40) {
		w := world{rand.New(rand.NewPCG(seed, 7))}
		h, records, names := orderly(t, nil), map[string]string{}, map[string]bool{"s.prod.example.com.": true}
		out := make([]byte, h.MaxUDP)
		for range 6 + w.IntN(50) {
			labels := w.labels()
			key := prefix + "/com/example/prod/s"
			name := "s.prod.example.com."
			for _, l := range labels {
				key, name = key+"/"+l, l+"."+name
				names[name] = true
			}
			value := w.orderlyRecord()
			if w.IntN(8) == 0 {
				key += "/"
			}
			if w.IntN(5) < 2 && len(records) > 0 {
				key, value = slices.Sorted(maps.Keys(records))[w.IntN(len(records))], ""
			}
			if records[key] = value; value == "" {
				delete(records, key)
			}
			update(h.Answers.Table, 1, map[string]string{key: value})
			// Answers that are kept have to go with what they were made of.
			for range 3 {
				packet, _ := question(w.orderlyName(names), orderlyTypes[w.IntN(len(orderlyTypes))]).Pack()
				plainly(h).plain(packet, out, w.Uint32())
			}
		}
		fresh := orderly(t, records)
		for _, name := range orderlyNames(names) {
			for _, qtype := range orderlyTypes {
				for _, turn := range []uint32{0, 1 << 30, 3 << 30} {
					q := question(name, qtype)
					if have, want := orderlyReply(t, h, q, turn), orderlyReply(t, fresh, q, turn); have != want {
						t.Fatalf("seed %d: answer(%q %s), turn %d, is\n%s\nand freshly loaded\n%s\nof\n%s",
							seed, name, dns.TypeToString[qtype], turn, have, want, lined(records))
					}
				}
				packet, _ := question(name, qtype).Pack()
				have, want := make([]byte, h.MaxUDP), make([]byte, h.MaxUDP)
				n, m := plainly(h).plain(packet, have, 5), plainly(fresh).plain(packet, want, 5)
				if n > 0 && m > 0 && string(have[:n]) != string(want[:m]) || (n > 0) != (m > 0) {
					t.Fatalf("seed %d: the ready answer(%q %s) is\n%x\nand freshly loaded\n%x\nof\n%s",
						seed, name, dns.TypeToString[qtype], have[:n], want[:m], lined(records))
				}
			}
		}
	}
}

var orderlyTypes = []uint16{
	dns.TypeA, dns.TypeAAAA, dns.TypeSRV, dns.TypeTXT, dns.TypeMX, dns.TypeCNAME, dns.TypePTR, dns.TypeSOA, dns.TypeNS, dns.TypeCAA, dns.TypeANY,
}

func orderly(t *testing.T, records map[string]string) *Handler {
	h := handler(t, records)
	east, err := answer.NewZone("east.s.prod.example.com")
	if err != nil {
		t.Fatal(err)
	}
	h.Answers.Zones = append(h.Answers.Zones, east)
	return h
}

// labels are those of a key below the zone, the topmost first.
func (w world) labels() []string {
	labels := []string{w.pick("web", "db", "team", "east", "dns", "_acme-challenge", "*", "any", "_tcp")}
	if labels[0] == "dns" {
		labels = append(labels, w.pick("ns", "apex"))
	}
	for range w.IntN(4) {
		labels = append(labels, w.pick("a", "b", "web", "_tcp", "_http", "_acme-challenge", "*", "any"))
	}
	return labels[:w.IntN(len(labels)+1)]
}

// orderlyRecord is of all kinds, and mostly like others.
func (w world) orderlyRecord() string {
	fields := []string{}
	switch w.IntN(8) {
	case 0, 1, 2, 3:
		fields = append(fields, fmt.Sprintf(`"host":"10.1.0.%d"`, 1+w.IntN(3)))
	case 4:
		fields = append(fields, fmt.Sprintf(`"host":"fd00::%d"`, 1+w.IntN(2)))
	case 5:
		fields = append(fields, fmt.Sprintf(`"host":"%s.s.prod.example.com"`, w.pick("web", "db", "a.db", "any.team", "x.any", "_http._tcp.web", "nope", "x.east", "east")))
	case 6:
		fields = append(fields, `"host":"www.example.net"`)
	}
	for _, field := range []string{
		`"port":80`, `"port":443`, `"priority":5`, `"weight":7`, `"weight":300`, `"ttl":9`, `"ttl":60`, `"group":"main"`, `"group":"_http"`,
		`"targetstrip":1`, `"mail":true`, `"text":"one"`, `"text":"two"`,
	} {
		name, _, _ := strings.Cut(field, ":")
		if w.IntN(6) == 0 && !strings.Contains(strings.Join(fields, ","), name) {
			fields = append(fields, field)
		}
	}
	if w.IntN(12) == 0 {
		fields = append(fields, `"type":"CAA","rdata":"0 issue \"x\""`)
	}
	return "{" + strings.Join(fields, ",") + "}"
}

// orderlyNames are all that exist or may, of names that have or had a record.
func orderlyNames(names map[string]bool) []string {
	all := maps.Clone(names)
	for name := range names {
		for _, more := range []string{"x.", "*.", "any.", "a.any.", "_tcp.", "_80._tcp.", "_http._tcp.", "any._tcp."} {
			all[more+name] = true
		}
	}
	for i := range 4 {
		all[fmt.Sprintf("%d.0.1.10.in-addr.arpa.", i)] = true
	}
	return slices.Sorted(maps.Keys(all))
}

func (w world) orderlyName(names map[string]bool) string {
	all := orderlyNames(names)
	return all[w.IntN(len(all))]
}

// orderlyReply is all that a reply says, in its order.
func orderlyReply(t *testing.T, h *Handler, m *dns.Msg, turn uint32) string {
	t.Helper()
	r := new(dns.Msg)
	if err := r.Unpack(overTCP(t, h, m, turn)); err != nil {
		t.Fatal(err)
	}
	return dns.RcodeToString[r.Rcode] + "\n" + section(r)
}

func lined(records map[string]string) string {
	var b strings.Builder
	for _, key := range slices.Sorted(maps.Keys(records)) {
		fmt.Fprintln(&b, key, records[key])
	}
	return b.String()
}
