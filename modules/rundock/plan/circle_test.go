package plan

import (
	"strings"
	"testing"
)

func TestCircle(t *testing.T) {
	for _, c := range []struct{ claim, joins, want string }{
		{"it joins nothing", "", ""},
		{"a way that ends", "a:b b:c", ""},
		{"two join each other", "a:b b:a", "a b a"},
		{"a longer way back", "a:b b:c c:a", "a b c a"},
		{"one of several ways leads back", "a:b,c b:d c:a", "a c a"},
		{"others' circle is theirs", "a:b b:c c:b", ""},
	} {
		t.Run(c.claim, func(t *testing.T) {
			joins := map[string][]string{}
			for _, j := range strings.Fields(c.joins) {
				name, others, _ := strings.Cut(j, ":")
				joins[name] = strings.Split(others, ",")
			}
			got := strings.Join(Circle("a", func(name string) []string { return joins[name] }), " ")
			if got != c.want {
				t.Errorf("Circle(a) of %q = %q, want %q", c.joins, got, c.want)
			}
		})
	}
}
