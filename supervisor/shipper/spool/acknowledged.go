package spool

import (
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"rundock/internal/fstree"
)

// acknowledged is acknowledged.json.
type acknowledged struct {
	Version int    `json:"version"`
	ID      string `json:"id"`   // of the spool: with a line's number it names the line among those of all hosts
	Next    uint64 `json:"next"` // the first line that is neither acknowledged nor lost
	Lost    uint64 `json:"lost,omitempty"`
}

const acknowledgedFile = "acknowledged.json"

// readAcknowledged reads it; of a spool that is new, a new one.
func (s *Spool) readAcknowledged() error {
	path := filepath.Join(s.dir, acknowledgedFile)
	data, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		id := make([]byte, 6)
		rand.Read(id)
		s.acked = acknowledged{Version: 1, ID: hex.EncodeToString(id), Next: 1}
		return s.writeAcknowledged()
	}
	if err != nil {
		return err
	}
	if err := json.Unmarshal(data, &s.acked); err != nil || s.acked.Version != 1 || s.acked.Next == 0 {
		return fmt.Errorf("%s is damaged (%v): remove it, and what is buffered is sent again", path, err)
	}
	return nil
}

func (s *Spool) writeAcknowledged() error {
	data, err := json.Marshal(s.acked)
	if err != nil {
		return err
	}
	err = fstree.Replace(filepath.Join(s.dir, acknowledgedFile), 0o600, append(data, '\n'))
	if err != nil {
		return fmt.Errorf("write what is acknowledged: %w", err)
	}
	return nil
}

// Acknowledge says that the lines before next have arrived. Segments that have no others go.
func (s *Spool) Acknowledge(next uint64) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if next <= s.acked.Next {
		return nil // they were lost to the bound meanwhile
	}
	s.acked.Next = next
	done := 0
	for done < len(s.segments)-1 && s.segments[done].next <= next {
		done++
	}
	return s.remove(done)
}

// ID names the spool among those of all hosts.
func (s *Spool) ID() string { return s.acked.ID }

// Figures are how a spool stands.
type Figures struct {
	Next  uint64 // the first line that is neither acknowledged nor lost
	Lines uint64 // that are buffered
	Bytes int64  // of the segments
	Lost  uint64 // lines, ever
}

func (s *Spool) Figures() Figures {
	s.mu.Lock()
	defer s.mu.Unlock()
	f := Figures{Next: s.acked.Next, Lost: s.acked.Lost, Lines: s.segments[len(s.segments)-1].next - s.acked.Next}
	for _, seg := range s.segments {
		f.Bytes += seg.size
	}
	return f
}
