package docs

import (
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// design.md is where a newcomer looks for the way through the code: each package of
// what is shipped is in it, and each path in it is there.
func TestDesign_names_each_package_and_what_is_there(t *testing.T) {
	text := read(t, "docs/design.md")
	packages := map[string]bool{}
	for file := range shipped(t) {
		packages[path.Dir(file)] = true
	}
	for p := range packages {
		known := strings.HasPrefix(p, "modules/") || strings.HasPrefix(p, "internal/registry/") || // all of them
			p == "internal/ansible/stub" || p == "internal/await" || p == "dnsd/bench/coredns" // for building and tests
		if !known && !regexp.MustCompile(`\b`+regexp.QuoteMeta(path.Base(p))+`\b`).MatchString(text) {
			t.Errorf("design.md does not name the package %s", p)
		}
	}
	for _, found := range regexp.MustCompile("`((modules|supervisor|internal|dnsd|playbooks|docs)/[a-z0-9_./-]+)`").FindAllStringSubmatch(text, -1) {
		if _, err := os.Stat(filepath.Join(root, found[1])); err != nil {
			t.Errorf("design.md names what is not there: %v", err)
		}
	}
}

// A file that is named without its folder is in one that is named before it: in
// the same item or paragraph, or, where that names none, in the last one that does.
func TestDesign_names_files_by_the_folder_they_are_in(t *testing.T) {
	text := read(t, "docs/design.md")
	item := regexp.MustCompile(`\n\n|\n[0-9]+\. |\n\*\*`)
	named := 0
	for _, section := range strings.Split(text, "\n## ") {
		title, _, _ := strings.Cut(section, "\n")
		if title == "Where something new goes" { // files that are not there yet
			continue
		}
		var folders []string
		for _, said := range item.Split(section, -1) {
			var files []string
			files, folders = misplaced(said, folders)
			named += strings.Count(said, ".go`")
			for _, file := range files {
				t.Errorf("design.md, %s: %s is in none of the folders named before it", title, file)
			}
		}
	}
	if named < 30 {
		t.Errorf("found %d files named", named)
	}
}

// misplaced returns the files that text names and that are in none of the folders
// that it has named before, nor, while it has named none, in before; and the
// folders for what comes next.
func misplaced(text string, before []string) (files, folders []string) {
	folders = before
	own := false
	for _, found := range regexp.MustCompile("`([A-Za-z0-9_./-]+)`").FindAllStringSubmatch(text, -1) {
		name := found[1]
		info, err := os.Stat(filepath.Join(root, name))
		switch {
		case err == nil && strings.Contains(name, "/"):
			if !own {
				own, folders = true, nil
			}
			if !info.IsDir() {
				name = path.Dir(name)
			}
			folders = append(folders, name)
		case strings.HasSuffix(name, ".go") && !slices.ContainsFunc(folders, func(folder string) bool {
			_, err := os.Stat(filepath.Join(root, folder, name))
			return err == nil
		}):
			files = append(files, name)
		}
	}
	return files, folders
}
