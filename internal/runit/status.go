package runit

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"time"
)

// State is what the supervised process does.
type State byte

const (
	Down   State = 0
	Run    State = 1
	Finish State = 2 // its finish script runs
)

// Status is what runsv writes to supervise/status.
type Status struct {
	Since    time.Time // of State
	PID      int       // 0: no process
	Paused   bool      // by sv pause, or by a STOP that runsv knows nothing of
	WantDown bool      // by sv down or once, or a file named down: it is not started again
	GotTerm  bool      // TERM was sent and the process has not ended yet
	State    State
}

// ParseStatus decodes the 20 bytes of supervise/status: a TAI64N time, the
// process id (least significant byte first), paused, 'u' or 'd', term, state.
func ParseStatus(data []byte) (Status, error) {
	if len(data) != 20 {
		return Status{}, fmt.Errorf("status has %d bytes, not 20", len(data))
	}
	// TAI64 labels count from 2^62 and are 10 s ahead of Unix time, as runit,
	// which knows no leap seconds, computes them.
	seconds := int64(binary.BigEndian.Uint64(data)) - 1<<62 - 10
	return Status{
		Since:    time.Unix(seconds, int64(binary.BigEndian.Uint32(data[8:]))),
		PID:      int(binary.LittleEndian.Uint32(data[12:])),
		Paused:   data[16] != 0,
		WantDown: data[17] == 'd',
		GotTerm:  data[18] != 0,
		State:    State(data[19]),
	}, nil
}

// ReadStatus returns what the runsv that supervises dir says. It is of the
// past when nobody supervises dir; see Supervised.
func ReadStatus(dir string) (Status, error) {
	path := filepath.Join(dir, "supervise/status")
	data, err := os.ReadFile(path)
	if err != nil {
		return Status{}, err
	}
	s, err := ParseStatus(data)
	if err != nil {
		return s, fmt.Errorf("read %s: %w", path, err)
	}
	s.Paused = s.Paused || s.State == Run && stopped(s.PID)
	return s, nil
}

// stopped reports whether a STOP keeps the process pid from doing anything.
func stopped(pid int) bool {
	stat, err := os.ReadFile(filepath.Join("/proc", strconv.Itoa(pid), "stat"))
	_, after, found := bytes.Cut(stat, []byte(") "))
	return err == nil && found && bytes.HasPrefix(after, []byte("T"))
}
