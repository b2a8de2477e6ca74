// Package docsite makes HTML of the checkout's pages, and a reference of modules, roles
// and programs of what these say of themselves. No page needs a script, or anything from
// elsewhere: the folder can be read from a disk, or served by any server of files.
//
// The bytes of a page depend on the checkout and its programs alone.
package docsite

import (
	"fmt"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
)

// Source is what the site is made of.
type Source struct {
	Root    string   // the checkout
	Tracked []string // paths in it, with slashes
	// Programs are what programs say of themselves: by their name, usages by the command, "" their own.
	Programs map[string]map[string]string
}

// Build returns the files of the site by their paths, with slashes. A link of a page that
// leads nowhere is an error that names both.
func Build(s Source) (map[string][]byte, error) {
	b := builder{Source: s, files: map[string][]byte{"style.css": style}, places: map[string]string{}}
	for _, tracked := range s.Tracked {
		if to, ok := placeOf(tracked); ok {
			b.places[tracked] = to
		}
	}
	pages := make([]string, 0, len(b.places))
	for page := range b.places {
		pages = append(pages, page)
	}
	slices.Sort(pages)
	for _, page := range pages {
		if err := b.page(page); err != nil {
			return nil, err
		}
	}
	for _, part := range []func() error{b.modules, b.roles, b.programs, b.reference} {
		if err := part(); err != nil {
			return nil, err
		}
	}
	return b.files, nil
}

type builder struct {
	Source
	files  map[string][]byte
	places map[string]string // where a page of the checkout is on the site
	parts  []entry           // of the reference, in order
}

// entry is a line of the reference's index.
type entry struct{ Group, Title, About, File string }

// placeOf says where a page of the checkout is on the site: docs/ is its top, and the
// README of a folder is called as the folder.
func placeOf(tracked string) (string, bool) {
	folder, name := path.Split(tracked)
	switch {
	case !strings.HasSuffix(name, ".md") || strings.Contains(tracked, "testdata/") || strings.HasPrefix(tracked, "playbooks/"):
		return "", false
	case tracked == "docs/README.md":
		return "index.html", true
	case tracked == "README.md":
		return "rundock.html", true
	case folder == "docs/" || folder == "":
		return strings.ToLower(strings.TrimSuffix(name, ".md")) + ".html", true
	case name == "README.md":
		return strings.TrimSuffix(folder, "/") + ".html", true
	}
	return "", false
}

func (b *builder) read(tracked string) ([]byte, error) {
	return os.ReadFile(filepath.Join(b.Root, filepath.FromSlash(tracked)))
}

// link returns the target of a link on a page, as it is from that page's place on the
// site. What is linked to and no page comes along as a file; a folder has "", as the site has none.
func (b *builder) link(page, target string) (string, error) {
	file, anchor, anchored := strings.Cut(target, "#")
	if strings.Contains(target, "://") || file == "" {
		return target, nil
	}
	tracked := path.Join(path.Dir(page), file)
	to, ok := b.places[tracked]
	if !ok {
		info, err := os.Stat(filepath.Join(b.Root, filepath.FromSlash(tracked)))
		switch {
		case err != nil:
			return "", fmt.Errorf("%s: link to %s: %w", page, target, err)
		case info.IsDir():
			return "", nil
		}
		to = "files/" + tracked
		if b.files[to], err = b.read(tracked); err != nil {
			return "", err
		}
	}
	href := relative(b.places[page], to)
	if anchored {
		href += "#" + anchor
	}
	return href, nil
}

// relative is the way from one file of the site to another.
func relative(from, to string) string {
	return strings.Repeat("../", strings.Count(from, "/")) + to
}
