package inspect

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"rundock/dnsd/answer"
	"rundock/dnsd/settings"
	"rundock/internal/registry"
)

// TestEndlessAliases has what dnsd check says of records, NAME=HOST below the
// zone's key, whose hosts are names that lead no further.
func TestEndlessAliases(t *testing.T) {
	zone, err := answer.NewZone("s.prod.example.com")
	if err != nil {
		t.Fatal(err)
	}
	s := settings.Settings{Prefix: "/skydns", Zones: []answer.Zone{zone}}
	for _, c := range []struct{ claim, records, want string }{
		{"an alias of an address is well", "a=b b=10.1.0.1", ""},
		{"so is one of a name elsewhere", "a=www.example.net.", ""},
		{"two that are each other's", "a=b b=a", "a: a -> b -> a\nb: b -> a -> b\n"},
		{"three in a ring, and one that leads into it", "a=b b=c c=a d=a", "a: a -> b -> c -> a\nb: b -> c -> a -> b\nc: c -> a -> b -> c\nd: a -> b -> c -> a\n"},
		{"one that is its own", "a=a", "a: a -> a\n"},
		{"one below the name that it leads to", "web/n1=web", "web/n1: web -> web\n"},
		{"one of several, which are answered in turn", "a/1=10.1.0.1.example.net. a/2=b b=a", "a/2: b -> a -> b\nb: b -> a -> b\n"},
		{"with capitals", "a=B b=A", "a: a -> b -> a\nb: b -> a -> b\n"},
		{"eight in a row are followed", "a=b b=c c=d d=e e=f f=g g=h h=10.1.0.1", ""},
		{"nine are not", "a=b b=c c=d d=e e=f f=g g=h h=i i=j j=10.1.0.1", "a: a -> b -> c -> d -> e -> f -> g -> h -> i\nb: b -> c -> d -> e -> f -> g -> h -> i -> j\n"},
	} {
		t.Run(c.claim, func(t *testing.T) {
			var keys []registry.Listed
			for each := range strings.FieldsSeq(c.records) {
				name, host, _ := strings.Cut(each, "=")
				if len(host) <= 3 {
					host += ".s.prod.example.com"
				}
				keys = append(keys, registry.Listed{Key: "/skydns/com/example/prod/s/" + name, Value: fmt.Appendf(nil, `{"host":%q}`, host)})
			}
			slices.SortFunc(keys, func(a, b registry.Listed) int { return strings.Compare(a.Key, b.Key) })
			v, err := newView(s, keys, 1)
			if err != nil {
				t.Fatal(err)
			}
			said := ""
			for _, f := range lint(s, v) {
				_, way, _ := strings.Cut(f.Reason, ": ")
				said += strings.TrimPrefix(f.Key, "/skydns/com/example/prod/s/") + ": " + strings.ReplaceAll(way, ".s.prod.example.com.", "") + "\n"
			}
			if said != c.want {
				t.Errorf("check says\n%swant\n%s", said, c.want)
			}
		})
	}
}
