package docs

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// TestDocs_run runs the blocks of pages on the lab's hosts, but for those that say why not: what
// these call has to be there, at least.
func TestCommands_of_the_pages_are_there(t *testing.T) {
	makefile := read(t, "Makefile")
	tests := ""
	for _, path := range tracked(t) {
		if strings.HasSuffix(path, "_test.go") {
			tests += read(t, path)
		}
	}
	found := map[string]int{}
	for _, page := range []string{"README.md", "CONTRIBUTING.md", "docs/operations.md"} {
		for _, block := range regexp.MustCompile("(?s)\n *```sh\n(.*?)\n *```").FindAllStringSubmatch(read(t, page), -1) {
			for _, m := range regexp.MustCompile(`(?m)(?:^|[;&] ?)\s*make ([a-z-]+)`).FindAllStringSubmatch(block[1], -1) {
				found["make"]++
				if !regexp.MustCompile(`(?m)^(\.PHONY:.* )?` + m[1] + `\b.*:|^\.PHONY:.* ` + m[1] + `\b`).MatchString(makefile) {
					t.Errorf("%s: there is no make %s", page, m[1])
				}
			}
			for _, m := range regexp.MustCompile(`\./[a-z0-9_/]+`).FindAllString(block[1], -1) {
				found["folder"]++
				if _, err := os.Stat(filepath.Join(root, m)); err != nil {
					t.Errorf("%s: %v", page, err)
				}
			}
			for _, m := range regexp.MustCompile(`-run '?\^?(Test\w+)`).FindAllStringSubmatch(block[1], -1) {
				found["test"]++
				if !strings.Contains(tests, "\nfunc "+m[1]) {
					t.Errorf("%s: there is no test %s", page, m[1])
				}
			}
		}
	}
	if found["make"] < 12 || found["folder"] < 3 || found["test"] < 1 {
		t.Errorf("found in the pages %v", found)
	}
}
