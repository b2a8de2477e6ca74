package main

import (
	"fmt"
	"maps"
	"os/exec"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"

	"rundock/internal/await"
	"rundock/internal/moduletest/storetest"
	"rundock/internal/registry/consultest"
)

// A record from nothing to nothing.
func TestRecord(t *testing.T) {
	h := storetest.New(t, "rundock_record")
	given := args{"name": "Printer", "host": "10.9.0.7", "port": 631, "tags": []string{"hall"}}
	_, a := h.Apply(given, "record written")
	const value = `{"host":"10.9.0.7","port":631,"group":"main","tags":["hall"],"id":"rundock_record"}`
	if got := h.Get(below + "printer/static"); got != value {
		t.Errorf("the record is %s, want %s", got, value)
	}
	if len(a.Diff) != 1 || a.Diff[0].Before != "" || !strings.Contains(a.Diff[0].After, `  "host": "10.9.0.7",`) || a.Values["record"].(map[string]any)["name"] != "static.printer.s.example.com" {
		t.Errorf("answer = %s", a.Raw)
	}
	given["port"] = 632
	_, a = h.Apply(given, "record updated")
	if len(a.Diff) != 1 || !strings.Contains(a.Diff[0].Before, "631") || !strings.Contains(a.Diff[0].After, "632") {
		t.Errorf("diff = %+v", a.Diff)
	}
	// One that somebody wrote by hand in other words is the same.
	h.Put(below+"printer/static", `{"ID":"rundock_record", "group":"main","Port":"632","host":"10.9.0.7","tags":["hall"]}`)
	if a := h.Call(given); a.Changed || a.Failed {
		t.Errorf("the same in other words: %s", a.Raw)
	}
	_, a = h.Apply(args{"name": "printer", "state": "absent"}, "record removed")
	if h.Get(below+"printer/static") != "" || a.Diff[0].After != "" {
		t.Errorf("it is left: %s, diff %+v", h.Get(below+"printer/static"), a.Diff)
	}
}

// What each kind of record is in the store, and what dnsd answers for it.
func TestRecord_of_each_kind(t *testing.T) {
	if _, err := exec.LookPath("dig"); err != nil {
		t.Skip("dig is not installed")
	}
	h := storetest.New(t, "rundock_record")
	h.Put(below+"grafana/node-1", `{"host":"10.0.0.1"}`)
	dnsd := exec.Command("/usr/local/bin/dnsd", "--listen", "127.0.0.1:5300", "--metrics", "", "--snapshot", "")
	dnsd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	if err := dnsd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { dnsd.Process.Kill() })
	for _, c := range []struct {
		given           args
		key             string
		want            string // but for group and id
		question, reply string
	}{
		{args{"name": "wiki", "host": "grafana.s.example.com"}, "wiki/static", `"host":"grafana.s.example.com"`, "wiki A", "grafana.s.example.com. 10.0.0.1"},
		{args{"name": "@", "instance": "mx1", "host": "mx1.example.net", "mail": true, "priority": 5}, "dns/apex/mx1", `"host":"mx1.example.net","priority":5,"mail":true`, "MX", "5 mx1.example.net."},
		{args{"name": "@", "instance": "caa", "type": "CAA", "rdata": `0 issue "ca.example.net"`}, "dns/apex/caa", `"type":"CAA","rdata":"0 issue \"ca.example.net\""`, "CAA", `0 issue "ca.example.net"`},
		{args{"name": "_acme-challenge.web", "text": "token", "ttl": 30}, "web/_acme-challenge/static", `"ttl":30,"text":"token"`, "_acme-challenge.web TXT", `"token"`},
		{args{"name": "_sip._tcp.voice", "host": "sip.example.net", "port": 5060, "weight": 7}, "voice/_tcp/_sip/static", `"host":"sip.example.net","port":5060,"weight":7`, "_sip._tcp.voice SRV", "10 100 5060 sip.example.net."},
		{args{"name": "ns.dns", "instance": "ns1", "host": "10.0.0.9"}, "dns/ns/ns1", `"host":"10.0.0.9"`, "NS", "ns1.ns.dns.s.example.com."},
		{args{"name": "v6", "host": "2001:db8::7"}, "v6/static", `"host":"2001:db8::7"`, "v6 AAAA", "2001:db8::7"},
	} {
		h.Apply(c.given, "record written")
		got := h.Get(below + c.key)
		for _, ours := range []string{`,"group":"main"`, `,"id":"rundock_record"`} {
			before := got
			if got = strings.NewReplacer(ours, "", ours[1:]+",", "").Replace(got); got == before {
				t.Errorf("%v: the record is %s, want %s in it", c.given, got, ours)
			}
		}
		if got != "{"+c.want+"}" {
			t.Errorf("%v: the record is %s, want {%s}", c.given, got, c.want)
		}
		await.Empty(t, c.question+" is answered", func() string {
			words := strings.Fields(c.question)
			name, kind := "s.example.com.", words[len(words)-1]
			if len(words) == 2 {
				name = words[0] + "." + name
			}
			out, _ := exec.Command("dig", "@127.0.0.1", "-p", "5300", "+short", "+tries=1", name, kind).CombinedOutput()
			if answer := strings.Join(strings.Fields(string(out)), " "); answer != c.reply {
				return answer + ", want " + c.reply
			}
			return ""
		})
	}
}

// What is wrong is named, and nothing of the store changes.
func TestRefuses(t *testing.T) {
	h := storetest.New(t, "rundock_record")
	h.Lease(below+"web/node-1", `{"host":"10.0.0.1","port":80,"id":"4c4c/web"}`)
	h.Put(below+"web/other", `{"host":"10.0.0.1","port":80,"id":"4c4c/web"}`)
	printer := args{"name": "printer", "host": "10.9.0.7"}
	for _, c := range []struct {
		change args
		want   string
	}{
		{args{"name": "web", "instance": "node-1"}, "node-1.web.s.example.com (/skydns/com/example/s/web/node-1) is held by 4c4c/web, which announces it"},
		{args{"name": "web", "instance": "node-1", "state": "absent"}, "is held by 4c4c/web, which announces it"},
		{args{"name": "web", "instance": "other"}, "is held by 4c4c/web, without a lease"},
		{args{"host": "127.0.0.1"}, "127.0.0.1 is each host's own"},
		{args{"host": "0.0.0.0"}, "0.0.0.0 is where a server listens at all addresses"},
		{args{"host": "10.9.0.256"}, "it looks like an address and is none"},
		{args{"host": "http://10.9.0.7"}, "neither an address nor a DNS name"},
		{args{"host": "fe80::1"}, "fe80::1 is link-local"},
		{args{"host": "a.example.net", "text": "t"}, "gives no CNAME beside its text or data"},
		{args{"text": strings.Repeat("t", 60001)}, "its text has 60001 bytes"},
		{args{"type": "CAA", "rdata": "issue"}, "is not CAA data"},
		{args{"type": "CAA"}, "rdata"},
		{args{"type": "NOPE", "rdata": "x"}, "NOPE"},
		{args{"port": 65536}, "port: 65536 is not between 0 and 65535"},
		{args{"ttl": -1}, "ttl: -1 is not between"},
		{args{"host": nil, "text": "t", "mail": true}, "mail: want host, the mail exchanger"},
		{args{"host": nil}, "host, text, type"},
		{args{"name": "hall printer"}, "a host name has letters, digits, - and _ alone"},
		{args{"name": "a..b"}, "empty label"},
		{args{"name": strings.Repeat("p", 64)}, "63"},
		{args{"instance": "a.b"}, `instance "a.b": want one label`},
		{args{"zone": "example.org"}, "is in none of the zones: it is not answered"},
		{args{"address": "10.9.0.7"}, "address (say host)"},
		{args{"prot": 80}, "prot (did you mean port?)"},
	} {
		given := maps.Clone(printer)
		maps.Copy(given, c.change)
		maps.DeleteFunc(given, func(_ string, v any) bool { return v == nil })
		h.Refuses(given, c.want)
	}
	// An alias of what may come yet is a warning.
	if a := h.Call(args{"name": "wiki", "host": "grafana.s.example.com"}); a.Failed || len(a.Warnings) != 1 || !strings.Contains(a.Warnings[0], "does not exist") {
		t.Errorf("an alias of nothing: %s", a.Raw)
	}
	h.Etcd.Kill()
	h.Refuses(printer, strings.TrimPrefix(h.Etcd.URL, "http://"))
}

// With two stores the record is in both, whichever lacks it.
func TestTwo_stores(t *testing.T) {
	h := storetest.New(t, "rundock_record")
	consul := consultest.Start(t, nil)
	consul.Put("", "ready", "")
	h.Reconfigure(fmt.Sprintf(`{"version":1,"host":"node-1","domain":"example.com","label":"s","etcd":{"endpoints":[%q]},"consul":{"address":%q},"store":"etcd"}`, h.Etcd.URL, consul.URL))
	given := args{"name": "printer", "host": "10.9.0.7"}
	h.Apply(given, "record written in etcd", "record written in consul")
	const key = "skydns/com/example/s/printer/static"
	if got, there := consul.Get("", key); !there || got != h.Get("/"+key) {
		t.Errorf("Consul has %q, %v, want what etcd has", got, there)
	}
	consul.Delete("", key)
	h.Apply(given, "record written in consul")
	h.Apply(args{"name": "printer", "state": "absent"}, "record removed in etcd", "record removed in consul")
}

// Of calls that write the same at once, one has changed it: the others find it done.
func TestRecord_is_changed_by_one_of_several_calls(t *testing.T) {
	h := storetest.New(t, "rundock_record")
	for round := range 5 {
		var all sync.WaitGroup
		var changed atomic.Int32
		for range 4 {
			all.Go(func() {
				a := h.Call(args{"name": "printer", "host": "10.9.0.7", "port": 700 + round})
				if a.Failed {
					t.Errorf("a call fails: %s", a.Raw)
				}
				if a.Changed {
					changed.Add(1)
				}
			})
		}
		if all.Wait(); changed.Load() != 1 {
			t.Errorf("round %d: %d calls say that they changed the record, want 1", round, changed.Load())
		}
	}
}
