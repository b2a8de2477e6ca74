package plan

import (
	"strings"
	"testing"

	"rundock/internal/control"
	"rundock/modules/rundock_kv/params"
)

func TestDecide(t *testing.T) {
	text := func(s string) *string { return &s }
	blue := control.Key{Exists: true, Value: []byte("blue")}
	for _, c := range []struct {
		claim string
		p     params.Params
		now   control.Key
		want  bool
		err   string
	}{
		{"a key that is not there is written", params.Params{Value: text("blue")}, control.Key{}, true, ""},
		{"an empty one is one", params.Params{Value: text("")}, control.Key{}, true, ""},
		{"and is as it is", params.Params{Value: text("")}, control.Key{Exists: true}, false, ""},
		{"one that has the value is left alone", params.Params{Value: text("blue")}, blue, false, ""},
		{"another is written", params.Params{Value: text("green")}, blue, true, ""},
		{"what is expected is replaced", params.Params{Value: text("green"), Expect: text("blue")}, blue, true, ""},
		{"what is as asked for is no failure", params.Params{Value: text("blue"), Expect: text("green")}, blue, false, ""},
		{"what is not expected stays", params.Params{Value: text("green"), Expect: text("red")}, blue, false, `key k is "blue", and was to be "red"`},
		{"nor does nothing become something", params.Params{Value: text("green"), Expect: text("blue")}, control.Key{}, false, `key k is not there, and was to be "blue"`},
		{"what is to be absent is written", params.Params{Value: text("green"), ExpectAbsent: true}, control.Key{}, true, ""},
		{"what is there stays", params.Params{Value: text("green"), ExpectAbsent: true}, blue, false, `key k is there, with "blue", and was to be absent`},
		{"unless it is as asked for", params.Params{Value: text("blue"), ExpectAbsent: true}, blue, false, ""},
		{"a key is removed", params.Params{State: "absent"}, blue, true, ""},
		{"none is not", params.Params{State: "absent"}, control.Key{}, false, ""},
		{"one is removed as expected", params.Params{State: "absent", Expect: text("blue")}, blue, true, ""},
		{"and not otherwise", params.Params{State: "absent", Expect: text("red")}, blue, false, `key k is "blue", and was to be "red"`},
		{"a key under a lease stays", params.Params{State: "absent"}, control.Key{Exists: true, Lease: "4d"}, false, "key k is held under a lease (4d)"},
		{"a secret is not told", params.Params{Value: text("green"), Expect: text("red"), Secret: true}, blue, false, "key k is (another secret), and was to be (another secret)"},
	} {
		if c.p.State == "" {
			c.p.State = "present"
		}
		c.p.Key = "k"
		got, err := Decide(c.p, c.now)
		if got != c.want || (err == nil) != (c.err == "") || err != nil && !strings.Contains(err.Error(), c.err) {
			t.Errorf("%s: Decide = %v, %v; want %v, %s", c.claim, got, err, c.want, c.err)
		}
	}
}
