package checkout

import "testing"

func TestVersion_rises_with_each_commit(t *testing.T) {
	for _, c := range []struct {
		tags, commits string
		changed       bool
		want          string
	}{
		{"", "787", false, "0.0.1-dev.787"},
		{"", "787", true, "0.0.1-dev.787.dirty"},
		{"v1.2.3\nv1.2.2\n", "0", false, "1.2.3"},
		{"v1.2.9\n", "7", false, "1.2.10-dev.7"},
		{"v1.2.3\n", "0", true, "1.2.4-dev.0.dirty"},
		{"v2-draft\nv1.0.0\n", "1", false, "1.0.1-dev.1"},
	} {
		if got := version(release(c.tags), c.commits, c.changed); got != c.want {
			t.Errorf("version(%q, %s, %v) = %s, want %s", c.tags, c.commits, c.changed, got, c.want)
		}
	}
}
