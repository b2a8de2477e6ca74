package logcopy

import (
	"bytes"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"slices"
)

// recentSize is how much of svlogd's files is looked at for an interrupted
// write: what comes after one is no more than a few lines of finish and of
// the runner itself.
const recentSize = 128 << 10

// recent is the end of what was written to svlogd, at least as far back as
// written looks.
type recent struct {
	text  []byte
	known bool // unset: svlogd had not yet written all of it when it was asked
}

// lacks reports whether batch is nowhere in what was written lately: found in
// svlogd's files later on, it was written for the first time.
func (r *recent) lacks(batch []byte) bool {
	return r.known && !bytes.Contains(r.text, batch)
}

func (r *recent) add(batch []byte) {
	if len(r.text) > 2*recentSize {
		r.text = append(r.text[:0], r.text[len(r.text)-recentSize:]...)
	}
	r.text = append(r.text, batch...)
}

// lineTime is the time that svlogd -tt puts before each line.
const lineTime = `(?m)^\d{4}-\d\d-\d\d_\d\d:\d\d:\d\d\.\d{5} `

// written returns the end of what was written to the svlogd whose current
// file this is, without the times that it adds.
func written(current string) []byte {
	times := regexp.MustCompile(lineTime)
	older, _ := filepath.Glob(filepath.Join(filepath.Dir(current), "@*")) // names sort by time
	var parts [][]byte
	size := 0
	for _, path := range slices.Backward(append(older, current)) {
		data := tail(path, recentSize-size)
		size += len(data)
		parts = append(parts, times.ReplaceAll(data, nil))
		if size >= recentSize {
			break
		}
	}
	slices.Reverse(parts)
	return bytes.Join(parts, nil)
}

// tail returns the last size bytes of the file at path, nothing if it cannot
// be read.
func tail(path string, size int) []byte {
	f, err := os.Open(path)
	if err != nil {
		return nil
	}
	defer f.Close()
	if end, err := f.Seek(0, io.SeekEnd); err == nil {
		f.Seek(max(0, end-int64(size)), io.SeekStart)
	}
	data, _ := io.ReadAll(f)
	return data
}
