package container

import "testing"

func TestDigest(t *testing.T) {
	const id = "sha256:77aa"
	for claim, c := range map[string]struct {
		of   []string
		want string
	}{
		"of no image registry": {nil, id},
		"of one":               {[]string{"registry.example.com:5000/web@sha256:1"}, "registry.example.com:5000/web@sha256:1"},
		"of two, in any order": {[]string{"b.example.com/web@sha256:1", "a.example.com/web@sha256:1"}, "a.example.com/web@sha256:1"},
	} {
		if got := digest(id, c.of); got != c.want {
			t.Errorf("%s: %s, want %s", claim, got, c.want)
		}
	}
}
