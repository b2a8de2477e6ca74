package svlog

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"time"
)

// Folder reads a folder that svlogd writes, and follows it over rotations: Begin
// once, then Poll again and again. Close it in the end.
type Folder struct {
	Dir     string
	file    *os.File  // current, or what was; nil: there was none yet
	pending []byte    // a line whose end is not written yet
	last    time.Time // of the lines that were read
	lost    bool      // lines were rotated away before they were read
}

func (l *Folder) Close() {
	if l.file != nil {
		l.file.Close()
	}
}

// Begin returns the wanted past, up to current's present end. A folder or a
// current that is not there yet is an error that wraps fs.ErrNotExist; Poll
// finds it when it comes.
func (l *Folder) Begin(w Wanted) ([]Line, error) {
	var lines []Line
	var err error
	// current is opened first: rotated meanwhile, it is known by its inode.
	l.file, err = os.Open(filepath.Join(l.Dir, "current"))
	if err == nil {
		lines, err = l.drain()
	}
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	old, listErr := rotated(l.Dir)
	if listErr != nil {
		return nil, listErr
	}
	if l.file == nil && len(old) == 0 {
		return nil, err
	}
	for _, name := range slices.Backward(old) {
		enough := w.Last >= 0 && len(w.Cut(lines)) >= w.Last
		ended, _ := taiLabel(name[:min(25, len(name))])
		if enough || !w.Since.IsZero() && ended.Before(w.Since) {
			break
		}
		if l.isOpen(name) {
			continue
		}
		before, err := readRotated(filepath.Join(l.Dir, name))
		if err != nil {
			return nil, err
		}
		lines = append(before, lines...)
	}
	l.note(lines)
	return lines, nil
}

// Poll returns the lines that have come since, over any number of rotations.
func (l *Folder) Poll() ([]Line, error) {
	var lines []Line
	if l.file != nil {
		some, err := l.drain()
		if err != nil {
			return nil, err
		}
		if lines = some; l.isOpen("current") {
			l.note(lines)
			return lines, nil
		}
	}
	next, err := os.Open(filepath.Join(l.Dir, "current"))
	if errors.Is(err, fs.ErrNotExist) {
		l.note(lines)
		return lines, nil // svlogd is about to make it
	}
	if err != nil {
		return nil, err
	}
	if l.file != nil {
		// No more comes to a file that has made way.
		rest, err := l.drain()
		if err != nil {
			next.Close()
			return nil, err
		}
		lines = append(lines, rest...)
		l.note(lines)
	}
	between, err := l.between(next)
	if err != nil {
		next.Close()
		return nil, err
	}
	lines = append(lines, between...)
	l.Close()
	l.file, l.pending = next, nil
	some, err := l.drain()
	lines = append(lines, some...)
	l.note(lines)
	return lines, err
}

// between reads the files that were current between the open one and next.
func (l *Folder) between(next *os.File) ([]Line, error) {
	names, err := rotated(l.Dir)
	if err != nil {
		return nil, err
	}
	from := slices.IndexFunc(names, l.isOpen) + 1
	if from == 0 && l.file != nil {
		l.lost = true
		from = len(names)
		for i, name := range names {
			if ended, ok := taiLabel(name[:min(25, len(name))]); ok && ended.After(l.last) {
				from = i
				break
			}
		}
	}
	var lines []Line
	for _, name := range names[from:] {
		path := filepath.Join(l.Dir, name)
		if sameFile(next, path) {
			break
		}
		some, err := readRotated(path)
		if errors.Is(err, fs.ErrNotExist) {
			l.lost = true
			continue
		}
		if err != nil {
			return lines, err
		}
		lines = append(lines, some...)
	}
	return lines, nil
}

// drain reads the open file to its present end.
func (l *Folder) drain() ([]Line, error) {
	at, err := l.file.Seek(0, io.SeekCurrent)
	if err != nil {
		return nil, err
	}
	if info, err := l.file.Stat(); err == nil && info.Size() < at {
		l.file.Seek(0, io.SeekStart) // somebody emptied it
		l.pending = nil
	}
	data, err := io.ReadAll(l.file)
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", l.file.Name(), err)
	}
	data = append(l.pending, data...)
	end := bytes.LastIndexByte(data, '\n') + 1
	l.pending = bytes.Clone(data[end:])
	return parseLines(data[:end]), nil
}

// isOpen reports whether name is the file that is open as current.
func (l *Folder) isOpen(name string) bool {
	if l.file == nil {
		return false
	}
	return sameFile(l.file, filepath.Join(l.Dir, name))
}

// Unfinished is the last line where its end is not written yet.
func (l *Folder) Unfinished() (line Line, ok bool) {
	if len(l.pending) == 0 {
		return Line{}, false
	}
	return parseLine(string(l.pending)), true
}

// Lost reports whether lines were rotated away before they could be read, since
// it was asked last.
func (l *Folder) Lost() bool {
	lost := l.lost
	l.lost = false
	return lost
}

func (l *Folder) note(lines []Line) {
	for _, line := range lines {
		if line.Time.After(l.last) {
			l.last = line.Time
		}
	}
}

func sameFile(f *os.File, path string) bool {
	a, err := f.Stat()
	if err != nil {
		return false
	}
	b, err := os.Stat(path)
	return err == nil && os.SameFile(a, b)
}
