package mirror

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"strconv"
	"strings"
)

// Limits of a tree that is taken out. The list of its files is read into memory.
const (
	filesAtMost = 200_000
	bytesAtMost = 2 << 30
	listAtMost  = 64 << 20
	linkAtMost  = 4096 // bytes of a symbolic link: Linux has no longer path
)

// entry is a file, symbolic link or submodule of a tree.
type entry struct {
	path   string // with slashes
	mode   string // as git has it: 100644, 100755, 120000, 160000
	object string // id
	size   int64  // bytes; 0 of a submodule
}

func (e entry) link() bool      { return e.mode == "120000" }
func (e entry) submodule() bool { return e.mode == "160000" }

// Tree returns the id of a folder of a commit: the same id, the same files. folder is
// relative, with slashes; "." is the whole.
func (f Folder) Tree(ctx context.Context, repo, commit, folder string) (string, error) {
	if err := errors.Join(checkRepo(repo), checkCommit(commit)); err != nil {
		return "", err
	}
	if !fs.ValidPath(folder) {
		return "", fmt.Errorf("folder %q of commit %s: want a path below it", folder, commit)
	}
	within := "/" + folder
	if folder == "." {
		within = ""
	}
	ctx, cancel := f.patient(ctx)
	defer cancel()
	// A name after a colon is taken as it is, but for ./ and ../ at its beginning.
	out, err := run(f.git(ctx, f.dir(repo), Source{}, "rev-parse", "--verify", "--quiet", "--end-of-options", commit+":"+strings.TrimPrefix(within, "/")), 1<<10)
	if err != nil {
		return "", fmt.Errorf("folder %s of commit %s is not there: %w", folder, commit, why(ctx, err))
	}
	return strings.TrimSpace(string(out)), nil
}

func checkCommit(commit string) error {
	if !commitForm.MatchString(commit) {
		return fmt.Errorf("commit %q: want 40 or 64 hexadecimal digits", commit)
	}
	return nil
}

// list returns what a commit holds.
func (f Folder) list(ctx context.Context, repo, commit string) ([]entry, error) {
	out, err := run(f.git(ctx, f.dir(repo), Source{}, "ls-tree", "-r", "-z", "-l", "--full-tree", commit), listAtMost)
	if err != nil {
		return nil, fmt.Errorf("files of commit %s: %w", commit, why(ctx, err))
	}
	entries, err := parseTree(out)
	if err != nil {
		return nil, fmt.Errorf("files of commit %s: %w", commit, err)
	}
	return entries, nil
}

// parseTree reads what ls-tree -r -z -l prints: MODE TYPE OBJECT SIZE, a tab, a path,
// a zero byte. It refuses what is no path below a folder, what git itself would read as its own, and too
// much.
func parseTree(out []byte) (entries []entry, err error) {
	var total int64
	for record := range bytes.SplitSeq(out, []byte{0}) {
		if len(record) == 0 {
			continue
		}
		about, name, _ := strings.Cut(string(record), "\t")
		words := strings.Fields(about)
		if len(words) != 4 {
			return nil, fmt.Errorf("git says %q", about)
		}
		e := entry{path: name, mode: words[0], object: words[2]}
		if !fs.ValidPath(name) || name == "." || strings.Contains("/"+strings.ToLower(name)+"/", "/.git/") {
			return nil, fmt.Errorf("file %q: such a path is not allowed", name)
		}
		switch e.mode {
		case "100644", "100755", "100664", "120000":
			if e.size, err = strconv.ParseInt(words[3], 10, 64); err != nil || e.size < 0 {
				return nil, fmt.Errorf("file %q: its size is %q", name, words[3])
			}
		case "160000":
		default:
			return nil, fmt.Errorf("file %q: mode %s", name, e.mode)
		}
		if e.link() && e.size > linkAtMost {
			return nil, fmt.Errorf("symbolic link %q: %d bytes, at most %d are allowed", name, e.size, linkAtMost)
		}
		entries = append(entries, e)
		if total += e.size; total > bytesAtMost {
			return nil, fmt.Errorf("more than %d bytes in all files", int64(bytesAtMost))
		}
		if len(entries) > filesAtMost {
			return nil, fmt.Errorf("more than %d files", filesAtMost)
		}
	}
	return entries, nil
}

// folders are those that a path is in, the outermost first.
func folders(name string) []string {
	dir := path.Dir(name)
	if dir == "." {
		return nil
	}
	return append(folders(dir), dir)
}
