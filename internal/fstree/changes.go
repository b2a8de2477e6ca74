package fstree

import (
	"bytes"
	"crypto/sha256"
	"fmt"
	"path/filepath"
	"slices"
	"sort"
	"strings"
	"unicode/utf8"
)

// Change is one file that differs from what is wanted.
type Change struct {
	Path   string // slash-separated, relative to the directory
	Before *File  // nil: absent
	After  *File  // nil: absent
}

// Changes are what Apply did, or would do.
type Changes struct {
	Dir  string
	List []Change // by path
}

// Diff is one entry of the list that Ansible shows under --diff.
type Diff struct {
	Before       string `json:"before"`
	After        string `json:"after"`
	BeforeHeader string `json:"before_header"`
	AfterHeader  string `json:"after_header"`
}

// Changed reports whether there is any change.
func (c Changes) Changed() bool { return len(c.List) > 0 }

// Then returns c and the later d as one list. A file that is the same after
// both as before them is no change.
func (c Changes) Then(d Changes) Changes {
	sum := Changes{Dir: d.Dir, List: slices.Clone(d.List)}
	for _, before := range c.List {
		i := slices.IndexFunc(sum.List, func(x Change) bool { return x.Path == before.Path })
		if i < 0 {
			sum.List = append(sum.List, before)
		} else {
			sum.List[i].Before = before.Before
		}
	}
	sum.List = slices.DeleteFunc(sum.List, func(x Change) bool { return same(x.Before, x.After) })
	sum.sort()
	return sum
}

// sort puts the changes in the order of their paths. sort.Slice is one function for all
// types, and slices.SortFunc one for each, of 15 KB in a module.
func (c Changes) sort() {
	sort.Slice(c.List, func(i, j int) bool { return c.List[i].Path < c.List[j].Path })
}

// same reports whether a file has the same content and mode as another.
func same(a, b *File) bool {
	if a == nil || b == nil {
		return a == b
	}
	return a.Mode.Perm() == b.Mode.Perm() && bytes.Equal(a.Data, b.Data)
}

// Touches reports whether the file or folder at prefix, or a file below it,
// changes.
func (c Changes) Touches(prefix string) bool {
	for _, change := range c.List {
		if change.Path == prefix || strings.HasPrefix(change.Path, strings.TrimSuffix(prefix, "/")+"/") {
			return true
		}
	}
	return false
}

// Diff is the changes as Ansible shows them: an entry for each file, under
// its absolute path, and one more where only, or also, the mode changes. A
// secret's content is never shown, nor a hash of it, which would let a reader
// of the log try guesses.
func (c Changes) Diff() []Diff {
	var list []Diff
	for _, change := range c.List {
		name := filepath.Join(c.Dir, filepath.FromSlash(change.Path))
		d := Diff{BeforeHeader: name, AfterHeader: name, Before: shown(change.Before, "old"), After: shown(change.After, "new")}
		if change.Before == nil {
			d.BeforeHeader = "/dev/null"
		}
		if change.After == nil {
			d.AfterHeader = "/dev/null"
		}
		both := change.Before != nil && change.After != nil
		if !both || string(change.Before.Data) != string(change.After.Data) {
			list = append(list, d)
		}
		if both && change.Before.Mode != change.After.Mode.Perm() {
			name += " (mode)"
			list = append(list, Diff{
				BeforeHeader: name, Before: fmt.Sprintf("%04o\n", change.Before.Mode),
				AfterHeader: name, After: fmt.Sprintf("%04o\n", change.After.Mode.Perm()),
			})
		}
	}
	return list
}

func shown(f *File, age string) string {
	switch {
	case f == nil:
		return ""
	case f.Secret:
		return "(" + age + " secret content)\n"
	case !utf8.Valid(f.Data):
		return fmt.Sprintf("(%s content, which is no text: %d bytes, sha256 %x)\n", age, len(f.Data), sha256.Sum256(f.Data))
	}
	return string(f.Data)
}
