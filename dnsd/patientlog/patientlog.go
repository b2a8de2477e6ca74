// Package patientlog lets log lines wait for who reads them, a logger that may be
// stuck or out of space, so that who writes them need not: the store is
// followed all the same.
package patientlog

import (
	"fmt"
	"io"
	"log/slog"
	"sync/atomic"
	"time"
)

const (
	room     = 1000        // lines
	patience = time.Second // for which Flush waits for who reads them
)

// A Log holds at most room lines. Those beyond are dropped and counted, and the
// log says how many once it is read again.
type Log struct {
	to      io.Writer
	queue   chan logged
	dropped atomic.Uint64
}

// logged is a line, or a mark: what came before it has been written.
type logged struct {
	line []byte
	mark chan struct{}
}

// New is a log that writes to to, by a goroutine of its own that never ends.
func New(to io.Writer) *Log {
	p := &Log{to: to, queue: make(chan logged, room)}
	go p.run()
	return p
}

// Write takes a line, and never fails.
func (p *Log) Write(line []byte) (int, error) {
	select {
	case p.queue <- logged{line: append([]byte(nil), line...)}:
	default:
		p.dropped.Add(1)
	}
	return len(line), nil
}

// Dropped is the number of lines dropped so far.
func (p *Log) Dropped() uint64 { return p.dropped.Load() }

func (p *Log) run() {
	said := uint64(0)
	for l := range p.queue {
		if l.mark != nil {
			close(l.mark)
			continue
		}
		p.to.Write(l.line)
		if n := p.dropped.Load(); n > said {
			fmt.Fprintf(p.to, "time=%s level=%s msg=%q lines=%d\n", time.Now().Format(time.RFC3339), slog.LevelWarn, "log lines dropped, as nobody read them in time", n-said)
			said = n
		}
	}
}

// Flush returns once all lines are written, or nobody reads them.
func (p *Log) Flush() {
	mark, late := make(chan struct{}), time.After(patience)
	select {
	case p.queue <- logged{mark: mark}:
	case <-late:
		return
	}
	select {
	case <-mark:
	case <-late:
	}
}
