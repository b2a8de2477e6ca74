package skydns

import (
	"strings"
	"testing"

	"github.com/miekg/dns"
)

func TestKeyAndNameAreInverse(t *testing.T) {
	for _, c := range []struct{ name, key string }{
		{"web.prod.example.com.", "/skydns/com/example/prod/web"},
		{"node-1.influxdb.s.prod.example.com.", "/skydns/com/example/prod/s/influxdb/node-1"},
		{"node-1._admin._tcp.influxdb.s.prod.example.com.", "/skydns/com/example/prod/s/influxdb/_tcp/_admin/node-1"},
		{"1.0.0.10.in-addr.arpa.", "/skydns/arpa/in-addr/10/0/0/1"},
		{".", "/skydns"},
		{`a\.b.com.`, "/skydns/com/a.b"},
		{`a/b.com.`, `/skydns/com/a\047b`},
		{`a\\b.com.`, `/skydns/com/a\092b`},
		{`\000\255.com.`, "/skydns/com/\x00\xff"},
		{"*.web.com.", "/skydns/com/web/*"},
		{`a\ b.com.`, "/skydns/com/a b"},
	} {
		if got := Key("/skydns", c.name); got != c.key {
			t.Errorf("Key(%q) = %q, want %q", c.name, got, c.key)
		}
		if got, err := Name("/skydns", c.key); err != nil || got != c.name {
			t.Errorf("Name(%q) = %q, %v, want %q", c.key, got, err, c.name)
		}
		packed := make([]byte, 255)
		n, err := dns.PackDomainName(c.name, packed, 0, nil, false)
		if got, wireErr := Wire("/skydns", c.key); err != nil || wireErr != nil || got != string(packed[:n]) {
			t.Errorf("Wire(%q) = %q, %v, want %q", c.key, got, wireErr, packed[:n])
		}
		if got := Key("/skydns/", c.name); got != c.key {
			t.Errorf("Key(%q) with a final slash on the prefix = %q, want %q", c.name, got, c.key)
		}
	}
}

func TestKeyOfOtherSpellings(t *testing.T) {
	for _, c := range []struct{ name, key string }{
		{"Web.PROD.example.com", "/skydns/com/example/prod/web"},
		{`\119eb.com.`, "/skydns/com/web"},
		{`\W.com`, "/skydns/com/w"},
		{"", "/skydns"},
	} {
		if got := Key("/skydns", c.name); got != c.key {
			t.Errorf("Key(%q) = %q, want %q", c.name, got, c.key)
		}
	}
}

func TestNameRefuses(t *testing.T) {
	for _, c := range []struct{ key, want string }{
		{"/other/com", "not under /skydns"},
		{"/skydns2/com", "not under /skydns"},
		{"/skydns//", "empty label"},
		{"/skydns/com//", "empty label"},
		{"/skydns/com//web", "empty label"},
		{"/skydns/com/Web", "upper case"},
		{`/skydns/com/a\b`, "only"},
		{`/skydns/com/a\046b`, "only"},
		{"/skydns/com/" + strings.Repeat("a", 64), "longer than 63 bytes"},
		{"/skydns" + strings.Repeat("/abcdefghi", 26), "longer than a DNS name"},
	} {
		if got, err := Name("/skydns", c.key); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("Name(%q) = %q, %v, want an error with %q", c.key, got, err, c.want)
		}
	}
}

func TestAFinalSlashMeansNothing(t *testing.T) {
	for key, want := range map[string]string{"/skydns/com/web/": "web.com.", "/skydns/": ".", `/skydns/com/a\047/`: "a/.com."} {
		if got, err := Name("/skydns", key); err != nil || got != want {
			t.Errorf("Name(%q) = %q, %v, want %q", key, got, err, want)
		}
	}
}

// FuzzKey holds the mapping to its inverse and, through the wire format, to
// what a DNS library makes of the same name: the same labels, never merged.
func FuzzKey(f *testing.F) {
	for _, s := range []string{"/skydns/com/example/web", `/skydns/a\047b/c\092/d.e`, "/skydns/\x00\xff/ @", "/skydns//", "/skydns/\x00bad/\\"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, key string) {
		name, err := Name("/skydns", key)
		written, wireErr := Wire("/skydns", key)
		if err != nil {
			if wireErr == nil || wireErr.Error() != err.Error() {
				t.Fatalf("Name(%q) fails by %v, Wire by %v", key, err, wireErr)
			}
			return
		}
		key = strings.TrimSuffix(key, "/")
		if again := Key("/skydns", name); again != key {
			t.Fatalf("Key(Name(%q)) = %q, through %q", key, again, name)
		}
		wire := make([]byte, 255)
		n, err := dns.PackDomainName(name, wire, 0, nil, false)
		if err != nil {
			t.Fatalf("pack %q of key %q: %v", name, key, err)
		}
		if wireErr != nil || written != string(wire[:n]) {
			t.Fatalf("Wire(%q) = %q, %v, want %q", key, written, wireErr, wire[:n])
		}
		parts := strings.Count(key, "/") - 1
		if labels := dns.CountLabel(name); labels != parts {
			t.Fatalf("key %q has %d parts, %q has %d labels", key, parts, name, labels)
		}
		back, _, err := dns.UnpackDomainName(wire[:n], 0)
		if err != nil || Key("/skydns", back) != key {
			t.Fatalf("key %q does not survive the wire: %q, %v", key, back, err)
		}
	})
}
