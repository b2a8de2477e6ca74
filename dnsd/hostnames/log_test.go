package hostnames

import (
	"bytes"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"testing"

	"rundock/internal/registry"
)

func TestTheLogOfRefusedNamesIsBounded(t *testing.T) {
	var logged bytes.Buffer
	var changes []registry.Change
	for i := range 2 * maxLogged {
		changes = append(changes, registry.Change{Key: fmt.Sprintf("/skydns/com/a:%d", i), Value: []byte(`{"host":"10.1.0.1"}`)})
	}
	var names Log
	for each := range slices.Chunk(changes, 7) {
		names.Changed(slog.New(slog.NewTextHandler(&logged, nil)), "/skydns", each, false)
	}
	if lines := strings.Count(logged.String(), "\n"); lines != maxLogged+1 || !strings.Contains(logged.String(), "see dnsd check") {
		t.Errorf("%d lines, want %d, of which the last one says where there are more", lines, maxLogged+1)
	}
}

// TestAListIsLoggedInOneLine: each HUP of dnsd begins with one.
func TestAListIsLoggedInOneLine(t *testing.T) {
	var logged bytes.Buffer
	log := slog.New(slog.NewTextHandler(&logged, nil))
	var changes []registry.Change
	for i := range 50 {
		changes = append(changes, registry.Change{Key: fmt.Sprintf("/skydns/com/a:%d", i), Value: []byte(`{"host":"10.1.0.1"}`)})
	}
	var names Log
	names.Changed(log, "/skydns", changes, true)
	names.Changed(log, "/skydns", changes, true)
	if got := logged.String(); strings.Count(got, "\n") != 1 || !strings.Contains(got, "count=50") || !strings.Contains(got, "dnsd check") || !strings.Contains(got, "/skydns/com/a:0") {
		t.Errorf("a list with 50 of them, twice, is logged as\n%s", got)
	}
	names.Changed(log, "/skydns", []registry.Change{{Key: "/skydns/com/b:1", Value: []byte(`{"host":"10.1.0.1"}`)}}, false)
	if got := logged.String(); !strings.Contains(got, "key=/skydns/com/b:1") {
		t.Errorf("a new one is not named:\n%s", got)
	}
}
