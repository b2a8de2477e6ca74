package spool

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"

	"rundock/internal/fstree"
)

// Spool is an open spool. One goroutine appends; another reads and acknowledges.
type Spool struct {
	dir      string
	limit    int64         // bytes of all segments
	segment  int64         // bytes after which the next one is begun
	snapshot func() []byte // all that notes have said so far

	mu       sync.Mutex
	segments []segment // the last is appended to
	file     *os.File  // the last
	buf      []byte    // a record, while it is written
	synced   uint64    // number of the first line that is not synced yet
	unsynced bool
	acked    acknowledged
	counted  uint64        // lines before it that cannot be read are counted as lost
	more     chan struct{} // has one, where lines were synced since it was emptied
}

type segment struct {
	first, next uint64 // lines
	size        int64
}

func (s segment) name() string { return fmt.Sprintf("%020d.seg", s.first) }

const maxSegment = 16 << 20

// Open opens the spool in dir, which it makes if there is none. replay gets all notes that
// count: first the last segment's snapshot, then those after it. snapshot is called
// whenever a segment is begun. A spool is opened by one process at a time.
func Open(dir string, limit int64, replay func(Batch), snapshot func() []byte) (*Spool, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("open the spool: %w", err)
	}
	s := &Spool{dir: dir, limit: limit, segment: min(maxSegment, max(limit/16, 4096)), snapshot: snapshot, more: make(chan struct{}, 1)}
	err := s.readAcknowledged()
	if err == nil {
		err = s.list()
	}
	if err == nil {
		err = s.resume(replay)
	}
	if err != nil {
		return nil, fmt.Errorf("open the spool: %w", err)
	}
	s.countLost(s.segments[0].first)
	return s, nil
}

// list finds the segments.
func (s *Spool) list() error {
	entries, err := os.ReadDir(s.dir)
	if err != nil {
		return err
	}
	for _, e := range entries {
		name, ok := strings.CutSuffix(e.Name(), ".seg")
		first, err := strconv.ParseUint(name, 10, 64)
		if !ok || err != nil {
			continue
		}
		info, err := e.Info()
		if err != nil {
			return err
		}
		if n := len(s.segments); n > 0 {
			s.segments[n-1].next = first
		}
		s.segments = append(s.segments, segment{first: first, next: first, size: info.Size()})
	}
	return nil
}

// resume opens the last segment and cuts off what of it was not written whole. One without
// its first record is as if it were not there.
func (s *Spool) resume(replay func(Batch)) error {
	for n := len(s.segments); n > 0; n-- {
		last := &s.segments[n-1]
		f, err := os.OpenFile(filepath.Join(s.dir, last.name()), os.O_RDWR, 0)
		if err != nil {
			return err
		}
		end, err := scan(f, func(b Batch) {
			replay(b)
			last.next = b.Next()
		})
		if err == nil && end > 0 {
			err = f.Truncate(end)
		}
		if err != nil {
			f.Close()
			return err
		}
		if end > 0 {
			last.size, s.file, s.synced = end, f, last.next
			return s.syncFile()
		}
		f.Close()
		if err := os.Remove(f.Name()); err != nil {
			return err
		}
		s.segments = s.segments[:n-1]
	}
	s.synced = max(s.acked.Next, 1)
	return s.begin(s.synced)
}

// begin begins a segment, whose first line has the number first.
func (s *Spool) begin(first uint64) error {
	next := segment{first: first, next: first}
	path := filepath.Join(s.dir, next.name())
	// Of one that could not be finished there may be a rest.
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return err
	}
	record := Batch{First: first, Note: s.snapshot()}.encode(nil)
	_, err = f.Write(record)
	if err == nil {
		err = errors.Join(f.Sync(), fstree.SyncDir(s.dir))
	}
	if err != nil {
		f.Close()
		os.Remove(path)
		return err
	}
	if s.file != nil {
		s.file.Close()
	}
	next.size, s.file = int64(len(record)), f
	s.segments = append(s.segments, next)
	return nil
}

// Append appends lines, of which data has so many, with a note. They are read once they are
// synced. On error nothing is appended. Segments beyond the limit go, the oldest first.
func (s *Spool) Append(note, data []byte, lines int) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	last := &s.segments[len(s.segments)-1]
	if last.size > s.segment && last.next > last.first {
		if err := errors.Join(s.syncFile(), s.begin(last.next)); err != nil {
			return fmt.Errorf("append to the spool: %w", err)
		}
		last = &s.segments[len(s.segments)-1]
	}
	s.buf = Batch{First: last.next, Lines: lines, Note: note, Data: data}.encode(s.buf[:0])
	if err := s.bound(int64(len(s.buf))); err != nil {
		return fmt.Errorf("append to the spool: %w", err)
	}
	last = &s.segments[len(s.segments)-1]
	if _, err := s.file.WriteAt(s.buf, last.size); err != nil {
		return fmt.Errorf("append to the spool: %w", errors.Join(err, s.file.Truncate(last.size)))
	}
	last.size += int64(len(s.buf))
	last.next += uint64(lines)
	s.unsynced = true
	return nil
}

// bound removes the oldest segments while there is no room for so many bytes more.
func (s *Spool) bound(more int64) error {
	total := more
	for _, seg := range s.segments {
		total += seg.size
	}
	dropped := 0
	for ; total > s.limit && dropped < len(s.segments)-1; dropped++ {
		total -= s.segments[dropped].size
	}
	if dropped == 0 {
		return nil
	}
	s.countLost(s.segments[dropped].first)
	return s.remove(dropped)
}

// countLost counts the lines before oldest that are not acknowledged as lost.
func (s *Spool) countLost(oldest uint64) {
	if s.acked.Next < oldest {
		s.acked.Lost += oldest - s.acked.Next
		s.acked.Next = oldest
	}
}

// remove removes the first segments. What is acknowledged, or lost, is on disk before; on a
// full disk after it, as they make room.
func (s *Spool) remove(count int) error {
	unwritten := s.writeAcknowledged()
	if unwritten != nil && (count == 0 || !errors.Is(unwritten, syscall.ENOSPC)) {
		return unwritten
	}
	for _, seg := range s.segments[:count] {
		if err := os.Remove(filepath.Join(s.dir, seg.name())); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return fmt.Errorf("remove from the spool: %w", err)
		}
		s.segments = s.segments[1:]
	}
	if unwritten != nil {
		return s.writeAcknowledged()
	}
	return nil
}

// Flush has all that was appended be on disk, and be read.
func (s *Spool) Flush() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.unsynced {
		return nil
	}
	if err := s.syncFile(); err != nil {
		return fmt.Errorf("sync the spool: %w", err)
	}
	return nil
}

func (s *Spool) syncFile() error {
	if err := s.file.Sync(); err != nil {
		return err
	}
	s.unsynced = false
	if last := s.segments[len(s.segments)-1]; last.next > s.synced {
		s.synced = last.next
		select {
		case s.more <- struct{}{}:
		default:
		}
	}
	return nil
}

// More has something once lines may be there that were not.
func (s *Spool) More() <-chan struct{} { return s.more }

func (s *Spool) Close() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return errors.Join(s.syncFile(), s.file.Close())
}
