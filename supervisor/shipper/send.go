package shipper

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"math/rand/v2"
	"time"

	"rundock/internal/pause"
	"rundock/supervisor/shipper/spool"
)

// timing is how long the sender waits for what. Tests have shorter ones.
type timing struct {
	answer  time.Duration // for the receiver
	settle  time.Duration // until what was sent without an acknowledgement is to be acknowledged
	first   time.Duration // before the second attempt, and twice that before each further one,
	longest time.Duration // up to this
	tell    time.Duration // between two status files
}

var usual = timing{answer: 30 * time.Second, settle: 10 * time.Second, first: time.Second, longest: time.Minute, tell: 2 * time.Second}

// soonest is how much sooner acknowledgements are asked for after a session that broke:
// where a receiver comes and goes, each time it is there something is to be done with.
const soonest = 16

const (
	chunkSize   = 1 << 20  // about that much is sent at once
	settleBytes = 8 << 20  // as settle, in bytes
	cutSize     = 64 << 10 // bytes of lines, about, between two cuts
)

// chunk is lines that are sent together.
type chunk struct {
	id    string
	next  uint64 // number of the line after it
	lines int
	data  []byte // encoded
	cuts  []cut  // places between lines, the last at the end
}

// cut is a place in a chunk: so many bytes of it are the lines before next.
type cut struct {
	size int
	next uint64
}

// session is a connection on which chunks are sent.
type session interface {
	// send sends a chunk. acknowledged says that the receiver has it; if it does not,
	// written was called at each cut.
	send(c chunk, written func(next uint64)) (acknowledged bool, err error)
	// broken is why the connection has ended, nil if it has not, or that is not known yet.
	broken() error
	// finish returns once the receiver has acknowledged all that was sent. Nothing is sent after it.
	finish() error
}

func (r receiver) session(c *conn) session {
	if r.kind == "syslog" {
		return newSyslogSession(c)
	}
	return newFluentSession(c)
}

// sender sends what is in the spool to the receiver.
type sender struct {
	spool  *spool.Spool
	to     receiver
	encode encode
	timing timing
	mark   mark
	state  *state
	resume uint64 // the line to go on from after a start; 0: the first that is not acknowledged

	// Of the session.
	conn    *conn
	session session
	reader  *spool.Reader
	data    []byte // of the chunk
	cuts    []cut
	settle  time.Duration
	worked  bool   // the session has had acknowledgements
	sent    uint64 // the line after what was sent; 0: all of it is acknowledged
	since   time.Time
	size    int // bytes of it
}

func newSender(sp *spool.Spool, to receiver, host string, t timing, m mark, st *state) *sender {
	s := &sender{spool: sp, to: to, timing: t, mark: m, state: st, resume: m.read(sp.ID()), settle: t.settle / soonest}
	if s.encode = fluentEncoder(host, sp.ID()); to.kind == "syslog" {
		s.encode = syslogEncoder(host, sp.ID())
	}
	return s
}

// run sends until ctx is done, and then ends the session in order.
func (s *sender) run(ctx context.Context) {
	wait := s.timing.first
	for s.awaitLines(ctx) {
		before := s.spool.Figures().Next
		err := s.ship(ctx)
		if err == nil || s.spool.Figures().Next > before {
			wait = s.timing.first
		}
		if err == nil {
			continue
		}
		// What the receiver's kernel had may be lost with the connection.
		s.mark.remove()
		s.resume, s.settle = 0, s.timing.settle/soonest
		if ctx.Err() != nil {
			return
		}
		s.state.failed(err)
		// Spread, so that the hosts of a site do not all come at once.
		if pause.For(ctx, wait/2+rand.N(wait/2+1)) != nil {
			return
		}
		wait = min(2*wait, s.timing.longest)
	}
}

// awaitLines waits until there is something to send; false: ctx is done.
func (s *sender) awaitLines(ctx context.Context) bool {
	for {
		if ctx.Err() != nil {
			return false
		}
		if s.spool.Figures().Lines > 0 {
			return true
		}
		select {
		case <-ctx.Done():
			return false
		case <-s.spool.More():
		}
	}
}

// ship connects and sends until the session is over: nil, when all that was sent is
// acknowledged.
func (s *sender) ship(ctx context.Context) (err error) {
	if s.conn, err = s.to.connect(ctx, s.timing.answer); err != nil {
		return err
	}
	defer s.conn.Close()
	stop := s.conn.hurry()
	defer stop()
	s.session = s.to.session(s.conn)
	s.reader = s.spool.Reader(s.resume)
	defer s.reader.Close()
	// What the predecessor sent is acknowledged with what this session sends.
	s.sent, s.size, s.since = s.resume, 0, time.Now()
	s.resume, s.mark.pending, s.worked = 0, nil, false
	for {
		if err := s.session.broken(); err != nil {
			if s.worked && s.sent == 0 && errors.Is(err, errClosed) {
				return nil // receivers close what is idle
			}
			return err
		}
		if s.due() || ctx.Err() != nil {
			return s.finish()
		}
		c, err := s.chunk()
		if err != nil {
			return err
		}
		if c.lines == 0 {
			s.idle(ctx)
			continue
		}
		if err := s.send(c); err != nil {
			return err
		}
	}
}

// due reports whether the session is to be finished, so that what was sent is acknowledged.
func (s *sender) due() bool {
	if time.Now().After(s.conn.until) {
		return true
	}
	return s.sent > 0 && (s.size >= settleBytes || time.Since(s.since) >= s.settle)
}

// finish ends the session in order.
func (s *sender) finish() error {
	if err := s.session.finish(); err != nil {
		return err
	}
	if s.sent > 0 {
		s.acknowledged(s.sent)
		s.settle = min(2*s.settle, s.timing.settle)
	}
	return nil
}

func (s *sender) acknowledged(next uint64) {
	before := s.spool.Figures().Next
	err := s.spool.Acknowledge(next)
	s.state.arrived(s.spool.Figures().Next-before, err)
	s.sent, s.size, s.worked = 0, 0, true
}

// chunk reads the next lines from the spool; none, if there are none.
func (s *sender) chunk() (c chunk, err error) {
	s.data, s.cuts = s.data[:0], s.cuts[:0]
	var first uint64
	for len(s.data) < chunkSize {
		b, ok, err := s.reader.Next()
		if err != nil {
			return chunk{}, err
		}
		if !ok {
			break
		}
		var n note
		if err := json.Unmarshal(b.Note, &n); err != nil {
			return chunk{}, fmt.Errorf("the note of line %d in the buffer: %w", b.First, err)
		}
		if c.lines == 0 {
			first = b.First
		}
		for part := range parts(b, cutSize) {
			s.data = s.encode(s.data, part, n)
			s.cuts = append(s.cuts, cut{len(s.data), part.Next()})
		}
		c.lines += b.Lines
		c.next = b.Next()
	}
	c.data, c.cuts, c.id = s.data, s.cuts, fmt.Sprintf("%s-%d-%d", s.spool.ID(), first, c.next-1)
	return c, nil
}

func (s *sender) send(c chunk) error {
	acknowledged, err := s.session.send(c, s.written)
	if err != nil {
		return err
	}
	if acknowledged {
		s.acknowledged(c.next)
		return nil
	}
	if s.sent == 0 {
		s.since = time.Now()
	}
	s.sent, s.size = c.next, s.size+len(c.data)
	return nil
}

// written marks that the lines before next were written to the connection.
func (s *sender) written(next uint64) {
	s.mark.sent(s.conn.tcp.written.Load(), next)
	s.mark.update(s.spool.ID(), s.conn.tcp.received())
}

// parts are a batch in parts of about size bytes, of whole lines.
func parts(b spool.Batch, size int) iter.Seq[spool.Batch] {
	return func(yield func(spool.Batch) bool) {
		for len(b.Data) > 0 {
			part := b
			if len(b.Data) > size {
				if end := bytes.IndexByte(b.Data[size:], '\n'); end >= 0 {
					part.Data = b.Data[:size+end+1]
					part.Lines = bytes.Count(part.Data, []byte("\n"))
				}
			}
			if !yield(part) {
				return
			}
			b.First, b.Lines, b.Data = part.Next(), b.Lines-part.Lines, b.Data[len(part.Data):]
		}
	}
}

// idle waits until there may be something to do.
func (s *sender) idle(ctx context.Context) {
	wait := 250 * time.Millisecond
	if s.sent > 0 {
		s.mark.update(s.spool.ID(), s.conn.tcp.received())
		wait = min(wait, s.settle)
	}
	if len(s.mark.pending) > 0 {
		wait = 5 * time.Millisecond
	}
	timer := time.NewTimer(wait)
	defer timer.Stop()
	select {
	case <-ctx.Done():
	case <-s.spool.More():
	case <-timer.C:
	}
}
