package main

import (
	"bytes"
	"context"
	"io"
	"log/slog"
	"os"
	"strings"
	"sync"
	"syscall"
	"time"

	"rundock/dnsd/follow"
	"rundock/dnsd/server"

	"golang.org/x/sys/unix"
)

// An heir is one process's side of it, after.
type heir struct {
	*handed
	log   *slog.Logger
	bound chan struct{} // closed once the sockets are served
	once  sync.Once
	// adopted are the other process's connections.
	adopted chan server.HandedConn
}

func (e *heir) onBound() { e.once.Do(func() { close(e.bound) }) }

// adopt loads the table that was handed over.
func (e *heir) adopt(to *follow.Follower) {
	if e.Table < 0 {
		return
	}
	f := os.NewFile(uintptr(e.Table), "table")
	defer f.Close()
	// The offset is shared with the other processes.
	whole, err := io.ReadAll(io.NewSectionReader(f, 0, 1<<40))
	if err == nil {
		err = to.Adopt(bytes.NewReader(whole))
	}
	if err != nil {
		e.log.Warn("the table is not taken over, waiting for the registry's", "err", strings.TrimSpace(err.Error()))
	}
}

// settle tells the others once this process serves as well as its predecessor:
// its sockets are bound and, where there was one, it has a table. Then the
// bridge makes the predecessor leave, and the successor the bridge. Who leaves
// passes its connections.
func (e *heir) settle(ctx context.Context, loaded func() bool) {
	select {
	case <-ctx.Done():
		return
	case <-e.bound:
	}
	for until := time.Now().Add(bridgeLimit); e.Table >= 0 && !loaded() && time.Now().Before(until) && ctx.Err() == nil; {
		time.Sleep(20 * time.Millisecond)
	}
	if e.Bridge {
		unix.Write(e.Ready, []byte{readyToTake})
		unix.Close(e.Ready)
		e.takeConnections(ctx)
		return
	}
	unix.Close(e.End)
	e.takeConnections(ctx)
	syscall.Wait4(e.Pid, nil, 0, nil)
	e.log.Info("handed over")
}

// ended returns once the bridge is no longer needed.
func (e *heir) ended() {
	f := os.NewFile(uintptr(e.End), "end")
	defer f.Close()
	f.Read(make([]byte, 1))
}
