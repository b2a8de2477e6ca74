package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"os"
	"os/signal"
	"slices"
	"syscall"
	"time"

	"rundock/dnsd/follow"
	"rundock/dnsd/server"
	"rundock/dnsd/settings"

	"golang.org/x/sys/unix"
)

// A HUP makes dnsd begin anew, with its configuration and its program read
// again, without losing a query and in the same process, as its supervisor
// wants:
//
//	dnsd ---- HUP --- serves ---- drains - exec - loads - serves
//	                    |            ^                      |
//	                    v            |                      v
//	  bridge:         starts - loads - serves ------------- drains, ends
//
// The bridge is a child that runs what is new: if it does not come up, the old
// goes on. Both have the same sockets (server.Handed) and begin with the old
// one's table, in memory, so that the registry need not be there. Who drains
// passes its open connections to who serves (passing.go).

// handed is what one process tells the next, in the environment.
type handed struct {
	Bridge  bool            // the receiver is the child that serves meanwhile
	Sockets []server.Handed // descriptors
	Table   int             // descriptor of a snapshot; -1: there was no table
	Metrics string          // address the predecessor has
	Files   handedFiles     // as they were found right
	Ready   int             // descriptor; the bridge writes to it once it serves
	End     int             // descriptor; the bridge ends when the other side closes it
	Passing int             // descriptor of the socket that connections come and go by; 0: there is none
	Pid     int             // of the bridge
	Again   bool            // another HUP came before exec
}

// handedFiles are the contents of files by path, nil where there is none.
type handedFiles map[string][]byte

const (
	handedVariable = "DNSD_HANDOVER"
	// bridgeLimit is how long a bridge may take to serve, and a successor
	// whose registry is to be listed first.
	bridgeLimit = 5 * time.Minute
)

// inheritance reads what the predecessor told; nil without one.
func inheritance() (*handed, error) {
	text, ok := os.LookupEnv(handedVariable)
	if !ok {
		return nil, nil
	}
	os.Unsetenv(handedVariable)
	h := new(handed)
	if err := json.Unmarshal([]byte(text), h); err != nil {
		return nil, fmt.Errorf("environment %s: %w", handedVariable, err)
	}
	for _, fd := range h.descriptors() {
		unix.CloseOnExec(fd)
	}
	return h, nil
}

// descriptors are all that h names.
func (h *handed) descriptors() (all []int) {
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
func (h handed) renumbered(number func(i int) int) handed {
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

func (h *handed) environment() []string {
	text, err := json.Marshal(h)
	if err != nil {
		panic(err) // numbers, strings and addresses can be written
	}
	return append(os.Environ(), handedVariable+"="+string(text))
}

// read is os.ReadFile for files that were handed over.
func (f handedFiles) read(path string) ([]byte, error) {
	if content := f[path]; content != nil {
		return content, nil
	}
	return nil, &fs.PathError{Op: "open", Path: path, Err: fs.ErrNotExist}
}

// noting is os.ReadFile that keeps what it read.
func (f handedFiles) noting(path string) ([]byte, error) {
	content, err := os.ReadFile(path)
	if err == nil && content == nil {
		content = []byte{}
	}
	if err == nil || errors.Is(err, fs.ErrNotExist) {
		f[path] = content
	}
	return content, err
}

// bridgeSettings are s of the bridge, which leaves the store, the snapshot and
// the metrics to the other two. What it cannot try is how the successor would
// fail.
func (h *handed) bridgeSettings(s settings.Settings) settings.Settings {
	s.Store, s.Snapshot, s.LogLevel = nil, "", max(s.LogLevel, slog.LevelWarn)
	if s.Metrics == h.Metrics {
		s.Metrics = ""
	}
	return s
}

// A handover is one process's side of it, before.
type handover struct {
	program string
	args    []string // of the program, without its name
	log     *slog.Logger
	hups    <-chan os.Signal
	server  *server.Server
	follow  *follow.Follower
	metrics string

	to      *handed // set once the bridge serves
	passing passer  // to the bridge
}

// passOn gives the bridge, if there is one, an open connection.
func (o *handover) passOn(c server.HandedConn) bool { return o.passing.pass(c) }

// run waits for HUPs until ctx is done or one of them led to a bridge that
// serves; then it calls leave.
func (o *handover) run(ctx context.Context, again bool, leave func()) {
	for {
		if !again {
			select {
			case <-ctx.Done():
				return
			case <-o.hups:
			}
		}
		again = false
		o.log.Info("HUP: reading the configuration and handing over to " + o.program)
		to, err := o.prepare(ctx)
		if ctx.Err() != nil {
			return
		}
		if err != nil {
			o.log.Error("HUP: everything stays as it was", "err", err)
			continue
		}
		o.to, o.passing.socket = to, to.Passing
		leave()
		return
	}
}

// prepare checks the configuration and starts a bridge that serves.
func (o *handover) prepare(ctx context.Context) (*handed, error) {
	to := &handed{Files: handedFiles{}, Metrics: o.metrics, Table: -1}
	if _, err := settings.Read(o.args, os.LookupEnv, to.Files.noting, io.Discard); err != nil {
		return nil, err
	}
	err := o.copyState(to)
	if err == nil {
		err = o.startBridge(ctx, to)
	}
	if err != nil {
		for _, fd := range to.descriptors() {
			unix.Close(fd)
		}
		return nil, err
	}
	return to, nil
}

// copyState adds sockets and table.
func (o *handover) copyState(to *handed) (err error) {
	if to.Sockets, err = o.server.HandOver(); err != nil {
		return err
	}
	if !o.follow.Loaded() {
		return nil
	}
	fd, err := unix.MemfdCreate("dnsd-table", unix.MFD_CLOEXEC)
	if err != nil {
		return fmt.Errorf("hand over the table: %w", err)
	}
	to.Table = fd
	if err := o.follow.Encode(descriptor(fd)); err != nil {
		return fmt.Errorf("hand over the table: %w", err)
	}
	return nil
}

// startBridge starts it and waits until it serves.
func (o *handover) startBridge(ctx context.Context, to *handed) error {
	var ready, end [2]int
	if err := unix.Pipe2(ready[:], unix.O_CLOEXEC); err != nil {
		return fmt.Errorf("start the new dnsd: %w", err)
	}
	if err := unix.Pipe2(end[:], unix.O_CLOEXEC); err != nil {
		unix.Close(ready[0])
		unix.Close(ready[1])
		return fmt.Errorf("start the new dnsd: %w", err)
	}
	passing, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_SEQPACKET|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		for _, fd := range append(ready[:], end[:]...) {
			unix.Close(fd)
		}
		return fmt.Errorf("start the new dnsd: %w", err)
	}
	bridge := *to
	bridge.Bridge, bridge.Ready, bridge.End, bridge.Passing = true, ready[1], end[0], passing[1]
	files := []uintptr{0, 1, 2}
	for _, fd := range bridge.descriptors() {
		files = append(files, uintptr(fd))
	}
	bridge = bridge.renumbered(func(i int) int { return 3 + i })
	pid, err := syscall.ForkExec(o.program, append([]string{"dnsd"}, o.args...), &syscall.ProcAttr{Env: bridge.environment(), Files: files})
	unix.Close(ready[1])
	unix.Close(end[0])
	unix.Close(passing[1])
	serves := os.NewFile(uintptr(ready[0]), "ready")
	defer serves.Close()
	to.End, to.Passing, to.Pid = end[1], passing[0], pid
	if err != nil {
		return fmt.Errorf("start %s: %w", o.program, err)
	}
	// Ending this wait early makes Read return: nothing was written.
	stop := context.AfterFunc(ctx, func() { unix.Kill(pid, unix.SIGKILL) })
	late := time.AfterFunc(bridgeLimit, func() { unix.Kill(pid, unix.SIGKILL) })
	said := make([]byte, 1)
	_, err = serves.Read(said)
	late.Stop()
	if err == nil && stop() {
		if said[0] != readyToTake {
			unix.Close(to.Passing)
			to.Passing = 0
		}
		return nil
	}
	unix.Kill(pid, unix.SIGKILL)
	syscall.Wait4(pid, nil, 0, nil)
	return errors.New("the new dnsd did not come up, see its message before this one")
}

// missed says whether a HUP may have come that nobody heard: between exec and
// here what it is sent for, files or program, has changed again.
func (h *handed) missed(program string) bool {
	for path, content := range h.Files {
		if now, err := os.ReadFile(path); err == nil && !bytes.Equal(now, content) {
			return true
		}
	}
	installed, err := os.Stat(program)
	running, e := os.Stat("/proc/self/exe")
	return err == nil && e == nil && !os.SameFile(installed, running)
}

// exec makes this process the successor. It returns only if it fails.
func (o *handover) exec() error {
	o.passing.end()
	// Until the successor listens to them again, they would kill it.
	signal.Ignore(syscall.SIGHUP, syscall.SIGUSR1)
	select {
	case <-o.hups:
		o.to.Again = true
	default:
	}
	for _, fd := range o.to.descriptors() {
		if _, err := unix.FcntlInt(uintptr(fd), unix.F_SETFD, 0); err != nil {
			return fmt.Errorf("hand over: %w", err)
		}
	}
	err := syscall.Exec(o.program, append([]string{os.Args[0]}, o.args...), o.to.environment())
	return fmt.Errorf("start %s: %w", o.program, err)
}

// descriptor writes to a file by its number.
type descriptor int

func (d descriptor) Write(b []byte) (n int, err error) {
	for n < len(b) {
		wrote, err := unix.Write(int(d), b[n:])
		if err != nil && err != unix.EINTR {
			return n, err
		}
		n += max(wrote, 0)
	}
	return n, nil
}
