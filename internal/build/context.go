package build

import (
	"archive/tar"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"time"
)

// inlineName is where a Dockerfile is in the context that is not a file of it.
const inlineName = ".rundock.Dockerfile"

// source is what is built from: a folder of the branch, and a Dockerfile, which may
// be beside it.
type source struct {
	folder     *os.Root
	dockerfile string // path in the folder; inlineName where text is it
	text       string
	ignore     ignore
	ignored    *string // the text of .dockerignore; nil: there is none
}

// open opens a source; close its folder. context and dockerfile are as in stack.Build.
func open(branch *os.Root, context, dockerfile, inline string) (s source, err error) {
	if s.folder, err = branch.OpenRoot(context); err != nil {
		return s, fmt.Errorf("build.context: %w", err)
	}
	defer func() {
		if err != nil {
			s.folder.Close()
		}
	}()
	if dockerfile == "" {
		dockerfile = "Dockerfile"
	}
	s.dockerfile, s.text = dockerfile, inline
	if inline == "" {
		var data []byte
		if data, err = readSmall(branch, path.Join(context, dockerfile)); err != nil {
			return s, fmt.Errorf("build.dockerfile: %w", err)
		}
		s.text = string(data)
	}
	if inline != "" || !fs.ValidPath(dockerfile) {
		s.dockerfile = inlineName
	}
	data, err := readSmall(s.folder, ".dockerignore")
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return s, fmt.Errorf(".dockerignore: %w", err)
	}
	if err == nil {
		text := string(data)
		s.ignored = &text
	}
	s.ignore, err = parseIgnore(string(data))
	return s, err
}

// smallAtMost is how large a Dockerfile or .dockerignore may be, in bytes.
const smallAtMost = 1 << 20

func readSmall(root *os.Root, name string) ([]byte, error) {
	file, err := root.Open(name)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	info, err := file.Stat()
	switch {
	case err != nil:
		return nil, err
	case !info.Mode().IsRegular():
		return nil, fmt.Errorf("%s is no file", name)
	case info.Size() > smallAtMost:
		return nil, fmt.Errorf("%s has %d bytes, at most %d are allowed", name, info.Size(), smallAtMost)
	}
	return io.ReadAll(file)
}

// write writes the folder as a tar, of which files take atMost bytes. Links are
// sent as they are: the daemon follows them within the context alone.
func (s source) write(w io.Writer, atMost int64) error {
	out := tar.NewWriter(w)
	left := atMost
	err := fs.WalkDir(s.folder.FS(), ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil || name == "." {
			return err
		}
		if name == ".dockerignore" && s.dockerfile == inlineName {
			return nil // which inline writes
		}
		// The builder needs these two, and leaves them out itself.
		if name != s.dockerfile && name != ".dockerignore" && s.ignore.ignores(name) {
			if d.IsDir() && !s.ignore.keepsSome() && !within(s.dockerfile, name) {
				return fs.SkipDir
			}
			return nil
		}
		return s.add(out, name, d, &left)
	})
	if err == nil && s.dockerfile == inlineName {
		err = s.inline(out)
	}
	if errors.Is(err, errLarge) {
		err = fmt.Errorf("the build's context has more than %d bytes: leave out by .dockerignore what is not needed", atMost)
	}
	return errors.Join(err, out.Close())
}

// inline adds a Dockerfile that is no file of the context, and has the builder leave it out of
// that by .dockerignore, as docker does: COPY . is of the folder's own files.
func (s source) inline(out *tar.Writer) error {
	ignored := ".dockerignore"
	if s.ignored != nil {
		ignored = *s.ignored
	}
	for _, file := range []struct{ name, text string }{{".dockerignore", ignored + "\n" + inlineName + "\n"}, {inlineName, s.text}} {
		if err := out.WriteHeader(&tar.Header{Name: file.name, Mode: 0o644, Size: int64(len(file.text)), ModTime: epoch}); err != nil {
			return err
		}
		if _, err := io.WriteString(out, file.text); err != nil {
			return err
		}
	}
	return nil
}

func within(name, folder string) bool {
	return len(name) > len(folder) && name[:len(folder)] == folder && name[len(folder)] == '/'
}

// epoch is when all files were changed: the builder does not compare it, and images of the
// same files are the same.
var epoch = time.Unix(0, 0)

var errLarge = errors.New("the context is too large")

func (s source) add(out *tar.Writer, name string, d fs.DirEntry, left *int64) error {
	info, err := d.Info()
	if err != nil {
		return err
	}
	header := &tar.Header{Name: name, Mode: int64(info.Mode().Perm()), ModTime: epoch}
	switch {
	case d.IsDir():
		header.Typeflag, header.Name = tar.TypeDir, name+"/"
		return out.WriteHeader(header)
	case info.Mode()&fs.ModeSymlink != 0:
		header.Typeflag = tar.TypeSymlink
		if header.Linkname, err = s.folder.Readlink(name); err != nil {
			return err
		}
		return out.WriteHeader(header)
	case !info.Mode().IsRegular():
		return nil
	}
	if *left -= info.Size(); *left < 0 {
		return errLarge
	}
	header.Typeflag, header.Size = tar.TypeReg, info.Size()
	file, err := s.folder.Open(name)
	if err != nil {
		return err
	}
	defer file.Close()
	if err := out.WriteHeader(header); err != nil {
		return err
	}
	_, err = io.Copy(out, file)
	return err
}
