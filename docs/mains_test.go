package docs

import (
	"path"
	"strings"
	"testing"
)

// A main puts a program's parts together. The parts are packages, in which what decides cannot
// reach what acts; a program that is one package again is found by its lines.
func TestEach_main_is_short(t *testing.T) {
	const most = 300 // lines without tests
	lines := map[string]int{}
	for file, syntax := range shipped(t) {
		if syntax.Name.Name != "main" {
			continue
		}
		lines[path.Dir(file)] += strings.Count(read(t, file), "\n")
	}
	if lines["modules/rundock"] == 0 || lines["dnsd"] == 0 {
		t.Fatalf("found the mains %v", lines)
	}
	for dir, n := range lines {
		if n > most {
			t.Errorf("main of %s has %d lines, want at most %d: make packages of its parts", dir, n, most)
		}
	}
}
