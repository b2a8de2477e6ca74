package table

import "testing"

// FuzzUpdate holds the table to its promise for any key and value: either the
// key is bad, or its name has a record; and deleting it leaves nothing.
func FuzzUpdate(f *testing.F) {
	for key, value := range map[string]string{
		"/skydns/com/example/web/a":         `{"host":"10.0.0.1","port":"80","weight":7}`,
		"/skydns/com/example/*/x\\047y":     `{"type":"CAA","rdata":"0 issue \"x\"","text":"t"}`,
		"/skydns/arpa/in-addr/10/0/0/1":     `{"host":"a.example.com"}`,
		"/skydns/arpa/in-addr/10/0/0/2":     `{"host":"10.0.0.2"}`,
		"/skydns/arpa/in-addr/10":           `{"host":"10.0.0.3"}`,
		"/skydns/arpa/in-addr/10/0/0/4/x":   `{"host":"10.0.0.4"}`,
		"/skydns/com/example/odd":           `{"type":"TYPE65280","rdata":"\\# 2 0a00"}`,
		"/skydns/com//example":              `null`,
		"/skydns/com/example/web/" + "\xff": `{"host":"::1","targetstrip":127}`,
	} {
		f.Add(key, []byte(value))
	}
	f.Fuzz(func(t *testing.T, key string, value []byte) {
		if value == nil {
			value = []byte{}
		}
		tab := New("/skydns")
		set := func(v []byte) []Bad {
			return tab.Update(1, func(yield func(string, []byte) bool) { yield(key, v) })
		}
		bad := set(value)
		if s := tab.State(); s.Bad != len(bad) || s.Records+s.Bad != 1 {
			t.Fatalf("state is %+v, bad %v", s, bad)
		}
		if n, _ := tab.root.Stored(1000); len(bad) == 0 && len(n) != 1 {
			t.Fatalf("the table has %v", n)
		}
		set(nil)
		if s := tab.State(); s.Records+s.Bad+s.Names != 0 || tab.index.names != 1 || tab.Wildcards() != 0 || tab.root.Kinds() != 0 {
			t.Fatalf("after the deletion: %+v, index %d", s, tab.index.names)
		}
	})
}
