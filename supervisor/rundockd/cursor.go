package main

import (
	"encoding/binary"
	"errors"
	"fmt"
	"hash/fnv"
	"os"
	"path/filepath"
	"sync/atomic"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
)

// cursor remembers how much of a container's log was copied. It lives in a
// file mapped into memory, so that each step is on record the moment it is
// made, also if the next instruction is never reached: kill -9 loses and
// repeats no line. (A power loss may lose the last steps: lines then repeat.)
//
// A batch of messages is written with one write of at most PIPE_BUF bytes,
// which a pipe takes whole or not at all. The batch is on record before as
// planned, and after as done. One that is found planned but not done was cut
// off by a kill: whether it was written shows in the log itself.
//
// Layout, host byte order: 64 bytes container id; two positions of 8 bytes time
// (Unix ns) and 8 bytes count (messages of that very time); 8 bytes digest of
// the planned batch's last line; 8 bytes state, of which bit 0 says which
// position is done, and bit 1 that the other one is planned. A step takes
// effect with the store of the state.
type cursor struct {
	mem []byte
}

const (
	offPositions = 64
	offDigest    = 96
	offState     = 104
	cursorSize   = 112

	bitPlanned = 2
)

// position is after the nth message of time at.
type position struct {
	at int64 // Unix ns
	n  uint64
}

func (p position) time() time.Time {
	if p.at == 0 {
		return time.Time{}
	}
	return time.Unix(0, p.at)
}

// next is the position after one more message, of time t.
func (p position) next(t int64) position {
	if t == p.at {
		return position{t, p.n + 1}
	}
	return position{t, 1}
}

// openCursor maps the cursor file at path, making it if it is not there.
func openCursor(path string) (*cursor, error) {
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return nil, fmt.Errorf("open log cursor: %w", err)
	}
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, fmt.Errorf("open log cursor: %w", err)
	}
	defer f.Close()
	// Written rather than truncated to size: a full disk must show here, not
	// as a bus error at the first store.
	if s, err := f.Stat(); err != nil {
		return nil, fmt.Errorf("open log cursor: %w", err)
	} else if s.Size() != cursorSize {
		if _, err := f.WriteAt(make([]byte, cursorSize), 0); err != nil {
			return nil, fmt.Errorf("open log cursor: %w", err)
		}
		if err := errors.Join(f.Truncate(cursorSize), f.Sync()); err != nil {
			return nil, fmt.Errorf("open log cursor: %w", err)
		}
	}
	mem, err := unix.Mmap(int(f.Fd()), 0, cursorSize, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_SHARED)
	if err != nil {
		return nil, fmt.Errorf("open log cursor %s: %w", path, err)
	}
	return &cursor{mem}, nil
}

func (c *cursor) close() error { return unix.Munmap(c.mem) }

// begin makes the cursor that of container id and returns the position to go
// on from. If a batch was planned of which it is not known whether it was
// written, sum is the digest of its last line, else 0.
func (c *cursor) begin(id string) (done, planned position, sum uint64) {
	if string(c.mem[:len(id)]) != id {
		clear(c.mem)
		copy(c.mem, id)
	}
	state := c.load(offState)
	done, planned = c.position(state&1), c.position(1-state&1)
	if state&bitPlanned != 0 {
		sum = c.load(offDigest)
	}
	return done, planned, sum
}

// plan records that a batch ending at p, its last line of digest sum, is
// about to be written.
func (c *cursor) plan(p position, sum uint64) {
	cur := c.load(offState) & 1
	at := offPositions + 16*int(1-cur)
	c.store(at, uint64(p.at))
	c.store(at+8, p.n)
	c.store(offDigest, sum)
	c.store(offState, cur|bitPlanned)
}

// done records that the planned batch was written.
func (c *cursor) done() { c.store(offState, 1-c.load(offState)&1) }

// undo records that the planned batch was not written.
func (c *cursor) undo() { c.store(offState, c.load(offState)&1) }

func (c *cursor) position(slot uint64) position {
	at := offPositions + 16*int(slot)
	return position{int64(c.load(at)), c.load(at + 8)}
}

// load and store are atomic so that the compiler keeps their order.
func (c *cursor) load(at int) uint64 {
	return atomic.LoadUint64((*uint64)(unsafe.Pointer(&c.mem[at])))
}

func (c *cursor) store(at int, v uint64) {
	atomic.StoreUint64((*uint64)(unsafe.Pointer(&c.mem[at])), v)
}

// digest identifies a line; it is never 0.
func digest(line []byte) uint64 {
	h := fnv.New64a()
	h.Write(line)
	var b [8]byte
	return binary.BigEndian.Uint64(h.Sum(b[:0])) | 1
}
