// Package docs has no code: it tests that the pages name what there is.
package docs

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

const root = ".."

// pages are all that people read, in the checkout.
func pages(t *testing.T) (all []string) {
	t.Helper()
	err := filepath.WalkDir(root, func(path string, d os.DirEntry, err error) error {
		if err == nil && d.IsDir() && strings.HasPrefix(d.Name(), ".") && path != root {
			return filepath.SkipDir
		}
		if err == nil && strings.HasSuffix(path, ".md") {
			all = append(all, path)
		}
		return err
	})
	if err != nil || len(all) < 5 {
		t.Fatalf("pages: %v, %v", all, err)
	}
	return all
}

var (
	link   = regexp.MustCompile(`\]\(([^)#:]+)(#[^)]*)?\)`)
	quoted = regexp.MustCompile("`([a-z_.]+/[A-Za-z0-9_./-]*)`")
)

func TestLinks_lead_to_files(t *testing.T) {
	for _, page := range pages(t) {
		text, err := os.ReadFile(page)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range link.FindAllStringSubmatch(string(text), -1) {
			if _, err := os.Stat(filepath.Join(filepath.Dir(page), m[1])); err != nil {
				t.Errorf("%s: the link to %s leads nowhere", page, m[1])
			}
		}
	}
}

// A path in backquotes that begins with a folder of the checkout is one in it.
func TestPaths_in_the_pages_for_developers_are_there(t *testing.T) {
	for _, page := range []string{"README.md", "docs/design.md"} {
		text, err := os.ReadFile(filepath.Join(root, page))
		if err != nil {
			t.Fatal(err)
		}
		named := 0
		for _, m := range quoted.FindAllStringSubmatch(string(text), -1) {
			top, _, _ := strings.Cut(m[1], "/")
			if _, err := os.Stat(filepath.Join(root, top)); err != nil || strings.HasSuffix(m[1], "/NAME") {
				continue
			}
			named++
			if _, err := os.Stat(filepath.Join(root, m[1])); err != nil {
				t.Errorf("%s: there is no %s", page, m[1])
			}
		}
		if named < 10 {
			t.Errorf("%s: %d paths were found in it, want more", page, named)
		}
	}
}

// The ways through the code in design.md name many files without their folder.
func TestDesign_names_files_that_are_there(t *testing.T) {
	text, err := os.ReadFile("design.md")
	if err != nil {
		t.Fatal(err)
	}
	there := map[string]bool{}
	for _, path := range tracked(t) {
		there[filepath.Base(path)] = true
	}
	named := regexp.MustCompile("`([a-z_]+\\.go)`").FindAllStringSubmatch(string(text), -1)
	for _, n := range named {
		if !there[n[1]] {
			t.Errorf("design.md names %s, which is nowhere", n[1])
		}
	}
	if len(named) < 30 {
		t.Errorf("found %d files named", len(named))
	}
}
