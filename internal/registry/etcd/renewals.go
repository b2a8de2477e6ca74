package etcd

import (
	"context"
	"errors"
	"io"
	"sync"
	"time"

	pb "go.etcd.io/etcd/api/v3/etcdserverpb"
	"go.etcd.io/etcd/api/v3/v3rpc/rpctypes"
	"google.golang.org/grpc"
	"google.golang.org/grpc/peer"
)

// renewals are over one stream that stays: a stream for each would be most of what
// a host costs etcd that has nothing to say.
type renewals struct {
	opening sync.Mutex // locked by who opens a stream

	mu     sync.Mutex
	stream *renewing            // nil: there is none
	heard  map[string]time.Time // when the member at an address answered last
}

// renewing is such a stream. It ends with the first error.
type renewing struct {
	grpc    pb.Lease_LeaseKeepAliveClient
	cancel  context.CancelFunc
	sending sync.Mutex

	mu      sync.Mutex
	waiting map[int64][]chan<- error // by the lease, in the order in which they asked
	err     error                    // why it ended
}

// renew has etcd renew a lease over the stream there is, or over a new one. One that
// does not answer while ctx lasts is not used again.
func (c *Client) renew(ctx context.Context, id int64) error {
	s, err := c.renewing(ctx)
	if err != nil {
		return err
	}
	answer := make(chan error, 1)
	if err := s.ask(id, answer); err != nil {
		return err
	}
	select {
	case err := <-answer:
		return err
	case <-ctx.Done():
		s.cancel()
		return ctx.Err()
	}
}

func (c *Client) renewing(ctx context.Context) (*renewing, error) {
	c.renewals.opening.Lock()
	defer c.renewals.opening.Unlock()
	c.renewals.mu.Lock()
	s := c.renewals.stream
	c.renewals.mu.Unlock()
	if s != nil {
		return s, nil
	}
	own, cancel := context.WithCancel(context.Background())
	stop := context.AfterFunc(ctx, cancel)
	stream, err := c.leases.LeaseKeepAlive(own, grpc.WaitForReady(false))
	if !stop() && err == nil {
		err = ctx.Err()
	}
	if err != nil {
		cancel()
		return nil, err
	}
	s = &renewing{grpc: stream, cancel: cancel, waiting: map[int64][]chan<- error{}}
	c.renewals.mu.Lock()
	c.renewals.stream = s
	c.renewals.mu.Unlock()
	go c.answerRenewals(s)
	return s, nil
}

// ask has answer told how a renewal went.
func (s *renewing) ask(id int64, answer chan<- error) error {
	s.sending.Lock()
	defer s.sending.Unlock()
	s.mu.Lock()
	err := s.err
	if err == nil {
		s.waiting[id] = append(s.waiting[id], answer)
	}
	s.mu.Unlock()
	if err == nil && s.grpc.Send(&pb.LeaseKeepAliveRequest{ID: id}) != nil {
		s.cancel() // answerRenewals knows why, and tells
	}
	return err
}

// answerRenewals tells who asked, until the stream ends.
func (c *Client) answerRenewals(s *renewing) {
	defer s.cancel()
	var err error
	for err == nil {
		var resp *pb.LeaseKeepAliveResponse
		if resp, err = s.grpc.Recv(); err == nil {
			c.renewals.hear(s.grpc.Context())
			s.tell(resp)
		}
	}
	c.renewals.mu.Lock()
	if c.renewals.stream == s {
		c.renewals.stream = nil
	}
	c.renewals.mu.Unlock()
	if errors.Is(err, io.EOF) {
		err = errors.New("etcd: connection closed by the server")
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.err = err
	for _, all := range s.waiting {
		for _, answer := range all {
			answer <- err
		}
	}
	clear(s.waiting)
}

func (s *renewing) tell(resp *pb.LeaseKeepAliveResponse) {
	s.mu.Lock()
	defer s.mu.Unlock()
	all := s.waiting[resp.ID]
	if len(all) == 0 {
		return
	}
	if s.waiting[resp.ID] = all[1:]; len(all) == 1 {
		delete(s.waiting, resp.ID)
	}
	all[0] <- renewed(resp)
}

// renewed is the error of an answer.
func renewed(resp *pb.LeaseKeepAliveResponse) error {
	if resp.TTL <= 0 {
		return rpctypes.ErrGRPCLeaseNotFound
	}
	return nil
}

// hear notes that the member of a stream has answered.
func (r *renewals) hear(stream context.Context) {
	if p, ok := peer.FromContext(stream); ok {
		r.mu.Lock()
		defer r.mu.Unlock()
		if r.heard == nil {
			r.heard = map[string]time.Time{}
		}
		r.heard[p.Addr.String()] = time.Now()
	}
}

// since is how long ago the member of a stream answered a renewal; far more than
// anybody waits where it never did.
func (r *renewals) since(stream context.Context) time.Duration {
	r.mu.Lock()
	defer r.mu.Unlock()
	if p, ok := peer.FromContext(stream); ok {
		return time.Since(r.heard[p.Addr.String()])
	}
	return time.Since(time.Time{})
}
