package server

import (
	"bytes"
	"context"
	"encoding/binary"
	"math/rand/v2"
	"net/netip"
	"sync"
	"time"

	"rundock/dnsd/metrics"
	"rundock/dnsd/packed"
	"rundock/dnsd/querylog"

	"golang.org/x/sys/unix"
)

// serveUDP answers the packets of a socket until ctx is done and what was
// forwarded is answered. It takes as many packets as are waiting, answers them
// one by one in memory of its own, and sends the replies together.
func (s *Server) serveUDP(ctx context.Context, socket *udpSocket) {
	w := s.newWorker()
	defer w.forwards.Wait()
	b := newBatch(socket, s.Handler.MaxUDP)
	for {
		n, err := b.read()
		if err != nil && ctx.Err() != nil {
			return // what was read before is answered; the rest is another process's, if there is one
		}
		if err != nil {
			time.Sleep(time.Millisecond) // an error that stays must not cost a core
			continue
		}
		start := time.Now()
		plain := 0
		for i := range n {
			length, ready := w.answer(ctx, b, i, start)
			if ready {
				plain++
			}
			b.send(i, length)
		}
		b.flush()
		w.counts.Took(plain, time.Since(start))
	}
}

// A worker answers the queries of one socket.
type worker struct {
	*Server
	policy   packed.Policy
	question packed.Question
	counts   *metrics.Queries
	forwards sync.WaitGroup
}

func (s *Server) newWorker() *worker {
	return &worker{
		Server: s,
		policy: packed.Policy{MaxUDP: s.Handler.MaxUDP, Recursive: s.Handler.Forwarder != nil},
		counts: s.Handler.Metrics.NewQueries(metrics.UDP),
	}
}

// answer answers packet i of a batch, and says whether the answer was ready.
func (w *worker) answer(ctx context.Context, b *batch, i int, start time.Time) (length int, ready bool) {
	length = w.plain(b.packet(i), b.reply(i), rand.Uint32())
	if length == 0 {
		return w.any(ctx, b, i), false
	}
	if w.Handler.Log.Wants() {
		w.log(b, i, length, start)
	}
	return length, true
}

// plain answers a plain question for one of our names from answers that are
// ready to be sent, and returns the length of the reply, or 0 for what any
// must answer. This is the path of nearly every query.
func (w *worker) plain(packet, reply []byte, turn uint32) int {
	q := &w.question
	if !q.Parse(packet) {
		return 0
	}
	answers := w.Handler.Answers
	state := answers.Table.State()
	if state == nil {
		return 0
	}
	serial := uint32(state.Revision)
	var rcode uint8 = rcodeNoError
	var negative *packed.Negative
	if node := answers.Table.Lookup(q.Name()); node == nil {
		rcode = rcodeNXDomain
		negative = answers.Absent(q.Name())
	} else {
		a, ok := node.Answer(q.Type)
		if !ok || a.Worn(turn) {
			a, ok = answers.Pack(q.Name(), q.Type, turn)
		}
		if !ok {
			return 0
		}
		if a != nil {
			w.counts.Replied(int(a.Zone), q.Type, int(a.Rcode))
			return a.Write(reply, q, &w.policy, turn, serial)
		}
		negative = answers.Negative(q.Name())
	}
	if negative == nil {
		return 0
	}
	w.counts.Replied(int(negative.Zone), q.Type, int(rcode))
	return negative.Write(reply, q, &w.policy, rcode, serial)
}

// log has packet i of a batch logged, which was answered plainly.
func (w *worker) log(b *batch, i, length int, start time.Time) {
	reply := [headerLen]byte(b.reply(i))
	w.Handler.Log.Add(querylog.Query{
		Asked: bytes.Clone(b.packet(i)), Client: b.from(i), Rcode: int(reply[3] & 15), Reply: reply, Size: length,
		From: querylog.Table, Start: start, Took: time.Since(start),
	})
}

const (
	rcodeNoError  = 0
	rcodeNXDomain = 3
)

// any answers packet i of a batch, whatever it is, and returns the length of
// the reply, or 0 if there is none (yet).
func (w *worker) any(ctx context.Context, b *batch, i int) int {
	from := b.from(i)
	reply, later := w.Handler.Serve(b.packet(i), Client{AddrPort: from, Counts: w.counts})
	if client := from.Addr().Unmap(); later != nil && w.forwarding.try(client) {
		w.forward(ctx, &w.forwards, client, later, b.sender(i))
	} else if later != nil {
		w.Handler.Metrics.Forwards.Dropped()
	}
	return copy(b.reply(i), reply)
}

// forward makes a reply in the background, for which the client has a place in forwarding.
func (s *Server) forward(ctx context.Context, work *sync.WaitGroup, client netip.Addr, later func(context.Context) []byte, send func([]byte)) {
	work.Go(func() {
		defer s.forwarding.done(client)
		send(later(context.WithoutCancel(ctx)))
	})
}

// replySource turns the control message of a query to a wildcard socket into
// the one that sends its reply from the address the query was sent to.
func replySource(oob []byte) []byte {
	const data = unix.SizeofCmsghdr
	if len(oob) >= data+unix.SizeofInet4Pktinfo && binary.NativeEndian.Uint32(oob[8:]) == unix.IPPROTO_IP {
		// The route, not the interface the query came by, decides the way back.
		clear(oob[data : data+4])
	}
	return oob
}
