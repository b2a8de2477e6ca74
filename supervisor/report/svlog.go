package report

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// logLine is a line of a folder that svlogd writes.
type logLine struct {
	Time  time.Time // zero: svlogd was told to write none
	Stamp string    // the time as svlogd -tt writes it, or as it is there
	Text  string
}

// stampForm is how svlogd -tt writes a time (UTC); -ttt has a T in it.
const stampForm = "2006-01-02_15:04:05.00000"

// parseLine takes the time off a line, of which svlogd(8) has three forms: -t
// is a TAI64N label, which is made readable here.
func parseLine(line string) logLine {
	stamp, text, ok := strings.Cut(line, " ")
	if !ok || len(stamp) != len(stampForm) {
		return logLine{Text: line}
	}
	if t, ok := taiLabel(stamp); ok {
		return logLine{t, t.Format(stampForm), text}
	}
	if t, err := time.Parse(stampForm, strings.Replace(stamp, "T", "_", 1)); err == nil {
		return logLine{t, stamp, text}
	}
	return logLine{Text: line}
}

// taiLabel decodes "@" and 24 hexadecimal digits, as runit computes TAI64N:
// 2^62 and 10 s ahead of Unix time.
func taiLabel(s string) (time.Time, bool) {
	if len(s) != 25 || s[0] != '@' {
		return time.Time{}, false
	}
	b, err := hex.DecodeString(s[1:])
	if err != nil {
		return time.Time{}, false
	}
	var seconds, nanos int64
	for _, c := range b[:8] {
		seconds = seconds<<8 | int64(c)
	}
	for _, c := range b[8:] {
		nanos = nanos<<8 | int64(c)
	}
	return time.Unix(seconds-1<<62-10, nanos).UTC(), true
}

// svlogDir reads a folder that svlogd writes: older files named by the TAI64N
// label of their end, and current. It follows current over rotations.
type svlogDir struct {
	dir     string
	file    *os.File // current, or what was; nil: there was none yet
	pending []byte   // a line whose end is not written yet
	last    time.Time
	lost    bool // lines were rotated away before they were read
}

// readLog returns what is wanted of the log in dir.
func readLog(dir string, w logWanted) ([]logLine, error) {
	l := &svlogDir{dir: dir}
	defer l.close()
	lines, err := l.begin(w)
	if len(l.pending) > 0 {
		lines = append(lines, parseLine(string(l.pending)))
	}
	return w.cut(lines), err
}

// logWanted says how much of a log's past is wanted.
type logWanted struct {
	last  int       // lines; less than 0: all
	since time.Time // zero: from the beginning
}

// cut leaves of lines what is wanted.
func (w logWanted) cut(lines []logLine) []logLine {
	if !w.since.IsZero() {
		lines = lines[sliceFrom(lines, w.since):]
	}
	if w.last >= 0 && len(lines) > w.last {
		lines = lines[len(lines)-w.last:]
	}
	return lines
}

// sliceFrom is where the lines from since on begin.
func sliceFrom(lines []logLine, since time.Time) int {
	for i, l := range lines {
		if !l.Time.IsZero() && !l.Time.Before(since) {
			return i
		}
	}
	return len(lines)
}

func (l *svlogDir) close() {
	if l.file != nil {
		l.file.Close()
	}
}

// begin returns the wanted past, up to current's present end. A folder or a
// current that is not there yet is an error that wraps fs.ErrNotExist; poll
// finds it when it comes.
func (l *svlogDir) begin(w logWanted) ([]logLine, error) {
	var lines []logLine
	var err error
	// current is opened first: rotated meanwhile, it is known by its inode.
	l.file, err = os.Open(filepath.Join(l.dir, "current"))
	if err == nil {
		lines, err = l.drain()
	}
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	old, listErr := l.rotated()
	if listErr != nil {
		return nil, listErr
	}
	if l.file == nil && len(old) == 0 {
		return nil, err
	}
	for _, name := range slices.Backward(old) {
		enough := w.last >= 0 && len(w.cut(lines)) >= w.last
		ended, _ := taiLabel(name[:min(25, len(name))])
		if enough || !w.since.IsZero() && ended.Before(w.since) {
			break
		}
		if l.isOpen(name) {
			continue
		}
		before, err := readRotated(filepath.Join(l.dir, name))
		if err != nil {
			return nil, err
		}
		lines = append(before, lines...)
	}
	l.note(lines)
	return lines, nil
}

func (l *svlogDir) note(lines []logLine) {
	for _, line := range lines {
		if line.Time.After(l.last) {
			l.last = line.Time
		}
	}
}

// rotated lists the older files, oldest first. Their names sort by time.
func (l *svlogDir) rotated() ([]string, error) {
	list, err := os.ReadDir(l.dir)
	if err != nil {
		return nil, err
	}
	var names []string
	for _, e := range list {
		// .s is finished, .u waits for its processor; .t is being made by one.
		if name := e.Name(); strings.HasPrefix(name, "@") && !strings.HasSuffix(name, ".t") {
			names = append(names, name)
		}
	}
	return names, nil
}

// isOpen reports whether name is the file that is open as current.
func (l *svlogDir) isOpen(name string) bool {
	if l.file == nil {
		return false
	}
	return sameFile(l.file, filepath.Join(l.dir, name))
}

func sameFile(f *os.File, path string) bool {
	a, err := f.Stat()
	if err != nil {
		return false
	}
	b, err := os.Stat(path)
	return err == nil && os.SameFile(a, b)
}

// poll returns the lines that have come since, over any number of rotations.
func (l *svlogDir) poll() ([]logLine, error) {
	var lines []logLine
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
	next, err := os.Open(filepath.Join(l.dir, "current"))
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
	l.close()
	l.file, l.pending = next, nil
	some, err := l.drain()
	lines = append(lines, some...)
	l.note(lines)
	return lines, err
}

// between reads the files that were current between the open one and next.
func (l *svlogDir) between(next *os.File) ([]logLine, error) {
	names, err := l.rotated()
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
	var lines []logLine
	for _, name := range names[from:] {
		path := filepath.Join(l.dir, name)
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
func (l *svlogDir) drain() ([]logLine, error) {
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

// readRotated reads an older file, which a processor may have compressed.
func readRotated(path string) ([]logLine, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	var in io.Reader = bufio.NewReader(f)
	if magic, _ := in.(*bufio.Reader).Peek(2); bytes.Equal(magic, []byte{0x1f, 0x8b}) {
		if in, err = gzip.NewReader(in); err != nil {
			return nil, fmt.Errorf("read %s: %w", path, err)
		}
	}
	data, err := io.ReadAll(in)
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", path, err)
	}
	return parseLines(data), nil
}

func parseLines(data []byte) []logLine {
	var lines []logLine
	for line := range strings.Lines(string(data)) {
		lines = append(lines, parseLine(strings.TrimSuffix(line, "\n")))
	}
	return lines
}
