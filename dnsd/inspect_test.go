package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"os/exec"
	"regexp"
	"strings"
	"testing"

	"rundock/dnsd/inspect"
	"rundock/internal/await"
	"rundock/internal/registry/etcdtest"

	"github.com/miekg/dns"
	clientv3 "go.etcd.io/etcd/client/v3"
)

// looked runs a command, and returns what it printed and its exit code.
func looked(t *testing.T, args ...string) (string, int) {
	t.Helper()
	out, err := typed(args...)
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		t.Fatal(err)
	}
	if exit != nil {
		return out, exit.ExitCode()
	}
	return out, 0
}

func TestCheckExplainAndDump(t *testing.T) {
	etcd := etcdtest.Start(t, "embedded", nil)
	admin, host := etcd.Admin(), hostFile(t)
	lease, err := admin.Grant(t.Context(), 3600)
	if err != nil {
		t.Fatal(err)
	}
	for key, value := range map[string]string{
		"web/a":            `{"host":"10.1.0.1","port":80,"ttl":5,"group":"main","id":"x"}`,
		"web/b":            `{"host":"fd00::1","port":80,"ttl":5,"group":"main"}`,
		"web/c":            `{"host":"10.1.0.3","port":"x"}`,
		"web/_tcp/_adm/a":  `{"host":"10.1.0.1","port":81,"group":"_adm"}`,
		"alias":            `{"host":"web.s.prod.example.com"}`,
		"ported":           `{"host":"web.s.prod.example.com","port":81}`,
		"commented":        `{"host":"web.s.prod.example.com","text":"the web"}`,
		"slash/a/":         `{"host":"10.1.0.8"}`,
		"slash/b":          `{"host":"10.1.0.8"}`,
		"slash/b/":         `{"host":"10.1.0.9"}`,
		"lost":             `{"host":"nowhere.s.prod.example.com"}`,
		"typo":             `{"hots":"10.1.0.9"}`,
		"Upper":            `{"host":"10.1.0.9"}`,
		"../outside":       `{"host":"10.1.0.9"}`,
		"caa":              `{"type":"CAA","rdata":"0 issue \"ca.example.net\""}`,
		"ds":               `{"type":"DS","rdata":"12345 8 2 abcd"}`,
		"esc":              "{\"text\":\"\x1b[31m\"}",
		"web/colour/blue1": `{"host":"10.1.0.4","group":"other"}`,
		"mistaken":         `{"host":"10.2.0.256"}`,
		"preview/*":        `{"host":"10.1.0.6"}`,
		"a b/c d":          `{"host":"10.1.0.9","port":80}`,
	} {
		key = strings.Replace("/skydns/com/example/prod/s/"+key, "/s/../", "/", 1)
		if _, err := admin.Put(t.Context(), key, value); err != nil {
			t.Fatal(err)
		}
	}
	const many = 1500 // more than an answer may have
	for i := 0; i < many; i += 100 {
		var puts []clientv3.Op
		for n := i; n < i+100; n++ {
			puts = append(puts, clientv3.OpPut(fmt.Sprintf("/skydns/com/example/prod/s/many/n%d", n), fmt.Sprintf(`{"host":"10.3.%d.%d","port":80}`, n/250, n%250)))
		}
		if _, err := admin.Txn(t.Context()).Then(puts...).Commit(); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := admin.Put(t.Context(), "/skydns/com/example/prod/s/leased", `{"host":"10.1.0.7"}`, clientv3.WithLease(lease.ID)); err != nil {
		t.Fatal(err)
	}
	d := start(t, following(t, etcd)...)
	await.True(t, "the records are answered", func() bool { return d.answers("leased") })
	flags := []string{"--etcd=" + etcd.URL, "--host-config=" + host, "--listen=" + d.address}
	look := func(args ...string) (string, int) {
		t.Helper()
		return looked(t, append(args, flags...)...)
	}
	says := func(out string, want ...string) {
		t.Helper()
		for _, w := range want {
			if !strings.Contains(out, w) {
				t.Errorf("nothing says %q in\n%s", w, out)
			}
		}
	}

	out, code := look("check")
	if code != 2 {
		t.Errorf("check exits with %d", code)
	}
	says(out, "error  /skydns/com/example/prod/s/web/c\n    record: port: want a whole number", `"port":"x"`,
		"error  /skydns/com/example/prod/s/Upper", "upper case",
		"error  /skydns/com/example/prod/s/mistaken\n    record: host: \"10.2.0.256\": it looks like an address and is none",
		"error  /skydns/com/example/prod/s/ds\n    record: rdata: \"12345 8 2 abcd\" is not DS data: its digest of algorithm 2 has 2 bytes, want 32",
		"error  /skydns/com/example/prod/s/esc", `\x1b[31m`,
		"warning  /skydns/com/example/prod/s/typo", "unknown fields are ignored: hots", "nothing to answer",
		"warning  /skydns/com/example/prod/s/lost\n    its host nowhere.s.prod.example.com. does not exist",
		"warning  /skydns/com/example/prod/s/commented\n    its host is a name, which gives no CNAME",
		"warning  /skydns/com/example/prod/s/slash/b/\n    it is not answered",
		"warning  /skydns/com/example/prod/outside\n    outside.prod.example.com. is in none of the zones",
		"1522 keys, 5 errors, 7 warnings")
	if strings.Contains(out, "\x1b") {
		t.Error("check prints what steers terminals")
	}
	out, code = look("check", "--json")
	var findings []inspect.Finding
	if err := json.Unmarshal([]byte(out), &findings); err != nil || len(findings) != 12 || code != 2 {
		t.Errorf("check --json: %v, exits with %d:\n%s", err, code, out)
	}

	out, code = look("explain", "web")
	if code != 0 {
		t.Errorf("explain exits with %d:\n%s", code, out)
	}
	says(out, "web.s.prod.example.com. A\n", "zone      s.prod.example.com.", "/skydns/com/example/prod/s/web/a\n", "no lease",
		"WITHHELD: its address is of the other family", "WITHHELD: malformed: record: port", "WITHHELD: it is a further port of the service",
		`WITHHELD: its group is "other"`, "answer    NOERROR, 1 records", "5\tIN\tA\t10.1.0.1", d.address+" answers the same")
	out, _ = look("explain", "slash")
	says(out, "slash/b/\n", "WITHHELD: the key without the final slash", "answer    NOERROR, 1 records", "10.1.0.8\n")
	out, _ = look("explain", "leased")
	says(out, " left\n")
	out, code = look("explain", "--json", "leased", "TXT")
	var x inspect.Explanation
	if err := json.Unmarshal([]byte(out), &x); err != nil || code != 2 || len(x.Records) != 1 || x.Records[0].Withheld != "it has no text" || x.Rcode != "NOERROR" {
		t.Errorf("explain --json: %v, exits with %d:\n%s", err, code, out)
	}
	out, code = look("explain", "nope.s.prod.example.com")
	says(out, "answer    NXDOMAIN, 0 records", "answers the same")
	if code != 2 {
		t.Errorf("explain of a name that is not there exits with %d", code)
	}
	out, code = look("explain", "pr-7.preview.s.prod.example.com")
	says(out, "/skydns/com/example/prod/s/preview/*\n    {\"host\":\"10.1.0.6\"}\n    revision", "answer    NOERROR, 1 records", "answers the same")
	if code != 0 || strings.Contains(out, "WITHHELD") {
		t.Errorf("explain of a name that a * answers exits with %d:\n%s", code, out)
	}
	out, code = look("explain", `a\032b.s.prod.example.com`, "SRV")
	says(out, "answer    NOERROR, 1 records", "answers the same")
	if code != 0 {
		t.Errorf("explain of a name with a space exits with %d:\n%s", code, out)
	}
	out, code = look("explain", "upper")
	says(out, "/skydns/com/example/prod/s/Upper\n", "WITHHELD: malformed: key", "upper case", "answer    NXDOMAIN, 0 records")
	if code != 2 {
		t.Errorf("explain of a name whose key has upper case exits with %d", code)
	}
	out, code = look("explain", "many", "SRV")
	says(out, "answer    NOERROR, 1000 records", "note      there are more records than an answer may have", "answers the same")
	if code != 0 {
		t.Errorf("explain of a name with more records than an answer may have exits with %d", code)
	}
	out, _ = look("explain", "www.example.net", "--upstream=127.0.0.1:1")
	says(out, "upstreams are asked")
	if strings.Contains(out, "answer ") {
		t.Errorf("explain gives an answer for a name of others:\n%s", out)
	}
	out, _ = look("explain", "web", "--server=127.0.0.1:1")
	says(out, "127.0.0.1:1 DIFFERS: no answer")

	out, code = look("dump")
	if code != 0 {
		t.Errorf("dump exits with %d:\n%s", code, out)
	}
	says(out, "web.s.prod.example.com.\t5\tIN\tA\t10.1.0.1\n", "alias.s.prod.example.com.\t30\tIN\tCNAME\tweb.s.prod.example.com.\n",
		"; ported.s.prod.example.com.\t30\tIN\tSRV\t10 100 81 web.s.prod.example.com.\n", "_adm._tcp.web.s.prod.example.com.\t30\tIN\tSRV\t10 100 81 a._adm._tcp.web.s.prod.example.com.\n", `CAA	0 issue "ca.example.net"`)
	zone := dns.NewZoneParser(strings.NewReader(out), "", "")
	n := 0
	for _, ok := zone.Next(); ok; _, ok = zone.Next() {
		n++
	}
	if zone.Err() != nil || n < 15 {
		t.Errorf("the zone file has %d records, %v:\n%s", n, zone.Err(), out)
	}
	if out, code := look("dump", "other.example.com"); code != 1 || !strings.Contains(out, "none of s.prod.example.com.") {
		t.Errorf("dump of another zone exits with %d: %s", code, out)
	}

	etcd.Kill()
	for _, name := range []string{"check", "explain", "dump"} {
		args := []string{name}
		if name == "explain" {
			args = append(args, "web")
		}
		if out, code := look(args...); code != 1 || !strings.Contains(out, "dnsd: list /skydns/: etcd:") {
			t.Errorf("%s without etcd exits with %d: %s", name, code, out)
		}
		if out, code := look(name, "--help"); code != 0 || !strings.HasPrefix(out, "Usage: dnsd "+name) || !strings.Contains(out, "Exit code: 0") {
			t.Errorf("%s --help exits with %d: %s", name, code, out)
		}
	}
}

func TestHelpIsGivenWhereItIsAskedFor(t *testing.T) {
	for _, asked := range [][]string{
		{"--help"}, {"-h"}, {"store", "--help"}, {"store", "-h"}, {"store", "help"}, {"store", "status", "--help"}, {"store", "backup", "-h"},
		{"check", "--help"}, {"explain", "--help"}, {"dump", "--help"},
	} {
		if out, code := looked(t, asked...); code != 0 || !strings.Contains(strings.ToLower(out), "usage: dnsd") {
			t.Errorf("dnsd %s exits with %d: %s", strings.Join(asked, " "), code, out)
		}
	}
}

// TestHelpListsWhatCommandsTake: what a command says of itself in its first lines, dnsd help has as well.
func TestHelpListsWhatCommandsTake(t *testing.T) {
	all, _ := looked(t, "help")
	for _, name := range []string{"store", "cluster", "access"} {
		out, _ := looked(t, name, "--help")
		usage, _, _ := strings.Cut(out, "\n\n")
		for _, match := range regexp.MustCompile(`dnsd `+name+` ([a-z]+(?:\|[a-z]+)*)`).FindAllStringSubmatch(usage, -1) {
			for word := range strings.SplitSeq(match[1], "|") {
				if !regexp.MustCompile(`(?m)^  ` + name + ` (?:.* \| )?` + word + `\b`).MatchString(all) {
					t.Errorf("dnsd help has no dnsd %s %s, which dnsd %[1]s --help has", name, word)
				}
			}
		}
	}
}
