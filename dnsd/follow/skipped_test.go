package follow

import (
	"bytes"
	"log/slog"
	"strings"
	"testing"

	"rundock/internal/registry"
)

// TestSkippedRecordsAreLogged: those of a list in one line, as each HUP begins
// with a list, and each that becomes bad afterwards by its key.
func TestSkippedRecordsAreLogged(t *testing.T) {
	var logged bytes.Buffer
	f := follower()
	f.Log = slog.New(slog.NewTextHandler(&logged, nil))
	all := list(1, 50)
	for i := range all.Changes {
		all.Changes[i].Value = []byte(`{"port":"x"}`)
	}
	says := func(when string, lines int, words ...string) {
		t.Helper()
		var skipped []string
		for line := range strings.Lines(logged.String()) {
			if strings.Contains(line, "skipped") {
				skipped = append(skipped, line)
			}
		}
		logged.Reset()
		text := strings.Join(skipped, "")
		for _, w := range words {
			if !strings.Contains(text, w) {
				t.Errorf("%s nothing says %q:\n%s", when, w, text)
			}
		}
		if len(skipped) != lines {
			t.Errorf("%s there are %d lines, want %d:\n%s", when, len(skipped), lines, text)
		}
	}
	f.on(all)
	says("of a list", 1, "count=50", "dnsd check", "/skydns/com/example/web-0: record: port")
	all.Revision++
	f.on(all)
	says("of the same list again", 0)
	f.on(registry.Batch{Revision: 3, Cluster: 7, Changes: []registry.Change{{Key: "/skydns/com/example/new", Value: []byte(`{"port":"x"}`)}}})
	says("of a new one", 1, "key=/skydns/com/example/new")
}
