package handover

import (
	"bytes"
	"encoding/json"
	"fmt"
	"log/slog"
	"os"
	"slices"

	"rundock/dnsd/server"
	"rundock/dnsd/settings"

	"golang.org/x/sys/unix"
)

// Handed is what one process tells the next, in the environment.
type Handed struct {
	Bridge  bool            // the receiver is the child that serves meanwhile
	Sockets []server.Handed // descriptors
	Table   int             // descriptor of a snapshot; -1: there was no table
	Metrics string          // address the predecessor has
	Files   Files           // as they were found right
	Ready   int             // descriptor; the bridge writes to it once it serves
	End     int             // descriptor; the bridge ends when the other side closes it
	Passing int             // descriptor of the socket that connections come and go by; 0: there is none
	Pid     int             // of the bridge
	Again   bool            // another HUP came before exec
}

const handedVariable = "DNSD_HANDOVER"

// Inherited reads what the predecessor told, and takes it out of the environment;
// nil without a predecessor.
func Inherited() (*Handed, error) {
	text, ok := os.LookupEnv(handedVariable)
	if !ok {
		return nil, nil
	}
	os.Unsetenv(handedVariable)
	h := new(Handed)
	if err := json.Unmarshal([]byte(text), h); err != nil {
		return nil, fmt.Errorf("environment %s: %w", handedVariable, err)
	}
	for _, fd := range h.descriptors() {
		unix.CloseOnExec(fd)
	}
	return h, nil
}

// descriptors are all that h names.
func (h *Handed) descriptors() (all []int) {
	for _, s := range h.Sockets {
		all = append(append(all, s.TCP), s.UDP...)
	}
	for _, fd := range []int{h.Table, h.Ready, h.End, h.Passing} {
		if fd > 0 {
			all = append(all, fd)
		}
	}
	return all
}

// renumbered is h in a process that has the i-th of its descriptors as
// number(i).
func (h Handed) renumbered(number func(i int) int) Handed {
	i := 0
	next := func(fd *int) {
		if *fd > 0 {
			*fd = number(i)
			i++
		}
	}
	sockets := h.Sockets
	h.Sockets = nil
	for _, s := range sockets {
		s.UDP = slices.Clone(s.UDP)
		next(&s.TCP)
		for j := range s.UDP {
			next(&s.UDP[j])
		}
		h.Sockets = append(h.Sockets, s)
	}
	next(&h.Table)
	next(&h.Ready)
	next(&h.End)
	next(&h.Passing)
	return h
}

func (h *Handed) environment() []string {
	text, err := json.Marshal(h)
	if err != nil {
		panic(err) // numbers, strings and addresses can be written
	}
	return append(os.Environ(), handedVariable+"="+string(text))
}

// BridgeSettings are s of the bridge, which leaves the store, the snapshot and
// the metrics to the other two. What it cannot try is how the successor would
// fail.
func (h *Handed) BridgeSettings(s settings.Settings) settings.Settings {
	s.Store, s.Snapshot, s.LogLevel = nil, "", max(s.LogLevel, slog.LevelWarn)
	if s.Metrics == h.Metrics {
		s.Metrics = ""
	}
	return s
}

// Missed says whether a HUP may have come that nobody heard: between exec and
// here what it is sent for, files or program, has changed again.
func (h *Handed) Missed(program string) bool {
	if h.Again {
		return true
	}
	for path, content := range h.Files {
		if now, err := os.ReadFile(path); err == nil && !bytes.Equal(now, content) {
			return true
		}
	}
	installed, err := os.Stat(program)
	running, e := os.Stat("/proc/self/exe")
	return err == nil && e == nil && !os.SameFile(installed, running)
}
