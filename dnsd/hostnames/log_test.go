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
		names.Changed(slog.New(slog.NewTextHandler(&logged, nil)), "/skydns", each)
	}
	if lines := strings.Count(logged.String(), "\n"); lines != maxLogged+1 || !strings.Contains(logged.String(), "see dnsd check") {
		t.Errorf("%d lines, want %d, of which the last one says where there are more", lines, maxLogged+1)
	}
}
