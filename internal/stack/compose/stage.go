package compose

import (
	"os"
	"path"
	"path/filepath"
	"strings"
)

// stageDepth is how many folders up a file of the project may be named.
const stageDepth = 8

// stage is a folder in which the files stand as they do where they come from:
// compose-go reads by itself what files include and extend. Relative names
// are below root, which is deep enough for those that begin with ../, absolute
// ones below absolute.
type stage struct {
	folder, root, absolute string
}

func newStage() (*stage, error) {
	folder, err := os.MkdirTemp("", "rundock-stack-")
	if err != nil {
		return nil, err
	}
	s := &stage{folder: folder, root: folder + "/files" + strings.Repeat("/up", stageDepth), absolute: folder + "/absolute"}
	return s, os.MkdirAll(s.root, 0o700)
}

func (s *stage) remove() { os.RemoveAll(s.folder) }

// path is where a file is staged.
func (s *stage) path(name string) string {
	if path.IsAbs(name) {
		return path.Join(s.absolute, name)
	}
	return path.Join(s.root, name)
}

// write puts a file there.
func (s *stage) write(name string, data []byte) error {
	at := s.path(name)
	if err := os.MkdirAll(path.Dir(at), 0o700); err != nil {
		return err
	}
	return os.WriteFile(at, data, 0o600)
}

// original is the name of what is staged, as a Reader takes it; what is not
// staged has its own.
func (s *stage) original(staged string) string {
	name, _ := s.ofProject(staged)
	return name
}

// ofProject is original, and reports whether the file is one of the project's:
// its name is relative to a compose file.
func (s *stage) ofProject(staged string) (string, bool) {
	if rest, ok := strings.CutPrefix(staged, s.absolute); ok && (rest == "" || rest[0] == '/') {
		return rest, true
	}
	if staged == s.folder+"/files" || strings.HasPrefix(staged, s.folder+"/files/") {
		if name, err := filepath.Rel(s.root, staged); err == nil {
			return name, true
		}
	}
	return staged, false
}

// unstaged is text with names of the files in place of where they are staged.
func (s *stage) unstaged(text string) string {
	text = strings.ReplaceAll(text, s.root+"/", "")
	text = strings.ReplaceAll(text, s.absolute+"/", "/")
	return strings.ReplaceAll(text, s.root, ".")
}
