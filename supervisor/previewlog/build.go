package previewlog

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"

	"rundock/internal/preview"
)

// Builds is the folder of builds' logs, which builders write while they are read:
// NAME.log, a build.Line as JSON on each line. A new build of a preview begins the file anew.
type Builds string

// lineAtMost is how long a line may be, in bytes, as JSON.
const lineAtMost = 64 << 10

// Of is the log of the last build of the preview name; an empty one, where it has none.
func (b Builds) Of(name string) Source {
	if preview.CheckName(name) != nil {
		return file("")
	}
	return file(filepath.Join(string(b), name+".log"))
}

// file is the path of a build's log.
type file string

// Read implements Source.
func (f file) Read(_ context.Context, after Place, r Reading) error {
	return (&reader{path: string(f), at: after}).look(r.On)
}

// Follow implements Source.
func (f file) Follow(ctx context.Context, after Place, r Reading) error {
	return follow(ctx, r, (&reader{path: string(f), at: after}).look)
}

// reader reads one log as it grows.
type reader struct {
	path   string // "": there is none
	offset int64  // of what was not read yet
	at     Place
	anew   bool
}

// look gives the whole lines that are new.
func (r *reader) look(on line) error {
	if r.path == "" {
		return nil
	}
	file, err := os.Open(r.path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	defer file.Close()
	first, err := firstLine(file)
	if err != nil || first == nil {
		return err // nothing is in it yet
	}
	build := strconv.FormatInt(first.Time.UnixMicro(), 36)
	if r.at.Build != build {
		r.anew, r.at, r.offset = r.at.Build != "", Place{Build: build}, 0
	}
	if _, err := file.Seek(r.offset, io.SeekStart); err != nil {
		return err
	}
	lines := bufio.NewReaderSize(file, lineAtMost)
	for {
		data, err := lines.ReadSlice('\n')
		if err != nil { // the end, or half a line
			return nil
		}
		r.offset += int64(len(data))
		var l Line
		if json.Unmarshal(data, &l) != nil || l.Number <= r.at.Line {
			continue
		}
		r.at.Line = l.Number
		anew := r.anew
		r.anew = false
		if err := on(anew, r.at, l); err != nil {
			return err
		}
	}
}

// firstLine is that of a file; nil where there is no whole line yet.
func firstLine(file *os.File) (*Line, error) {
	head := make([]byte, lineAtMost)
	n, err := file.ReadAt(head, 0)
	if err != nil && err != io.EOF {
		return nil, err
	}
	data, _, whole := bytes.Cut(head[:n], []byte("\n"))
	var l Line
	if !whole || json.Unmarshal(data, &l) != nil {
		return nil, nil
	}
	return &l, nil
}
