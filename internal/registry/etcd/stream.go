package etcd

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"rundock/internal/pause"

	pb "go.etcd.io/etcd/api/v3/etcdserverpb"
	"go.etcd.io/etcd/api/v3/mvccpb"
	"go.etcd.io/etcd/api/v3/v3rpc/rpctypes"
	clientv3 "go.etcd.io/etcd/client/v3"
	"google.golang.org/grpc"
)

const (
	streamQuiet  = 2 * time.Second // after which a silent stream is asked for a sign of life
	streamAnswer = 4 * time.Second // and which must be answered within this
	// renewalQuiet is how long the answer to a renewal, of a lease that is renewed
	// every 5 s, does instead for the streams of the same member.
	renewalQuiet = streamQuiet + streamAnswer
)

// keyRange is what a watch covers: one key, or from key up to end.
type keyRange struct {
	key, end string // end "": only key
}

// stream is one connection's worth of watching: it ends with the connection,
// with the member's leader, or when the member stops answering (a member that
// hangs, a host that vanished), and never resumes by itself.
type stream struct {
	grpc     pb.Watch_WatchClient
	cancel   context.CancelCauseFunc
	ctx      context.Context
	client   *Client
	sending  sync.Mutex
	received atomic.Int64 // messages so far
	early    []*mvccpb.Event
	after    int64 // the last revision that is not reported
	// revision is the store's at the time the last of the watches began, as
	// the member answering knew it.
	revision int64
}

// watch opens a stream over ranges, of events later than revision after. The
// stream ends with ctx, or with close.
func (c *Client) watch(ctx context.Context, after int64, ranges ...keyRange) (*stream, error) {
	if err := c.call(ctx, c.timeout, nil); err != nil {
		return nil, err
	}
	streamCtx, cancel := context.WithCancelCause(clientv3.WithRequireLeader(ctx))
	s := &stream{ctx: streamCtx, cancel: cancel, client: c, after: after}
	late := time.AfterFunc(c.timeout, func() {
		cancel(c.NoAnswer(c.timeout))
	})
	defer late.Stop()
	if err := s.open(ranges); err != nil {
		err = s.reason(err)
		s.close()
		return nil, err
	}
	go s.watchdog()
	return s, nil
}

func (s *stream) open(ranges []keyRange) (err error) {
	s.grpc, err = s.client.watches.Watch(s.ctx, grpc.WaitForReady(false))
	if err != nil {
		return err
	}
	for _, r := range ranges {
		// From revision after, not the next one: a watch that is ahead
		// of the store, which nobody writes to, gets no sign of life.
		create := &pb.WatchCreateRequest{Key: []byte(r.key), StartRevision: s.after, Fragment: true}
		if r.end != "" {
			create.RangeEnd = []byte(r.end)
		}
		if err := s.send(&pb.WatchRequest{RequestUnion: &pb.WatchRequest_CreateRequest{CreateRequest: create}}); err != nil {
			return s.sendError(err)
		}
	}
	for created := 0; created < len(ranges); {
		resp, err := s.next()
		if err != nil {
			return err
		}
		if resp.Created {
			created++
			s.revision = resp.Header.GetRevision()
		}
		s.early = append(s.early, s.later(resp.Events)...)
	}
	return nil
}

// recv returns the next events, in the order of their revisions.
func (s *stream) recv() ([]*mvccpb.Event, error) {
	if events := s.early; len(events) > 0 {
		s.early = nil
		return events, nil
	}
	for {
		resp, err := s.next()
		if err != nil {
			return nil, s.reason(err)
		}
		// The parts of a response too large for one message are used as they
		// come: each is whole events in order.
		if events := s.later(resp.Events); len(events) > 0 {
			return events, nil
		}
	}
}

// later drops events up to the revision after which the stream began.
func (s *stream) later(events []*mvccpb.Event) []*mvccpb.Event {
	return slices.DeleteFunc(events, func(e *mvccpb.Event) bool { return e.Kv.ModRevision <= s.after })
}

// next returns the next message, or why there will be none.
func (s *stream) next() (*pb.WatchResponse, error) {
	resp, err := s.grpc.Recv()
	if err != nil {
		return nil, err
	}
	s.received.Add(1)
	if resp.CompactRevision != 0 {
		return nil, fmt.Errorf("etcd: compacted up to revision %d", resp.CompactRevision)
	}
	if resp.Canceled {
		if resp.CancelReason == "" {
			return nil, errors.New("etcd: watch cancelled by the server")
		}
		return nil, cancelError(resp.CancelReason)
	}
	return resp, nil
}

// send is safe for concurrent use.
func (s *stream) send(r *pb.WatchRequest) error {
	s.sending.Lock()
	defer s.sending.Unlock()
	return s.grpc.Send(r)
}

// sendError finds the cause of a failed send, which gRPC keeps for Recv.
func (s *stream) sendError(err error) error {
	if _, cause := s.grpc.Recv(); cause != nil {
		return cause
	}
	return err
}

func (s *stream) reason(err error) error {
	if cause := context.Cause(s.ctx); cause != nil {
		return cause
	}
	if errors.Is(err, io.EOF) {
		return errors.New("etcd: connection closed by the server")
	}
	s.client.auth.rejected(err)
	if errors.Is(rpctypes.Error(err), rpctypes.ErrPermissionDenied) {
		s.client.auth.drop() // what 3.4 says to a watch with a token it does not know
	}
	return readable(err)
}

// cancelError recovers the error the server wrote as text.
func cancelError(reason string) error {
	for _, refusal := range []error{rpctypes.ErrGRPCPermissionDenied, rpctypes.ErrGRPCInvalidAuthToken, rpctypes.ErrGRPCUserEmpty, rpctypes.ErrGRPCAuthOldRevision} {
		if strings.Contains(reason, rpctypes.ErrorDesc(refusal)) {
			return refusal
		}
	}
	return fmt.Errorf("etcd: watch cancelled: %s", reason)
}

func (s *stream) close() { s.cancel(context.Canceled) }

// watchdog ends the stream when the server stops answering. The answer to a
// progress request counts as a sign of life only, never as progress: servers
// before 3.4.25 may send it ahead of events.
func (s *stream) watchdog() {
	for {
		before, quiet := s.received.Load(), streamQuiet
		if pause.For(s.ctx, streamQuiet) != nil {
			return
		}
		for s.received.Load() == before {
			left := renewalQuiet - s.client.renewals.since(s.grpc.Context())
			if left <= 0 {
				break
			}
			quiet = renewalQuiet
			if pause.For(s.ctx, left) != nil {
				return
			}
		}
		if s.received.Load() == before && !s.ask(before, quiet) {
			return
		}
	}
}

// ask has the server give a sign of life, after it was quiet for a while, and ends
// the stream if it gives none. It returns false for a stream that has ended.
func (s *stream) ask(before int64, quiet time.Duration) bool {
	// Sending may block, too, where much was sent that nobody takes.
	silent := time.AfterFunc(streamAnswer, func() {
		if s.received.Load() == before {
			s.cancel(fmt.Errorf("etcd: connection silent for %s", quiet+streamAnswer))
		}
	})
	progress := &pb.WatchRequest{RequestUnion: &pb.WatchRequest_ProgressRequest{ProgressRequest: &pb.WatchProgressRequest{}}}
	if s.send(progress) == nil && pause.For(s.ctx, streamAnswer) == nil {
		return true
	}
	silent.Stop()
	return false // if the sending failed, Recv knows why
}
