package mirror

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
)

// Export makes the folder dir hold what a commit does, and replaces what is there.
// Symbolic links are made as they are, wherever they lead: read what is below dir by an
// os.Root. A submodule is an empty folder; submodules are these. Where the call fails, dir is incomplete.
func (f Folder) Export(ctx context.Context, repo, commit, dir string) (submodules []string, err error) {
	if err := errors.Join(checkRepo(repo), checkCommit(commit)); err != nil {
		return nil, err
	}
	ctx, cancel := f.patient(ctx)
	defer cancel()
	entries, err := f.list(ctx, repo, commit)
	if err != nil {
		return nil, err
	}
	if err := os.RemoveAll(dir); err != nil {
		return nil, err
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, err
	}
	root, err := os.OpenRoot(dir)
	if err != nil {
		return nil, err
	}
	defer root.Close()
	if err := f.write(ctx, repo, root, entries); err != nil {
		return nil, fmt.Errorf("files of commit %s: %w", commit, why(ctx, err))
	}
	for _, e := range entries {
		if e.submodule() {
			submodules = append(submodules, e.path)
		}
	}
	return submodules, nil
}

// write writes entries below root. Links come last, so that no file is written through one.
func (f Folder) write(ctx context.Context, repo string, root *os.Root, entries []entry) error {
	made := map[string]bool{}
	var files []entry
	for _, e := range entries {
		parents := folders(e.path)
		if e.submodule() {
			parents = append(parents, e.path)
		}
		for _, dir := range parents {
			if made[dir] {
				continue
			}
			if err := root.Mkdir(dir, 0o755); err != nil && !errors.Is(err, os.ErrExist) {
				return err
			}
			made[dir] = true
		}
		if !e.submodule() && !e.link() {
			files = append(files, e)
		}
	}
	for _, e := range entries {
		if e.link() {
			files = append(files, e)
		}
	}
	return f.contents(ctx, repo, files, func(e entry, content io.Reader) error {
		if e.link() {
			target, err := io.ReadAll(content)
			if err != nil {
				return err
			}
			return root.Symlink(string(target), e.path)
		}
		return writeFile(root, e, content)
	})
}

func writeFile(root *os.Root, e entry, content io.Reader) error {
	mode := os.FileMode(0o644)
	if e.mode == "100755" {
		mode = 0o755
	}
	// Of a tree that has a path twice the second one is refused.
	file, err := root.OpenFile(e.path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, mode)
	if err != nil {
		return err
	}
	_, err = io.Copy(file, content)
	return errors.Join(err, file.Close())
}

// contents gives what each of entries holds, in their order, by one git.
func (f Folder) contents(ctx context.Context, repo string, entries []entry, on func(entry, io.Reader) error) error {
	var ids strings.Builder
	for _, e := range entries {
		ids.WriteString(e.object + "\n")
	}
	cmd := f.git(ctx, f.dir(repo), Source{}, "cat-file", "--batch", "--buffer")
	cmd.Stdin = strings.NewReader(ids.String())
	return stream(cmd, func(out io.Reader) error {
		r := bufio.NewReaderSize(out, 1<<16)
		for _, e := range entries {
			header, err := r.ReadString('\n')
			if err != nil {
				return fmt.Errorf("file %q: git ends: %w", e.path, err)
			}
			if want := fmt.Sprintf("%s blob %d\n", e.object, e.size); header != want {
				return fmt.Errorf("file %q: git says %q", e.path, strings.TrimSpace(header))
			}
			if err := on(e, io.LimitReader(r, e.size)); err != nil {
				return err
			}
			if end, err := r.ReadByte(); err != nil || end != '\n' {
				return fmt.Errorf("file %q: git gives another length", e.path)
			}
		}
		return nil
	})
}
