package inspect

import (
	"strings"
	"testing"

	"rundock/dnsd/answer"
	"rundock/dnsd/settings"
	"rundock/internal/registry"
)

// A record is judged before it is written: its own faults are errors.
func TestTried(t *testing.T) {
	zone, err := answer.NewZone("s.prod.example.com")
	if err != nil {
		t.Fatal(err)
	}
	s := settings.Settings{Prefix: "/skydns", Zones: []answer.Zone{zone}}
	const below = "/skydns/com/example/prod/s/"
	keys := []registry.Listed{{Key: below + "web/node-1", Value: []byte(`{"host":"10.1.0.1"}`)}}
	for _, c := range []struct{ key, value, level, want string }{
		{below + "printer/static", `{"host":"10.1.0.7","port":631}`, "", ""},
		{below + "web/node-1", `{"host":"10.1.0.7"}`, "", ""},
		{below + "alias/static", `{"host":"web.s.prod.example.com"}`, "", ""},
		{below + "caa/static", `{"type":"CAA","rdata":"0 issue \"ca.example.net\""}`, "", ""},
		{below + "caa/static", `{"type":"CAA","rdata":"issue"}`, "error", "is not CAA data"},
		{below + "old/static", `{"type":"DNAME","rdata":"new.example.com."}`, "error", "DNAME is not served"},
		{below + "printer/static", `{"host":"10.1.0.256"}`, "error", "it looks like an address and is none"},
		{below + "printer/static", `{"host":"127.0.0.1"}`, "error", "127.0.0.1 is each host's own"},
		{below + "printer/a b", `{"host":"10.1.0.7"}`, "error", "resolvers refuse its name"},
		{"/skydns/org/printer", `{"host":"10.1.0.7"}`, "error", "is in none of the zones"},
		{below + "alias/static", `{"host":"wbe.s.prod.example.com"}`, "warning", "its host wbe.s.prod.example.com. does not exist"},
	} {
		findings, err := tried(s, append([]registry.Listed{}, keys...), 1, c.key, []byte(c.value))
		if err != nil {
			t.Fatal(err)
		}
		if c.want == "" && len(findings) > 0 || c.want != "" && (len(findings) != 1 || findings[0].Level != c.level || !strings.Contains(findings[0].Reason, c.want)) {
			t.Errorf("%s at %s: %+v, want %s: %s", c.value, c.key, findings, c.level, c.want)
		}
	}
}
