package table

import "testing"

// Of two keys of one name the one without the final slash is answered, in
// whatever order they come, and the other once it has gone.
func TestTheKeyWithoutAFinalSlashGoesFirst(t *testing.T) {
	const (
		plain, noPlain     = `/skydns/com/web {"host":"10.0.0.1"}`, `/skydns/com/web`
		slashed, noSlashed = `/skydns/com/web/ {"host":"10.0.0.2"}`, `/skydns/com/web/`
		same               = `/skydns/com/web/ {"host":"10.0.0.1"}`
		bad                = `/skydns/com/web {"port":"x"}`
	)
	keep := func(int, int) bool { return true }
	type step struct {
		list, change string
		want         string
	}
	for claim, steps := range map[string][]step{
		"of a list":                   {{plain + "\n" + slashed, "", "10.0.0.1"}, {slashed + "\n" + plain, "", "10.0.0.1"}, {slashed, "", "10.0.0.2"}, {plain, "", "10.0.0.1"}},
		"of changes":                  {{"", plain, "10.0.0.1"}, {"", slashed, "10.0.0.1"}, {"", noPlain, "10.0.0.2"}, {"", plain, "10.0.0.1"}, {"", noSlashed, "10.0.0.1"}, {"", noPlain, ""}},
		"where both say the same":     {{"", same, "10.0.0.1"}, {"", plain, "10.0.0.1"}, {"", slashed, "10.0.0.1"}, {"", same, "10.0.0.1"}, {"", noSlashed, "10.0.0.1"}, {"", noPlain, ""}},
		"of a bad one it is no name":  {{"", slashed, "10.0.0.2"}, {"", bad, "10.0.0.2"}, {"", plain, "10.0.0.1"}, {"", bad, "10.0.0.2"}, {"", noSlashed, ""}},
		"and what is listed no more":  {{slashed, "", "10.0.0.2"}, {plain, "", "10.0.0.1"}, {"", noPlain, ""}},
		"a list that lacks both":      {{plain + "\n" + slashed, "", "10.0.0.1"}, {"/skydns/com/other {}", "", "10.0.0.1"}, {"", noPlain, ""}},
		"a list that lacks the first": {{plain + "\n" + slashed, "", "10.0.0.1"}, {slashed, "", "10.0.0.2"}, {"", noSlashed, ""}},
		"a list that lacks one":       {{slashed, "", "10.0.0.2"}, {"/skydns/com/other {}", "", "10.0.0.2"}, {"", noSlashed, ""}},
	} {
		tab := New("/skydns")
		tab.Replace(1, pairs(""))
		for i, s := range steps {
			if s.list != "" {
				tab.ReplaceUnless(2, pairs(s.list), keep)
			} else {
				tab.Update(3, pairs(s.change))
			}
			have := ""
			if n := find(tab, "web.com."); n != nil {
				have = n.Own().Addr.String()
			}
			if have != s.want {
				t.Errorf("%s: after step %d web.com. is %q, want %q", claim, i, have, s.want)
			}
		}
	}
}
