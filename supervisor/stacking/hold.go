package stacking

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"time"

	"rundock/internal/control"
	"rundock/internal/registry"
	"rundock/internal/stack/release"
)

// A lock is held by a process that outlives the calls of a run, `rundock-stack
// hold`. It listens at a socket for what the run's further calls say, and gives the
// lock back when it is told to, or when none came for as long as the last one said.
// Where it is killed, the lock goes with its lease.

// holding is what a holder is started with, on stdin. It prints a heard when it has the lock.
type holding struct {
	Lock     release.Lock `json:"lock"`
	Stack    string       `json:"stack"`
	Patience int          `json:"patience"` // seconds
}

// order is a line that a call writes to the socket.
type order struct {
	Run      string `json:"run"`
	Patience int    `json:"patience"` // seconds until the next one
	End      bool   `json:"end,omitempty"`
}

// heard is the answer; no error is that the lock is held, or given back.
type heard struct {
	Error string `json:"error,omitempty"`
}

func socketPath(dir, stack string) string { return filepath.Join(dir, "stack-"+stack+".sock") }

// startHolder starts a holder of the stack's lock, and returns when it has it.
func startHolder(program string, h holding) error {
	cmd := exec.Command(program, "hold")
	in, err := cmd.StdinPipe()
	if err != nil {
		return err
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		return err
	}
	// Of a session of its own: what ends the call's does not end it.
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	if err := cmd.Start(); err != nil {
		return fmt.Errorf("start what holds the lock: %w", err)
	}
	if _, err := in.Write(append(registry.Encode(h), '\n')); err != nil {
		return fmt.Errorf("start what holds the lock: %w", err)
	}
	in.Close()
	var said heard
	if err := json.NewDecoder(out).Decode(&said); err != nil {
		return fmt.Errorf("what holds the lock of %s ended: %w", h.Stack, err)
	}
	if said.Error != "" {
		cmd.Wait()
		return errors.New(said.Error)
	}
	return cmd.Process.Release()
}

// holdMain is `rundock-stack hold`.
func holdMain(ctx context.Context, store registry.Store, dir string, in io.Reader, out io.WriteCloser) error {
	var h holding
	if err := json.NewDecoder(in).Decode(&h); err != nil {
		return err
	}
	lock, _, err := release.Acquire(ctx, store, h.Stack, h.Lock)
	var listener net.Listener
	if err == nil {
		path := socketPath(dir, h.Stack)
		os.Remove(path) // of one that was killed: the lock is ours now
		if listener, err = net.Listen("unix", path); err != nil {
			lock.Release()
			err = fmt.Errorf("hold the lock of %s: %w", h.Stack, err)
		}
	}
	if err != nil {
		out.Write(append(registry.Encode(heard{err.Error()}), '\n'))
		return err
	}
	out.Write(append(registry.Encode(heard{}), '\n'))
	out.Close()
	keep(ctx, lock, listener, h)
	return nil
}

// keep holds the lock until the run ends.
func keep(ctx context.Context, lock *registry.Lock, listener net.Listener, h holding) {
	defer listener.Close() // removes the socket as well
	connections := make(chan net.Conn)
	go func() {
		for {
			c, err := listener.Accept()
			if err != nil {
				return
			}
			select {
			case connections <- c:
			case <-ctx.Done():
				c.Close()
			}
		}
	}()
	over := time.NewTimer(time.Duration(h.Patience) * time.Second)
	for {
		select {
		case <-ctx.Done():
			lock.Release()
			return
		case <-over.C:
			lock.Release()
			return
		case c := <-connections:
			if hear(c, lock, h, over) {
				return
			}
		}
	}
}

// hear answers one order, and reports whether the run is over.
func hear(c net.Conn, lock *registry.Lock, h holding, over *time.Timer) (ended bool) {
	defer c.Close()
	c.SetDeadline(time.Now().Add(socketPatience))
	var o order
	line, err := bufio.NewReader(c).ReadBytes('\n')
	if err == nil {
		err = json.Unmarshal(line, &o)
	}
	said := heard{}
	switch s := lock.Now(); {
	case err != nil:
		said.Error = err.Error()
	case o.Run != h.Lock.ID:
		said.Error = fmt.Sprintf("the lock of %s is held for another run: %s", h.Stack, h.Lock)
	case o.End:
		lock.Release()
		ended = true
	case !s.Held:
		said.Error = fmt.Sprintf("the lock of %s is lost: %s", h.Stack, s.Reason)
	default:
		over.Reset(time.Duration(o.Patience) * time.Second)
	}
	c.Write(append(registry.Encode(said), '\n'))
	return ended
}

// socketPatience bounds a call to a holder: giving back takes the store 3 s at most.
const socketPatience = 10 * time.Second

// tell gives the holder of a stack's lock an order.
func tell(dir, stack string, o order) error {
	said, err := exchange(socketPath(dir, stack), o)
	switch {
	case errors.Is(err, os.ErrDeadlineExceeded):
		return fmt.Errorf("what holds the lock of %s does not answer: %w", stack, err)
	case err != nil: // it has ended, maybe just now
		return fmt.Errorf("the run %s of %s does not hold the lock any more: %w", o.Run, stack, err)
	case said.Error != "":
		return errors.New(said.Error)
	}
	return nil
}

// exchange sends an order to the holder at a socket, and returns its answer.
func exchange(socket string, o order) (said heard, err error) {
	c, err := net.DialTimeout("unix", socket, socketPatience)
	if err != nil {
		return said, err
	}
	defer c.Close()
	c.SetDeadline(time.Now().Add(socketPatience))
	if _, err := c.Write(append(registry.Encode(o), '\n')); err != nil {
		return said, err
	}
	err = json.NewDecoder(c).Decode(&said)
	return said, err
}

// runDir is where sockets of holders are.
const runDir = control.Dir
