package spool

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
)

// Reader reads a spool in its order. It acknowledges nothing.
type Reader struct {
	spool *Spool
	next  uint64   // the first line that was not read
	file  *os.File // nil: none is open
	first uint64   // of the open segment
	at    int64
	buf   []byte
}

// Reader reads from the line from on, or the first one that is not acknowledged.
func (s *Spool) Reader(from uint64) *Reader { return &Reader{spool: s, next: from} }

func (r *Reader) Close() {
	if r.file != nil {
		r.file.Close()
		r.file = nil
	}
}

// Next returns the next batch that is synced; ok is false if there is none yet. Lines
// that were lost to the bound before they were read are left out. The batch is good until
// the next call.
func (r *Reader) Next() (b Batch, ok bool, err error) {
	for {
		seg, last, synced, err := r.place()
		if err != nil || r.next >= synced {
			return Batch{}, false, err
		}
		if r.file == nil || r.first != seg.first {
			if again, err := r.openSegment(seg); err != nil {
				return Batch{}, false, err
			} else if again {
				continue
			}
		}
		b, after, err := readRecord(r.file, r.at, &r.buf)
		switch {
		case errors.Is(err, io.EOF) || errors.Is(err, errTorn):
			if last {
				return Batch{}, false, fmt.Errorf("read %s: at byte %d is no record, and lines %d to %d are to be there", r.file.Name(), r.at, r.next, synced-1)
			}
			r.spool.damaged(r.next, seg.next)
			r.next = seg.next
			continue
		case err != nil:
			return Batch{}, false, fmt.Errorf("read %s: %w", r.file.Name(), err)
		}
		r.at = after
		if b.Lines > 0 && b.Next() > r.next {
			r.next = b.Next()
			return b, true, nil
		}
	}
}

// place is the segment that has the next line, and whether it is the last one.
func (r *Reader) place() (seg segment, last bool, synced uint64, err error) {
	s := r.spool
	s.mu.Lock()
	defer s.mu.Unlock()
	r.next = max(r.next, s.acked.Next)
	for i, seg := range s.segments {
		if r.next < seg.next || i == len(s.segments)-1 {
			return seg, i == len(s.segments)-1, s.synced, nil
		}
	}
	return segment{}, false, 0, errors.New("the spool has no segment")
}

// damaged counts the lines from on, before next, as lost: their segment cannot be read.
func (s *Spool) damaged(from, next uint64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if from = max(from, s.counted); from < next {
		s.acked.Lost += next - from
		s.counted = next
	}
}

// openSegment opens it; again says that the bound has removed it.
func (r *Reader) openSegment(seg segment) (again bool, err error) {
	f, err := os.Open(filepath.Join(r.spool.dir, seg.name()))
	if errors.Is(err, fs.ErrNotExist) {
		return true, nil
	}
	if err != nil {
		return false, err
	}
	r.Close()
	r.file, r.first, r.at = f, seg.first, 0
	return false, nil
}
