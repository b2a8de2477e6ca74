package shipper

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"time"

	"rundock/internal/svlog"
	"rundock/supervisor"
	"rundock/supervisor/shipper/spool"
)

// note is that of a batch in the spool, or of all before it.
type note struct {
	Folder  string                  `json:"folder,omitempty"`
	Cursor  svlog.Cursor            `json:"cursor,omitzero"` // of Folder, after the batch
	Labels  labels                  `json:"labels,omitzero"`
	Read    time.Time               `json:"read,omitzero"` // counts for lines without a time
	Cursors map[string]svlog.Cursor `json:"cursors,omitempty"`
}

// collector reads the folders of svlogd into the spool.
type collector struct {
	logs    string // /var/log
	sv      string // runit's folder of service directories
	spool   *spool.Spool
	cursors map[string]svlog.Cursor
	sources map[string]*source
	buf     []byte
	removed uint64 // times that files were gone before they were read
}

// source is a folder that is read.
type source struct {
	reader *svlog.Reader
	labels labels
}

const (
	pieceSize = 256 << 10
	turn      = 8 // pieces that a folder has before it is the next one's turn
)

// openCollector opens the spool in dir, and goes on where the folders were read to.
func openCollector(dir string, limit int64, logs, sv string) (*collector, error) {
	c := &collector{logs: logs, sv: sv, cursors: map[string]svlog.Cursor{}, sources: map[string]*source{}, buf: make([]byte, pieceSize)}
	var bad error
	replay := func(b spool.Batch) {
		var n note
		if err := json.Unmarshal(b.Note, &n); err != nil {
			bad = fmt.Errorf("the note of line %d in %s: %w", b.First, dir, err)
			return
		}
		if b.Lines == 0 {
			c.cursors = n.Cursors
			if c.cursors == nil {
				c.cursors = map[string]svlog.Cursor{}
			}
			return
		}
		c.cursors[n.Folder] = n.Cursor
	}
	var err error
	c.spool, err = spool.Open(dir, limit, replay, c.snapshot)
	if err == nil && bad != nil {
		c.spool.Close()
		err = bad
	}
	return c, err
}

func (c *collector) snapshot() []byte {
	data, _ := json.Marshal(note{Cursors: c.cursors}) // maps of strings and numbers can be marshalled
	return data
}

func (c *collector) close() error {
	for _, s := range c.sources {
		s.reader.Close()
	}
	return c.spool.Close()
}

// logged are the folders in /var/log that are rundock's.
var logged = regexp.MustCompile(`^(` + supervisor.Prefix + `.+|overlay-.+|rundock-.+|previewd-.+|dnsd(-.+)?|registry(-.+)?|haproxy|consul)$`)

// look finds the folders that there are, and their labels. A folder that is gone is
// forgotten: one of its name that comes is another one.
func (c *collector) look() error {
	found := map[string]bool{}
	for _, pattern := range []string{"*/current", supervisor.Prefix + "*/announce/current"} {
		paths, err := filepath.Glob(filepath.Join(c.logs, pattern))
		if err != nil {
			return err
		}
		for _, path := range paths {
			folder, err := filepath.Rel(c.logs, filepath.Dir(path))
			if name, _, _ := strings.Cut(folder, "/"); err == nil && logged.MatchString(name) {
				found[folder] = true
			}
		}
	}
	for folder := range found {
		s := c.sources[folder]
		if s == nil {
			s = &source{reader: svlog.NewReader(filepath.Join(c.logs, folder), c.cursors[folder])}
			c.sources[folder] = s
		}
		s.labels = labelsOf(folder, c.sv)
	}
	for folder, s := range c.sources {
		if !found[folder] && gone(filepath.Join(c.logs, folder)) {
			s.reader.Close()
			delete(c.sources, folder)
		}
	}
	for folder := range c.cursors {
		if !found[folder] && gone(filepath.Join(c.logs, folder)) {
			delete(c.cursors, folder)
		}
	}
	return nil
}

// gone tells a folder that is not there from one between two files.
func gone(dir string) bool {
	_, err := os.Stat(dir)
	return errors.Is(err, fs.ErrNotExist)
}

// sweep reads what has come to the folders into the spool, and returns how many bytes that
// was. What cannot be read is told of, and holds up no other folder.
func (c *collector) sweep() (size int, bad error) {
	for _, folder := range slices.Sorted(maps.Keys(c.sources)) {
		s := c.sources[folder]
		for range turn {
			n, err := c.piece(folder, s)
			size += n
			if err != nil {
				// Its reader may be beyond what the spool has.
				s.reader.Close()
				s.reader = svlog.NewReader(filepath.Join(c.logs, folder), c.cursors[folder])
				bad = fmt.Errorf("%s: %w", filepath.Join(c.logs, folder), err)
			}
			if n == 0 || err != nil {
				break
			}
		}
		if s.reader.Lost() {
			c.removed++
		}
	}
	if err := c.spool.Flush(); err != nil {
		return size, err
	}
	return size, bad
}

// piece moves the next lines of a folder into the spool.
func (c *collector) piece(folder string, s *source) (size int, err error) {
	data, err := s.reader.Next(c.buf[:pieceSize-1])
	if err != nil || len(data) == 0 {
		return 0, err
	}
	size = len(data)
	if data[size-1] != '\n' {
		data = append(data, '\n') // a line that svlogd did not end, or a part of a long one
	}
	cursor := s.reader.Cursor()
	text, err := json.Marshal(note{Folder: folder, Cursor: cursor, Labels: s.labels, Read: time.Now().UTC()})
	if err != nil {
		return 0, err
	}
	if err := c.spool.Append(text, data, bytes.Count(data, []byte("\n"))); err != nil {
		return 0, err
	}
	c.cursors[folder] = cursor
	return size, nil
}
