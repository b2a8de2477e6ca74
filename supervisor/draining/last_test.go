package draining

import (
	"fmt"
	"strings"
	"testing"

	"rundock/internal/registry"
)

func TestLastOf(t *testing.T) {
	for _, c := range []struct{ what, records, want string }{
		{"nothing is announced", "", "[]"},
		{"another host has it as well", "web/a=m1/web web/b=m2/web", "[]"},
		{"no other host has it", "web/a=m1/web", "[web.s.example.com]"},
		{"another host's is none of ours", "web/b=m2/web", "[]"},
		{"two of this host are one host's", "web/a=m1/web web/a2=m1/web", "[web.s.example.com]"},
		{"a machine whose id begins alike is another one", "web/a=m1/web web/b=m11/web", "[]"},
		{"a record by hand is an instance", "web/a=m1/web web/x=", "[]"},
		{"a further port is none", "web/a=m1/web web/b=m2/web web/_tcp/_http/a=m1/web", "[]"},
		{"each colour is for itself", "web/a-blue=m1/web/blue web/b-green=m2/web/green", "[web.s.example.com (blue)]"},
		{"several are told in order", "web/a=m1/web db/a=m1/db", "[db.s.example.com web.s.example.com]"},
	} {
		var records []registry.Listed
		for record := range strings.FieldsSeq(c.records) {
			key, id, _ := strings.Cut(record, "=")
			colour := ""
			if parts := strings.Split(id, "/"); len(parts) == 3 {
				colour = parts[2]
			}
			records = append(records, registry.Listed{Key: "/skydns/com/example/s/" + key, Value: fmt.Appendf(nil, `{"host":"10.0.0.1","port":80,"id":%q,"colour":%q}`, id, colour)})
		}
		if got := fmt.Sprint(lastOf(records, "/skydns", "m1")); got != c.want {
			t.Errorf("%s: lastOf(%s) = %s, want %s", c.what, c.records, got, c.want)
		}
	}
}
