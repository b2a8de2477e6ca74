package handover

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

// A Successor is a dnsd that takes over from a Predecessor: the bridge, or the
// process after exec.
type Successor struct {
	*Handed
	log     *slog.Logger
	bound   chan struct{} // closed once the sockets are served
	once    sync.Once
	adopted chan server.HandedConn // the other process's connections
}

// NewSuccessor takes over what was handed over.
func NewSuccessor(h *Handed, log *slog.Logger) *Successor {
	return &Successor{Handed: h, log: log, bound: make(chan struct{}), adopted: make(chan server.HandedConn)}
}

// Attach has to serve the sockets and connections that are handed over and, of
// the bridge, pass its connections on to the successor.
func (s *Successor) Attach(to *server.Server) {
	to.Inherit, to.Trial, to.Adopted = s.Sockets, s.Bridge, s.adopted
	to.OnBound = func() { s.once.Do(func() { close(s.bound) }) }
	if s.Bridge {
		to.PassOn = (&passer{socket: s.Passing}).pass
	}
}

// LoadTable has to load the table that was handed over.
func (s *Successor) LoadTable(to *follow.Follower) {
	if s.Table < 0 {
		return
	}
	f := os.NewFile(uintptr(s.Table), "table")
	defer f.Close()
	// The offset is shared with the other processes.
	whole, err := io.ReadAll(io.NewSectionReader(f, 0, 1<<40))
	if err == nil {
		err = to.Adopt(bytes.NewReader(whole))
	}
	if err != nil {
		s.log.Warn("the table is not taken over, waiting for the store's", "err", strings.TrimSpace(err.Error()))
	}
}

// Confirm tells the others once this process serves as well as its predecessor:
// its sockets are bound and, where there was one, it has a table. Then the
// bridge makes the predecessor leave, and the successor the bridge. Who leaves
// passes its connections.
func (s *Successor) Confirm(ctx context.Context, loaded func() bool) {
	select {
	case <-ctx.Done():
		return
	case <-s.bound:
	}
	for until := time.Now().Add(bridgeLimit); s.Table >= 0 && !loaded() && time.Now().Before(until) && ctx.Err() == nil; {
		time.Sleep(20 * time.Millisecond)
	}
	if s.Bridge {
		unix.Write(s.Ready, []byte{readyToTake})
		unix.Close(s.Ready)
		take(ctx, s.Passing, s.adopted)
		return
	}
	unix.Close(s.End)
	take(ctx, s.Passing, s.adopted)
	syscall.Wait4(s.Pid, nil, 0, nil)
	s.log.Info("handed over")
}

// AwaitEnd returns once the bridge, which this process is, is no longer needed.
func (s *Successor) AwaitEnd() {
	f := os.NewFile(uintptr(s.End), "end")
	defer f.Close()
	f.Read(make([]byte, 1))
}
