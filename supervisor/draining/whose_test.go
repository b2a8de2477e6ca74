package draining

import (
	"testing"
	"time"

	"rundock/internal/control"
)

// TestDrain_of_upgrade_is_taken_over by whoever drains the host as well, and by nobody else's: upgrade.yml
// takes back into use what has its name.
func TestDrain_of_upgrade_is_taken_over(t *testing.T) {
	then, now := time.Unix(1000, 0), time.Unix(2000, 5)
	since := func(at time.Time, by string) control.Drain { return control.Drain{Version: 1, Since: at, By: by} }
	for name, c := range map[string]struct {
		was     control.Drain
		already bool
		by      string
		want    control.Drain
		changed bool
	}{
		"in use":                          {control.Drain{}, false, "ann", control.Drain{Since: time.Unix(2000, 0), By: "ann"}, true},
		"by upgrade.yml again":            {since(then, "upgrade.yml"), true, "upgrade.yml", since(then, "upgrade.yml"), false},
		"by upgrade.yml, then by ann":     {since(then, "upgrade.yml"), true, "ann", since(then, "ann"), true},
		"by upgrade.yml, then by nobody":  {since(then, "upgrade.yml"), true, "", since(then, ""), true},
		"by ann, then by bob":             {since(then, "ann"), true, "bob", since(then, "ann"), false},
		"by ann, then by upgrade.yml":     {since(then, "ann"), true, "upgrade.yml", since(then, "ann"), false},
		"by nobody, then by upgrade.yml":  {since(then, ""), true, "upgrade.yml", since(then, ""), false},
		"a file that cannot be read once": {control.Drain{}, true, "upgrade.yml", control.Drain{}, false},
	} {
		if got, changed := whose(c.was, c.already, c.by, now); got != c.want || changed != c.changed {
			t.Errorf("%s: %+v, changed %v; want %+v, %v", name, got, changed, c.want, c.changed)
		}
	}
}
