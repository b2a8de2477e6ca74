package logcopy

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync/atomic"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"

	"rundock/supervisor/process"
)

// Cursor remembers how much of a container's log was copied. It lives in a
// file mapped into memory, so that each step is on record the moment it is
// made, also if the next instruction is never reached: kill -9 loses and
// repeats no line. (A power loss may lose the last steps: lines then repeat.)
//
// A batch of messages is written with one write of at most PIPE_BUF bytes,
// which a pipe takes whole or not at all. The batch is on record before as
// planned, and after as done. One that is found planned but not done was cut
// off by a kill: whether it was written shows in the log itself (resumeBatch).
//
// Layout, host byte order: 64 bytes container id; two positions of 8 bytes
// time (Unix ns), 8 bytes count (messages of that very time) and 8 bytes
// offset (into the message after these); 8 bytes state, of which bit 0 says
// which position is done, bit 1 that the other one is planned, bit 2 that the
// planned batch is unlike all that was written lately, and bits 16 and up the
// length of the planned batch; the planned batch. A step takes effect with the
// store of the state.
type Cursor struct {
	mem []byte
}

const (
	offPositions = 64
	positionSize = 24
	offState     = offPositions + 2*positionSize
	offBatch     = offState + 8
	cursorSize   = offBatch + process.PipeBuf

	bitPlanned  = 2
	bitUnique   = 4
	shiftLength = 16
)

// position is after the nth message of time at, and off bytes of the next.
type position struct {
	at  int64 // Unix ns
	n   uint64
	off uint64
}

func (p position) time() time.Time {
	if p.at == 0 {
		return time.Time{}
	}
	return time.Unix(0, p.at)
}

// next is the position after the rest of a message of time t.
func (p position) next(t int64) position {
	if t == p.at {
		return position{t, p.n + 1, 0}
	}
	return position{t, 1, 0}
}

// within is the position after size more bytes of a message of time t that
// does not end there.
func (p position) within(t int64, size int) position {
	if t == p.at {
		return position{t, p.n, p.off + uint64(size)}
	}
	return position{t, 0, uint64(size)}
}

// OpenCursor maps the cursor file at path, making it if it is not there.
func OpenCursor(path string) (*Cursor, error) {
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
	return &Cursor{mem}, nil
}

// MemoryCursor is one for hosts that cannot write the file: it ends with the
// process, and the next one copies the log from its beginning.
func MemoryCursor() (*Cursor, error) {
	mem, err := unix.Mmap(-1, 0, cursorSize, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_PRIVATE|unix.MAP_ANONYMOUS)
	if err != nil {
		return nil, fmt.Errorf("open log cursor: %w", err)
	}
	return &Cursor{mem}, nil
}

func (c *Cursor) Close() error { return unix.Munmap(c.mem) }

// begin makes the cursor that of container id and returns the position to go
// on from.
func (c *Cursor) begin(id string) position {
	if string(c.mem[:len(id)]) != id {
		clear(c.mem)
		copy(c.mem, id)
	}
	return c.position(c.load(offState) & 1)
}

// pending returns the batch that was planned and is not known to be written,
// nil if there is none, and whether it is unlike all that was written lately.
func (c *Cursor) pending() (batch []byte, unique bool) {
	state := c.load(offState)
	if state&bitPlanned == 0 {
		return nil, false
	}
	size := min(state>>shiftLength, process.PipeBuf)
	return c.mem[offBatch : offBatch+size], state&bitUnique != 0
}

// plan records that batch, of at most PipeBuf bytes, which ends at p, is about
// to be written.
func (c *Cursor) plan(p position, batch []byte, unique bool) {
	cur := c.load(offState) & 1
	at := offPositions + positionSize*int(1-cur)
	c.store(at, uint64(p.at))
	c.store(at+8, p.n)
	c.store(at+16, p.off)
	copy(c.mem[offBatch:], batch)
	state := cur | bitPlanned | uint64(len(batch))<<shiftLength
	if unique {
		state |= bitUnique
	}
	c.store(offState, state)
}

// done records that the planned batch was written.
func (c *Cursor) done() { c.store(offState, 1-c.load(offState)&1) }

// undo records that the planned batch was not written.
func (c *Cursor) undo() { c.store(offState, c.load(offState)&1) }

func (c *Cursor) position(slot uint64) position {
	at := offPositions + positionSize*int(slot)
	return position{int64(c.load(at)), c.load(at + 8), c.load(at + 16)}
}

// load and store are atomic so that the compiler keeps their order.
func (c *Cursor) load(at int) uint64 {
	return atomic.LoadUint64((*uint64)(unsafe.Pointer(&c.mem[at])))
}

func (c *Cursor) store(at int, v uint64) {
	atomic.StoreUint64((*uint64)(unsafe.Pointer(&c.mem[at])), v)
}
