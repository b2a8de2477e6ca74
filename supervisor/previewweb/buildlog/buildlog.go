// Package buildlog reads the logs of builds, which builders write while they are read:
// DIR/NAME.log, a build.Line as JSON on each line. A new build of a preview begins the file anew.
package buildlog

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
	"strings"
	"time"

	"rundock/internal/pause"
	"rundock/internal/preview"
)

// Line is one of a log.
type Line struct {
	Number int       `json:"n" doc:"from 1; where lines were left out, numbers are missing"`
	Time   time.Time `json:"t"`
	Text   string    `json:"text" doc:"may have control sequences of terminals"`
}

// Log is that of a preview's last build, as far as it was read.
type Log struct {
	Build string `json:"build" doc:"another one for each build; empty where there is no log"`
	Lines []Line `json:"lines"`
}

// Place is a line of a build: what was read last.
type Place struct {
	Build string
	Line  int
}

// String is p as the id of an event; ParsePlace is its inverse.
func (p Place) String() string { return p.Build + "." + strconv.Itoa(p.Line) }

// ParsePlace reads an id. What is none is the zero Place, before all lines.
func ParsePlace(id string) Place {
	build, line, _ := strings.Cut(id, ".")
	n, err := strconv.Atoi(line)
	if err != nil || n < 0 {
		return Place{}
	}
	return Place{build, n}
}

// Dir is the folder of logs.
type Dir string

// lookEvery is how often a log is looked at that is followed.
const lookEvery = 200 * time.Millisecond

// idleAfter is how many looks without a line are a while: 15 s.
const idleAfter = 75

// lineAtMost is how long a line may be, in bytes, as JSON.
const lineAtMost = 64 << 10

// Read returns the lines after a place; all, where that is of another build. A preview without a log
// has an empty one.
func (d Dir) Read(name string, after Place) (Log, error) {
	r := d.reader(name)
	r.at = after
	log := Log{Lines: []Line{}}
	err := r.look(func(_ bool, l Line) error { log.Lines = append(log.Lines, l); return nil })
	log.Build = r.at.Build
	return log, err
}

// Follow gives the lines after a place, and those that come, until ctx is done or on, sent or idle fails; anew is set on the
// first line of another build. sent is called after all that there were, idle where there was none for a while.
func (d Dir) Follow(ctx context.Context, name string, after Place, on func(anew bool, at Place, l Line) error, sent, idle func() error) error {
	r := d.reader(name)
	r.at = after
	for quiet := 1; ; quiet++ {
		err := r.look(func(anew bool, l Line) error { quiet = 0; return on(anew, r.at, l) })
		switch {
		case err != nil:
		case quiet == 0:
			err = sent()
		case quiet%idleAfter == 0:
			err = idle()
		}
		if err != nil {
			return err
		}
		if pause.For(ctx, lookEvery) != nil {
			return nil
		}
	}
}

// reader reads one log as it grows.
type reader struct {
	path   string
	offset int64 // of what was not read yet
	at     Place
	anew   bool
}

func (d Dir) reader(name string) *reader {
	r := &reader{}
	if preview.CheckName(name) == nil {
		r.path = filepath.Join(string(d), name+".log")
	}
	return r
}

// look gives the whole lines that are new.
func (r *reader) look(on func(anew bool, l Line) error) error {
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
		if err := on(anew, l); err != nil {
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
