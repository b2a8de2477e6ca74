package docs

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// The lab's benchmarks share its set-up with the lab's tests, and are told apart
// from them by file and name.
func TestBenchmarks_of_the_lab_are_in_files_of_their_own(t *testing.T) {
	files, _ := filepath.Glob(filepath.Join(root, "internal/e2e/*_test.go"))
	function := regexp.MustCompile(`(?m)^func (Test\w+)\(\w+ \*testing\.T\)`)
	benchmarks := 0
	for _, path := range files {
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range function.FindAllStringSubmatch(string(text), -1) {
			byName, byFile := strings.HasPrefix(f[1], "TestBench"), strings.HasPrefix(filepath.Base(path), "bench_")
			if byName != byFile {
				t.Errorf("%s: %s: a benchmark is named TestBench... and is in a file bench_*_test.go, and nothing else is", path, f[1])
			}
			if byName {
				benchmarks++
			}
		}
	}
	if benchmarks < 5 {
		t.Errorf("found %d benchmarks", benchmarks)
	}
}
