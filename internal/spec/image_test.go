package spec

import "testing"

func TestSameImage(t *testing.T) {
	const digest = "@sha256:0f"
	for _, c := range []struct {
		a, b string
		want bool
	}{
		{"grafana", "grafana:latest", true},
		{"grafana", "docker.io/library/grafana", true},
		{"grafana/grafana:9", "index.docker.io/grafana/grafana:9", true},
		{"library/grafana", "grafana", true},
		{"registry.example.com:5000/grafana", "registry.example.com:5000/grafana:latest", true},
		{"localhost/app", "localhost/app:latest", true},
		{"grafana" + digest, "docker.io/library/grafana" + digest, true},
		{"grafana", "grafana:9", false},
		{"grafana", "grafana/grafana", false},
		{"grafana", "registry.example.com/grafana", false},
		{"grafana", "registry.example.com/library/grafana", false},
		{"localhost/app", "app", false},
		{"grafana" + digest, "grafana", false},
		{"grafana" + digest, "grafana:latest" + digest, false},
		{"host:5000/app", "host:5001/app", false},
	} {
		if got, back := SameImage(c.a, c.b), SameImage(c.b, c.a); got != c.want || back != c.want {
			t.Errorf("SameImage(%q, %q) = %v, and %v the other way, want %v", c.a, c.b, got, back, c.want)
		}
	}
}
