// Package docs has no code: it tests that the pages name what there is.
package docs

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"rundock/internal/docsite"
)

const root = ".."

// read returns a file of the checkout.
func read(t *testing.T, path string) string {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(root, path))
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

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
	for _, page := range []string{"docs/map.md", "docs/design.md"} {
		named := 0
		for _, m := range quoted.FindAllStringSubmatch(read(t, page), -1) {
			top, _, _ := strings.Cut(m[1], "/")
			if _, err := os.Stat(filepath.Join(root, top)); err != nil || strings.Contains(m[1], "/NAME") {
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
	there := map[string]bool{}
	for _, path := range tracked(t) {
		there[filepath.Base(path)] = true
	}
	named := regexp.MustCompile("`([a-z_]+\\.go)`").FindAllStringSubmatch(read(t, "docs/design.md"), -1)
	for _, n := range named {
		if !there[n[1]] {
			t.Errorf("design.md names %s, which is nowhere", n[1])
		}
	}
	if len(named) < 30 {
		t.Errorf("found %d files named", len(named))
	}
}

var (
	anchored = regexp.MustCompile(`\]\(([^)#:]*)#([^)]+)\)`)
	heading  = regexp.MustCompile(`(?m)^#+ (.+)$`)
	code     = regexp.MustCompile("(?s)```.*?```")
	target   = regexp.MustCompile(`\]\([^)]*\)`)
)

// anchors are those of a page's headings.
func anchors(page string) map[string]bool {
	all := map[string]bool{}
	for _, m := range heading.FindAllStringSubmatch(code.ReplaceAllString(page, ""), -1) {
		all[docsite.Anchor(target.ReplaceAllString(m[1], ""))] = true
	}
	return all
}

func TestLinks_lead_to_headings(t *testing.T) {
	checked := 0
	found := map[string]map[string]bool{} // by page
	for _, page := range pages(t) {
		text, err := os.ReadFile(page)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range anchored.FindAllStringSubmatch(code.ReplaceAllString(string(text), ""), -1) {
			to := page
			if m[1] != "" {
				to = filepath.Join(filepath.Dir(page), m[1])
			}
			if found[to] == nil {
				target, err := os.ReadFile(to)
				if err != nil {
					continue // TestLinks_lead_to_files
				}
				found[to] = anchors(string(target))
			}
			if checked++; !found[to][m[2]] {
				t.Errorf("%s: %s has no heading #%s", page, to, m[2])
			}
		}
	}
	if checked < 30 {
		t.Errorf("%d links to headings were found, want more", checked)
	}
}

// Whoever looks for a page finds it in the index.
func TestIndex_has_every_page(t *testing.T) {
	index := read(t, "docs/README.md")
	for _, page := range pages(t) {
		name, err := filepath.Rel("..", page)
		if err != nil {
			t.Fatal(err)
		}
		if folder := filepath.Dir(name); folder == "docs" && name != "docs/README.md" && !strings.Contains(index, "]("+filepath.Base(name)) {
			t.Errorf("docs/README.md leads to %s nowhere", name)
		}
	}
}
