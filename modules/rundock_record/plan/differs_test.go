package plan

import (
	"strings"
	"testing"

	"rundock/internal/control"
	"rundock/modules/rundock_record/params"
)

func TestDiffers(t *testing.T) {
	const own = `{"host":"10.9.0.7","port":5432,"id":"rundock_record"}`
	key := func(value string) control.Key { return control.Key{Exists: true, Value: []byte(value), ID: "somebody"} }
	for _, c := range []struct {
		claim, value string // the value that is asked for; "" for none
		now          control.Key
		want         bool
		err          string
	}{
		{"one that is not there is written", own, control.Key{}, true, ""},
		{"none that is not there is as asked for", "", control.Key{}, false, ""},
		{"the same, with other spaces, is left alone", own, key(`{"port": 5432, "host": "10.9.0.7", "id": "rundock_record"}`), false, ""},
		{"another is updated", own, key(`{"host":"10.9.0.8","id":"rundock_record"}`), true, ""},
		{"one without an owner is taken over", own, key(`{"host":"10.9.0.8"}`), true, ""},
		{"one that cannot be read is replaced", own, key(`{`), true, ""},
		{"one is removed", "", key(own), true, ""},
		{"a sidecar's stays", own, control.Key{Exists: true, Lease: "4d", Value: []byte(own), ID: "node-1"}, false, "is held by node-1, which announces it"},
		{"somebody else's stays", "", key(`{"host":"10.9.0.8","id":"other"}`), false, "is held by somebody, without a lease"},
	} {
		r := params.Record{Name: "static.db.example.com", Key: "/skydns/com/example/db/static"}
		if c.value != "" {
			r.Value = []byte(c.value)
		}
		got, err := Differs(r, c.now)
		if got != c.want || (err == nil) != (c.err == "") || err != nil && !strings.Contains(err.Error(), c.err) {
			t.Errorf("%s: %v, %v; want %v, %s", c.claim, got, err, c.want, c.err)
		}
	}
}
