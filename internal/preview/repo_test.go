package preview

import (
	"strings"
	"testing"
)

func TestRepo_is_checked(t *testing.T) {
	good := Repo{Name: "shop", URL: "git@example.com:team/shop.git", Compose: []string{"deploy/compose.yaml"}, Key: "/etc/rundock/preview/shop.key"}
	if err := good.Check(); err != nil {
		t.Error(err)
	}
	for want, change := range map[string]func(*Repo){
		"want a-z":         func(r *Repo) { r.Name = "Shop" },
		"repository \"\"":  func(r *Repo) { r.Name = "" },
		"not allowed":      func(r *Repo) { r.URL = "ext::sh" },
		"in its trees":     func(r *Repo) { r.Compose = []string{"../compose.yaml"} },
		"an absolute path": func(r *Repo) { r.Credentials = "secrets" },
		"10 at least":      func(r *Repo) { r.Poll = 1 },
	} {
		r := good
		change(&r)
		if err := r.Check(); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%+v: %v, want %q", r, err, want)
		}
	}
}
