package build

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"
)

// LogFile is the log of what is called name, in dir.
func LogFile(dir, name string) string { return filepath.Join(dir, name+".log") }

// Line is one of a log.
type Line struct {
	Number int       `json:"n"` // from 1; where lines are left out, numbers are missing
	Time   time.Time `json:"t"`
	Text   string    `json:"text"` // UTF-8 without control characters but tabs and ESC; for people, not for pages as it is
}

// LastStep is the index in lines of the step that a build has come to, -1 where it has begun none.
func LastStep(lines []Line) int {
	for n, line := range slices.Backward(lines) {
		if strings.HasPrefix(line.Text, "Step ") {
			return n
		}
	}
	return -1
}

// Limits of a log. A build's last lines say why it failed, so that room is kept for them.
const (
	lineAtMost = 4096 // bytes of one line's text
	lastLines  = 200  // that are kept beyond the limit
)

// Log is the log of a build: a file of Lines as JSON, which others may read while it is
// written. Beyond its limit lines are left out, but for the last ones, which
// are written by Close. It is safe for concurrent use.
type Log struct {
	mu      sync.Mutex
	file    *os.File
	limit   int64
	written int64
	number  int
	partial []byte
	last    []Line
	left    int // lines out, without those in last
	failed  error
}

// CreateLog makes a log, of limit bytes and lastLines lines more, and empties one that is there.
func CreateLog(path string, limit int64) (*Log, error) {
	file, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_TRUNC|os.O_APPEND, 0o640)
	if err != nil {
		return nil, err
	}
	return &Log{file: file, limit: limit}, nil
}

// Add adds text, of which each line is one; a last line without an end waits for what
// comes next.
func (l *Log) Add(text string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for len(text) > 0 {
		before, after, ended := strings.Cut(text, "\n")
		if room := lineAtMost - len(l.partial); room > 0 {
			l.partial = append(l.partial, before[:min(len(before), room)]...)
		}
		if ended {
			l.end()
		}
		text = after
	}
}

// Addf adds one line.
func (l *Log) Addf(format string, values ...any) { l.Add(fmt.Sprintf(format, values...) + "\n") }

// end ends the line that has begun.
func (l *Log) end() {
	l.number++
	one := Line{Number: l.number, Time: time.Now().UTC(), Text: clean(l.partial)}
	l.partial = l.partial[:0]
	if l.written < l.limit {
		l.write(one)
		return
	}
	if l.last = append(l.last, one); len(l.last) > lastLines {
		l.last = l.last[1:]
		l.left++
	}
}

func (l *Log) write(one Line) {
	data, err := json.Marshal(one)
	if err != nil {
		panic(err) // a number, a time and a text
	}
	n, err := l.file.Write(append(data, '\n'))
	l.written += int64(n)
	l.failed = errors.Join(l.failed, err)
	if l.failed != nil {
		l.written = l.limit // a full disk: nothing more is tried
	}
}

// clean is a line as valid UTF-8. A carriage return leaves what is behind it, as on a terminal.
func clean(line []byte) string {
	line = bytes.TrimRight(line, "\r")
	line = line[bytes.LastIndexByte(line, '\r')+1:]
	return strings.Map(func(r rune) rune {
		if r < ' ' && r != '\t' && r != 0x1b || r == 0x7f {
			return -1
		}
		return r
	}, strings.ToValidUTF8(string(line), "?"))
}

// Close writes what there is yet, and closes the file. An error says that lines may be missing.
func (l *Log) Close() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.partial) > 0 {
		l.end()
	}
	if l.failed == nil {
		if l.left > 0 {
			l.write(Line{Number: l.last[0].Number - 1, Time: l.last[0].Time, Text: fmt.Sprintf("(%d lines are left out: the log is limited to %d bytes)", l.left, l.limit)})
		}
		for _, one := range l.last {
			l.write(one)
		}
	}
	return errors.Join(l.failed, l.file.Close())
}

// ReadLog returns the lines of a log behind the one numbered after; a log that is not
// there has none. A line that is just being written is not among them.
func ReadLog(path string, after int) ([]Line, error) {
	data, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	var lines []Line
	for raw := range bytes.Lines(data) {
		var one Line
		if !bytes.HasSuffix(raw, []byte("\n")) || json.Unmarshal(raw, &one) != nil {
			break // what a kill has left
		}
		if one.Number > after {
			lines = append(lines, one)
		}
	}
	return lines, nil
}
