package etcd

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	pb "go.etcd.io/etcd/api/v3/etcdserverpb"
	"go.etcd.io/etcd/api/v3/mvccpb"

	"rundock/internal/registry"
)

// changes is the stream that all calls of Changed share: etcd has 60 KB for a
// stream, and for a watch 2. It ends with the last of the calls.
type changes struct {
	*stream
	ended chan struct{} // closed once err is set
	err   error         // why it ended

	mu      sync.Mutex // guards what follows
	users   int
	full    bool // nobody may join
	last    int64
	waiting map[int64]*waiter // by the id of the watch
}

// waiter is a call of Changed. changes.mu guards missing, late and over.
type waiter struct {
	after   int64
	ids     []int64
	missing int         // watches that have not begun
	late    *time.Timer // ends the stream unless all have begun
	over    bool        // nobody needs late any more
	told    chan error  // holds one: why there is nothing more to wait for
}

// Changed implements leasing.Backend.
func (c *Client) Changed(ctx context.Context, revision int64, items []registry.Item) error {
	s, err := c.join(ctx)
	if err != nil {
		return err
	}
	defer s.leave()
	w := s.begin(revision, items)
	defer s.finish(w)
	select {
	case <-ctx.Done():
		return context.Cause(ctx)
	case err := <-w.told:
		return err
	case <-s.ended:
		return s.err
	}
}

// join returns the stream there is, or opens one.
func (c *Client) join(ctx context.Context) (*changes, error) {
	select {
	case c.joining <- struct{}{}:
		defer func() { <-c.joining }()
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	}
	if s := c.changes; s != nil && s.enter() {
		return s, nil
	}
	own, cancel := context.WithCancelCause(context.Background())
	stop := context.AfterFunc(ctx, func() { cancel(context.Cause(ctx)) })
	s, err := c.watch(own, 0)
	if !stop() && err == nil {
		s.close()
		err = context.Cause(ctx)
	}
	if err != nil {
		cancel(err)
		return nil, err
	}
	c.changes = &changes{stream: s, ended: make(chan struct{}), users: 1, waiting: map[int64]*waiter{}}
	go c.changes.run(cancel)
	return c.changes, nil
}

func (s *changes) enter() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.full {
		return false
	}
	s.users++
	return true
}

func (s *changes) leave() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.users--; s.users == 0 {
		s.full = true
		s.close()
	}
}

// begin has etcd watch the items' keys.
func (s *changes) begin(after int64, items []registry.Item) *waiter {
	w := &waiter{after: after, missing: len(items), told: make(chan error, 1)}
	before := s.received.Load()
	w.late = time.AfterFunc(s.client.timeout, func() { s.overdue(w, before) })
	s.mu.Lock()
	for range items {
		s.last++
		w.ids = append(w.ids, s.last)
		s.waiting[s.last] = w
	}
	s.mu.Unlock()
	for i, item := range items {
		// From revision after, not the next one: see stream.open.
		create := &pb.WatchCreateRequest{Key: []byte(item.Key), StartRevision: after, WatchId: w.ids[i], Fragment: true}
		if s.send(&pb.WatchRequest{RequestUnion: &pb.WatchRequest_CreateRequest{CreateRequest: create}}) != nil {
			break // run knows why
		}
	}
	return w
}

// overdue ends the stream, unless it answered others meanwhile: all would have to
// begin anew, and keep an etcd that has much to do from answering.
func (s *changes) overdue(w *waiter, before int64) {
	now := s.received.Load()
	if now == before {
		s.cancel(s.client.NoAnswer(s.client.timeout))
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if !w.over {
		w.late = time.AfterFunc(s.client.timeout, func() { s.overdue(w, now) })
	}
}

// finish has etcd watch them no more.
func (s *changes) finish(w *waiter) {
	s.mu.Lock()
	w.stop()
	for _, id := range w.ids {
		delete(s.waiting, id)
	}
	s.mu.Unlock()
	for _, id := range w.ids {
		if s.send(&pb.WatchRequest{RequestUnion: &pb.WatchRequest_CancelRequest{CancelRequest: &pb.WatchCancelRequest{WatchId: id}}}) != nil {
			return
		}
	}
}

// run tells waiters until the stream ends.
func (s *changes) run(cancel context.CancelCauseFunc) {
	var err error
	for err == nil {
		var resp *pb.WatchResponse
		if resp, err = s.grpc.Recv(); err == nil {
			s.received.Add(1)
			s.take(resp)
		}
	}
	s.mu.Lock()
	s.full = true
	s.mu.Unlock()
	s.err = s.reason(err)
	close(s.ended)
	cancel(s.err)
}

// take tells whom a message concerns.
func (s *changes) take(resp *pb.WatchResponse) {
	s.mu.Lock()
	defer s.mu.Unlock()
	w := s.waiting[resp.WatchId]
	switch {
	case w == nil && resp.Canceled && resp.Created:
		// Refused: servers from 3.5 on do not say which. A new stream has a new token.
		s.full = true
		err := s.reason(cancelError(resp.CancelReason))
		for _, w := range s.waiting {
			if w.missing > 0 {
				w.tell(err)
			}
		}
	case w == nil:
	case resp.CompactRevision != 0:
		w.tell(fmt.Errorf("etcd: compacted up to revision %d", resp.CompactRevision))
	case resp.Canceled && resp.CancelReason == "":
		w.tell(errors.New("etcd: watch cancelled by the server"))
	case resp.Canceled:
		s.full = true
		w.tell(s.reason(cancelError(resp.CancelReason)))
	default:
		if resp.Created {
			w.begun(resp.Header.GetRevision())
		}
		later := func(e *mvccpb.Event) bool { return e.Kv.ModRevision > w.after }
		if slices.ContainsFunc(resp.Events, later) {
			w.tell(nil)
		}
	}
}

// begun takes note of a watch that began while the store was at a revision.
func (w *waiter) begun(revision int64) {
	if w.missing--; w.missing == 0 {
		w.stop()
	}
	// A member that has not caught up, or a store that was replaced: a new claim
	// is right for both.
	if revision < w.after {
		w.tell(nil)
	}
}

// tell is for the first reason alone.
func (w *waiter) tell(why error) {
	w.stop()
	select {
	case w.told <- why:
	default:
	}
}

// stop ends the wait for watches that have not begun.
func (w *waiter) stop() {
	w.over = true
	w.late.Stop()
}
