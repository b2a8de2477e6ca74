// Package querylog writes a line about some of the queries, or all:
//
//	time=2026-11-21T10:28:00.123Z level=INFO msg=query client=10.1.0.5:40312 proto=udp name=web.s.prod.example.com. type=SRV edns=1232 do=false rcode=NOERROR answers=3 flags=aa,rd size=196 from=table took_us=4
//
// It is logfmt, as dnsd's other lines are, of what the client sent and got.
// Who answers never waits for who reads the lines: it leaves a copy in a queue
// of bounded size, or, where that is full, counts what is not logged.
package querylog

import (
	"context"
	"io"
	"log/slog"
	"math/rand/v2"
	"sync/atomic"
	"time"
)

// Where replies come from, if not from where package forward says.
const (
	Table = "table" // the records
	Self  = "self"  // no data: a refusal, an error, the server's own name
)

const (
	room = 4096        // queries that wait to be written
	last = time.Second // for which the end of Run waits for the reader
)

// A Log is nil where queries are not logged.
type Log struct {
	share   Share
	out     *slog.Logger
	queue   chan Query
	dropped atomic.Uint64
}

// New returns the log of a share of the queries, nil for none.
func New(share Share, out io.Writer) *Log {
	if share == 0 {
		return nil
	}
	return &Log{share: share, out: slog.New(slog.NewTextHandler(out, nil)), queue: make(chan Query, room)}
}

// Wants says whether a query is one to log: each is by chance, so that no
// pattern of the clients hides any.
func (l *Log) Wants() bool {
	return l != nil && (l.share == 1 || rand.Uint32N(uint32(l.share)) == 0)
}

// write writes the line of a query.
func (l *Log) write(q Query) { l.out.Handler().Handle(context.Background(), line(q)) }

// Add logs a query, soon or, if too many wait already, never.
func (l *Log) Add(q Query) {
	select {
	case l.queue <- q:
	default:
		l.dropped.Add(1)
	}
}

// Dropped is how many queries were to be logged and are not.
func (l *Log) Dropped() uint64 {
	if l == nil {
		return 0
	}
	return l.dropped.Load()
}

// Run writes until ctx is done, and then what waits, unless nobody reads it.
func (l *Log) Run(ctx context.Context) error {
	done := make(chan struct{})
	go func() { // a write to a reader that is stuck cannot be called off
		defer close(done)
		for {
			select {
			case q := <-l.queue:
				l.write(q)
			case <-ctx.Done():
				l.drain()
				return
			}
		}
	}()
	<-ctx.Done()
	select {
	case <-done:
	case <-time.After(last):
	}
	return nil
}

func (l *Log) drain() {
	for {
		select {
		case q := <-l.queue:
			l.write(q)
		default:
			return
		}
	}
}
