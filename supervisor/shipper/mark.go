package shipper

import (
	"encoding/json"
	"os"
	"path/filepath"

	"rundock/internal/fstree"
)

// mark is a file that says up to which line the receiver's kernel has what was sent, where
// the protocol acknowledges nothing until the session ends. If this process is killed the
// kernels see to the rest: the successor goes on from there, and no line is doubled. The
// file is of this boot, and goes with a connection that breaks: then what is not
// acknowledged is sent again.
type mark struct {
	path    string
	pending []marked // oldest first
}

type marked struct {
	written int64  // bytes of the connection up to there
	next    uint64 // the line after
}

// marking is the file.
type marking struct {
	ID   string `json:"id"` // of the spool
	Next uint64 `json:"next"`
}

// read returns the line to go on from; 0 if nothing is known.
func (m *mark) read(id string) uint64 {
	data, err := os.ReadFile(m.path)
	var was marking
	if err != nil || json.Unmarshal(data, &was) != nil || was.ID != id {
		return 0
	}
	return was.Next
}

func (m *mark) sent(written int64, next uint64) { m.pending = append(m.pending, marked{written, next}) }

// update writes the file, once the receiver's kernel has bytes of the connection that make
// up more chunks. One that cannot be written means lines twice after a kill, and no more.
func (m *mark) update(id string, received int64) {
	var next uint64
	for len(m.pending) > 0 && m.pending[0].written <= received {
		next, m.pending = m.pending[0].next, m.pending[1:]
	}
	if next == 0 {
		return
	}
	data, err := json.Marshal(marking{id, next})
	if err == nil {
		err = fstree.Publish(m.path, 0o600, data)
	}
	if err != nil {
		m.remove()
	}
}

func (m *mark) remove() {
	m.pending = nil
	os.Remove(m.path)
}

// markPath is the file's, in the folder of status files.
func markPath(status string) string { return filepath.Join(status, "ship-sent.json") }
