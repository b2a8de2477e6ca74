package skydns

import (
	"bytes"
	"encoding/json"
	"reflect"
	"strings"
	"testing"
)

func TestParse(t *testing.T) {
	for _, c := range []struct {
		claim, value string
		want         Record
	}{
		{"reads every field",
			`{"host":"10.0.0.1","port":80,"priority":20,"weight":50,"ttl":5,"text":"t","mail":true,"targetstrip":1,"group":"main","tags":["a"],"meta":{"k":"v"},"colour":"blue","id":"m/web/blue","type":"CAA","rdata":"0 issue x","at":"node-1"}`,
			Record{"10.0.0.1", 80, 20, 50, 5, "t", true, 1, "main", []string{"a"}, map[string]string{"k": "v"}, "blue", "m/web/blue", "CAA", "0 issue x", "node-1"}},
		{"takes numbers written as strings", `{"host":"::1","port":"80","ttl":" 30 ","weight":""}`, Record{Host: "::1", Port: 80, TTL: 30}},
		{"takes a truth written as a string", `{"mail":"true"}`, Record{Mail: true}},
		{"ignores unknown fields", `{"host":"a.example.com","x":[1,{}]}`, Record{Host: "a.example.com"}},
		{"matches names of any case", `{"Host":"10.0.0.1","PORT":1}`, Record{Host: "10.0.0.1", Port: 1}},
		{"leaves null unset", `{"host":null,"port":null}`, Record{}},
		{"takes surrounding space", " {\"port\":1}\n", Record{Port: 1}},
		{"takes a name with a final dot", `{"host":"a.example.com."}`, Record{Host: "a.example.com."}},
		{"takes an underscore in a name", `{"host":"_acme-challenge.a.example.com"}`, Record{Host: "_acme-challenge.a.example.com"}},
		{"takes digits in a name", `{"host":"10.2.0.21.example.com"}`, Record{Host: "10.2.0.21.example.com"}},
		{"takes an international name in ASCII", `{"host":"xn--bcher-kva.example.net"}`, Record{Host: "xn--bcher-kva.example.net"}},
		{"takes an address as another writes it", `{"host":"2001:DB8:0:0::1"}`, Record{Host: "2001:DB8:0:0::1"}},
	} {
		t.Run(c.claim, func(t *testing.T) {
			got, err := Parse([]byte(c.value))
			if err != nil || !reflect.DeepEqual(got, c.want) {
				t.Errorf("Parse(%s) = %+v, %v, want %+v", c.value, got, err, c.want)
			}
		})
	}
}

// Servers of one record have to read the same from it.
func TestOfAFieldThatIsThereTwiceTheLastCounts(t *testing.T) {
	for range 100 {
		for _, value := range []string{`{"Host":"10.0.0.1","HOST":"10.0.0.2","host":"10.0.0.3","port":80}`, `{"host":"10.0.0.1","HOST":"10.0.0.2","Host":"10.0.0.3","port":"80"}`} {
			if r, err := Parse([]byte(value)); err != nil || r.Host != "10.0.0.3" {
				t.Fatalf("Parse(%s) = %+v, %v, want the last host", value, r, err)
			}
		}
	}
}

func TestParseErrorNamesTheField(t *testing.T) {
	for _, c := range []struct{ value, want string }{
		{``, "empty value"},
		{`[]`, "not a JSON object"},
		{`null`, "not a JSON object"},
		{`{"host":"10.0.0.1"`, "unexpected end of JSON"},
		{`{"port":"http"}`, `port: want a whole number, have "http"`},
		{`{"port":80.5}`, "port: want a whole number, have 80.5"},
		{`{"port":true}`, "port: want a whole number"},
		{`{"port":65536}`, "port: 65536 is not between 0 and 65535"},
		{`{"weight":-1}`, "weight: -1 is not between"},
		{`{"priority":99999999999999999999}`, "priority: 99999999999999999999 is not between"},
		{`{"ttl":2147483648}`, "ttl: 2147483648 is not between"},
		{`{"targetstrip":128}`, "targetstrip: 128 is not between"},
		{`{"host":10}`, "host: want a string, have 10"},
		{`{"host":"10.0.0.1:80"}`, "host: \"10.0.0.1:80\" is neither an address nor a DNS name"},
		{`{"host":"http://x/"}`, "host: "},
		{`{"host":"bücher.example.net"}`, "label \"bücher\": a host name has ASCII alone; such a label is written xn--"},
		{`{"host":"user@x."}`, "label \"user@x\": a host name has letters, digits, - and _ alone"},
		{`{"host":"a;b."}`, "label \"a;b\": a host name has letters"},
		{`{"host":"(a)."}`, "label \"(a)\": a host name has letters"},
		{`{"host":"*.example.net"}`, "label \"*\": a host name has letters"},
		{`{"host":"it's.example.net"}`, "label \"it's\": a host name has letters"},
		{`{"host":"a\\.b.example.net"}`, "a host name has no escapes"},
		{`{"host":"-a.example.net"}`, "label \"-a\": a host name's neither begins nor ends with -"},
		{`{"host":"a-"}`, "label \"a-\": a host name's neither"},
		{`{"host":"10.2.0.256"}`, "\"10.2.0.256\": it looks like an address and is none"},
		{`{"host":"10.2.25"}`, "it looks like an address and is none"},
		{`{"host":"010.002.000.025"}`, "without leading zeros"},
		{`{"host":"10.2.0.21."}`, "and final dot, or a name"},
		{`{"host":"10.2.0.21.5"}`, "it looks like an address and is none"},
		{`{"host":"8080"}`, "it looks like an address and is none"},
		{`{"host":"web.10"}`, "it looks like an address and is none"},
		{`{"host":"a..b"}`, "host: \"a..b\": empty label"},
		{`{"host":"."}`, "host: \".\": the root is no host"},
		{`{"host":"fe80::1%eth0"}`, "host: \"fe80::1%eth0\": an address with a zone"},
		{`{"host":"` + strings.Repeat("a", 64) + `"}`, "is longer than 63 bytes"},
		{`{"mail":"maybe"}`, "mail: want true or false"},
		{`{"tags":"a"}`, "tags: want a list of strings"},
		{`{"meta":{"a":1}}`, "meta: want an object of strings"},
	} {
		if _, err := Parse([]byte(c.value)); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("Parse(%s) error = %v, want %s", c.value, err, c.want)
		}
	}
}

func TestMarshalLeavesUnsetFieldsOut(t *testing.T) {
	b, err := json.Marshal(Record{Host: "10.0.0.1", Port: 80, TTL: 5, Group: "main"})
	if want := `{"host":"10.0.0.1","port":80,"ttl":5,"group":"main"}`; err != nil || string(b) != want {
		t.Errorf("Marshal = %s, %v, want %s", b, err, want)
	}
}

func FuzzParse(f *testing.F) {
	f.Add([]byte(`{"host":"10.0.0.1","port":"80","tags":["a"],"meta":{"k":"v"}}`))
	f.Add([]byte(`{"host":"a\\.b.example.com","mail":"true","ttl":1e3}`))
	f.Fuzz(func(t *testing.T, value []byte) {
		r, err := Parse(value)
		if plain(value) {
			// What is read in one go is what is read field by field.
			if slow, slowErr := parseFields(value); (err == nil) != (slowErr == nil) || !reflect.DeepEqual(r, slow) {
				t.Fatalf("Parse(%s) = %+v, %v; field by field %+v, %v", value, r, err, slow, slowErr)
			}
		}
		if err != nil {
			return
		}
		b, err := json.Marshal(r)
		if err != nil {
			t.Fatalf("marshal %+v: %v", r, err)
		}
		again, err := Parse(b)
		if err != nil {
			t.Fatalf("Parse(%s), written from Parse(%s): %v", b, value, err)
		}
		if b2, _ := json.Marshal(again); string(b2) != string(b) {
			t.Fatalf("Parse(%s) marshals to %s", b, b2)
		}
	})
}

// plain reports whether a JSON object has no field twice, whatever the case: of
// those the one way looks at the last alone, the other at all. Of other alphabets some letters are
// those of ours in another case.
func plain(value []byte) bool {
	in := json.NewDecoder(bytes.NewReader(value))
	if opening, err := in.Token(); err != nil || opening != json.Delim('{') {
		return false
	}
	seen := map[string]bool{}
	for in.More() {
		token, err := in.Token()
		if err != nil {
			return false
		}
		name := strings.ToLower(token.(string))
		if seen[name] || strings.ContainsFunc(name, func(c rune) bool { return c > 0x7e }) {
			return false
		}
		seen[name] = true
		var skipped json.RawMessage
		if in.Decode(&skipped) != nil {
			return false
		}
	}
	return true
}
