package main

import (
	"fmt"
	"io"
	"log/slog"
	"sync/atomic"
	"time"
)

const (
	logRoom = 1000        // lines
	logLast = time.Second // for which the end of dnsd waits for who reads them
)

// A patientLog lets lines wait for who reads them, a logger that may be stuck
// or out of space, and not who writes them: the registry is followed all the
// same. Of more than logRoom lines the rest is dropped, counted, and said.
type patientLog struct {
	to      io.Writer
	queue   chan logged
	dropped atomic.Uint64
}

// logged is a line, or a mark: what came before it has been written.
type logged struct {
	line []byte
	mark chan struct{}
}

func newPatientLog(to io.Writer) *patientLog {
	p := &patientLog{to: to, queue: make(chan logged, logRoom)}
	go p.run()
	return p
}

// Write takes a line, and never fails.
func (p *patientLog) Write(line []byte) (int, error) {
	select {
	case p.queue <- logged{line: append([]byte(nil), line...)}:
	default:
		p.dropped.Add(1)
	}
	return len(line), nil
}

func (p *patientLog) run() {
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

// flush returns once all lines are written, or nobody reads them.
func (p *patientLog) flush() {
	mark, late := make(chan struct{}), time.After(logLast)
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
