// Package handover is the way from one dnsd process to the next. A HUP makes dnsd
// begin anew, with its configuration and its program read again, without losing
// a query and in the same process, as its supervisor wants:
//
//	dnsd ---- HUP --- serves ---- drains - exec - loads - serves
//	                    |            ^                      |
//	                    v            |                      v
//	  bridge:         starts - loads - serves ------------- drains, ends
//
// The bridge is a child that runs what is new: if it does not come up, the old
// goes on. Both have the same sockets (server.Handed) and begin with the old
// one's table, in memory, so that the store need not be there. Who drains
// passes its open connections to who serves (passing.go).
//
//	predecessor.go  waits for the HUP, leaves, and becomes the successor by exec
//	bridge.go       starts the bridge and waits until it serves
//	successor.go    the other side, of the bridge and of the process after exec
//	passing.go      open connections over TCP
//	handed.go       what is told in the environment; files.go: the files of before
package handover

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/signal"
	"syscall"

	"rundock/dnsd/follow"
	"rundock/dnsd/server"
	"rundock/dnsd/settings"

	"golang.org/x/sys/unix"
)

// A Predecessor is a dnsd that hands over when it is told to.
type Predecessor struct {
	Program string           // file to start
	Args    []string         // of the program, without its name
	HUPs    <-chan os.Signal // each begins a handover
	Log     *slog.Logger
	Server  *server.Server   // whose sockets are handed over
	Follow  *follow.Follower // whose table is
	Metrics string           // address they are served at; empty: none

	to      *Handed // set once the bridge serves
	passing passer  // to the bridge
}

// PassOn gives the bridge, if there is one, an open connection.
func (p *Predecessor) PassOn(c server.HandedConn) bool { return p.passing.pass(c) }

// Run waits for HUPs until ctx is done or one of them led to a bridge that
// serves; then it calls leave. again is a HUP that came already.
func (p *Predecessor) Run(ctx context.Context, again bool, leave func()) {
	for {
		if !again {
			select {
			case <-ctx.Done():
				return
			case <-p.HUPs:
			}
		}
		again = false
		p.Log.Info("HUP: reading the configuration and handing over to " + p.Program)
		to, err := p.prepare(ctx)
		if ctx.Err() != nil {
			return
		}
		if err != nil {
			p.Log.Error("HUP: everything stays as it was", "err", err)
			continue
		}
		p.to, p.passing.socket = to, to.Passing
		leave()
		return
	}
}

// prepare checks the configuration and starts a bridge that serves.
func (p *Predecessor) prepare(ctx context.Context) (*Handed, error) {
	to := &Handed{Files: Files{}, Metrics: p.Metrics, Table: -1}
	if _, err := settings.Read(p.Args, os.LookupEnv, to.Files.noting, io.Discard); err != nil {
		return nil, err
	}
	err := p.copyState(to)
	if err == nil {
		err = startBridge(ctx, p.Program, p.Args, to)
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
func (p *Predecessor) copyState(to *Handed) (err error) {
	if to.Sockets, err = p.Server.HandOver(); err != nil {
		return err
	}
	if !p.Follow.Loaded() {
		return nil
	}
	fd, err := unix.MemfdCreate("dnsd-table", unix.MFD_CLOEXEC)
	if err != nil {
		return fmt.Errorf("hand over the table: %w", err)
	}
	to.Table = fd
	if err := p.Follow.Encode(descriptor(fd)); err != nil {
		return fmt.Errorf("hand over the table: %w", err)
	}
	return nil
}

// HandsOver says whether a bridge serves, so that Exec is next.
func (p *Predecessor) HandsOver() bool { return p.to != nil }

// Exec makes this process the successor. It returns only if it fails.
func (p *Predecessor) Exec() error {
	p.passing.end()
	// Until the successor listens to them again, they would kill it.
	signal.Ignore(syscall.SIGHUP, syscall.SIGUSR1)
	select {
	case <-p.HUPs:
		p.to.Again = true
	default:
	}
	for _, fd := range p.to.descriptors() {
		if _, err := unix.FcntlInt(uintptr(fd), unix.F_SETFD, 0); err != nil {
			return fmt.Errorf("hand over: %w", err)
		}
	}
	err := syscall.Exec(p.Program, append([]string{os.Args[0]}, p.Args...), p.to.environment())
	return fmt.Errorf("start %s: %w", p.Program, err)
}
