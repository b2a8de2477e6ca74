package inspect

import (
	"bytes"
	"fmt"
	"log/slog"
	"strings"
	"testing"

	"rundock/dnsd/answer"
	"rundock/dnsd/hostnames"
	"rundock/dnsd/settings"
	"rundock/internal/registry"
)

// TestDoubts has what dnsd check says of one record, below the zone's key, that
// dnsd reads. Those that end in "log" are logged too.
func TestDoubts(t *testing.T) {
	zone, err := answer.NewZone("s.prod.example.com")
	if err != nil {
		t.Fatal(err)
	}
	s := settings.Settings{Prefix: "/skydns", Zones: []answer.Zone{zone}}
	const (
		alone      = "a host name has letters, digits, - and _ alone"
		isRepeated = "these fields are there more than once, and the last of each counts: "
	)
	for _, c := range []struct{ key, value, want, log string }{
		{"web/node-1", `{"host":"10.1.0.1","port":80,"text":"t"}`, "", ""},
		{"web/_tcp/_admin/node-1", `{"host":"10.1.0.1","port":80}`, "", ""},
		{"app/*", `{"host":"10.1.0.1"}`, "", ""},
		{"app/*/a", `{"host":"10.1.0.1"}`, "", ""},

		{"redis/ip-172-30-0-76:redis:6379", `{"host":"10.1.0.1","port":6379}`, `label "ip-172-30-0-76:redis:6379": ` + alone, "log"},
		{"redis/a b", `{"host":"10.1.0.1"}`, `label "a b": ` + alone, "log"},
		{"redis/bücher", `{"host":"10.1.0.1"}`, `label "bücher": a host name has ASCII alone`, "log"},
		{"redis/-a", `{"host":"10.1.0.1"}`, `label "-a": a host name's neither begins nor ends with -`, "log"},
		{"redis/a-", `{"host":"10.1.0.1"}`, `label "a-": a host name's neither begins nor ends with -`, "log"},
		{"re:dis/a", `{"host":"10.1.0.1"}`, `label "re:dis": ` + alone, "log"},
		{"redis/a:6379", `{"host":"10.1.0.1","targetstrip":1}`, "", ""},
		{"redis/a:6379", `{"host":"redis.example.net","port":6379}`, "", ""},
		{"redis/a:6379", `{"text":"t"}`, "", ""},

		{"web/10.1.0.1", `{"host":"10.1.0.1"}`, `label "10.1.0.1": a host name has no dot within a label`, "log"},
		{"web.test", `{"text":"t"}`, `"web.test" is one label with a dot in it, not several`, ""},
		{"node-1.web/txt", `{"text":"t"}`, `"node-1.web" is one label with a dot in it`, ""},

		{"any", `{"host":"0.0.0.0"}`, "0.0.0.0 is where a server listens at all addresses", ""},
		{"any", `{"host":"::"}`, ":: is where a server listens", ""},
		{"any", `{"host":"::ffff:0.0.0.0"}`, "0.0.0.0 is where a server listens", ""},
		{"any", `{"host":"127.0.0.1"}`, "127.0.0.1 is each host's own", ""},
		{"any", `{"host":"::1"}`, "::1 is each host's own", ""},
		{"any", `{"host":"224.0.0.1"}`, "224.0.0.1 is no single host's address", ""},
		{"any", `{"host":"255.255.255.255"}`, "255.255.255.255 is no single host's address", ""},
		{"any", `{"host":"169.254.1.1"}`, "169.254.1.1 is link-local", ""},
		{"any", `{"host":"fe80::1"}`, "fe80::1 is link-local", ""},

		{"text", `{"text":"` + strings.Repeat("t", answer.MaxText) + `"}`, "", ""},
		{"text", `{"text":"` + strings.Repeat("t", answer.MaxText+1) + `"}`, "its text has 60001 bytes, of which no answer holds more than 60000", ""},

		{"web", `{"host":"10.1.0.1","port":80,"host":"10.1.0.2"}`, isRepeated + "host", ""},
		{"web", `{"host":"10.1.0.1","port":80,"Host":"10.1.0.1","PORT":80}`, isRepeated + "host, port", ""},
		{"web", `{"host":"10.1.0.1","meta":{"host":"a","port":"b"},"tags":["host"]}`, "", ""},
	} {
		key := "/skydns/com/example/prod/s/" + c.key
		v, err := newView(s, []registry.Listed{{Key: key, Value: []byte(c.value)}}, 1)
		if err != nil {
			t.Fatal(err)
		}
		said := ""
		for _, f := range lint(s, v) {
			said += fmt.Sprintln(f.Level, f.Reason)
		}
		if c.want == "" && said != "" || !strings.Contains(said, c.want) || strings.Contains(said, "error") {
			t.Errorf("check of %s %.80s says %q, want %q", c.key, c.value, said, c.want)
		}

		var logged bytes.Buffer
		var names hostnames.Log
		for range 2 {
			names.Changed(slog.New(slog.NewTextHandler(&logged, nil)), s.Prefix, []registry.Change{{Key: key, Value: []byte(c.value)}}, false)
		}
		want := 0
		if c.log != "" {
			want = 1
		}
		if got := strings.Count(logged.String(), "resolvers refuse the name of a record"); got != want {
			t.Errorf("%s %.80s is logged %d times, want %d: %s", c.key, c.value, got, want, &logged)
		}
	}
}
