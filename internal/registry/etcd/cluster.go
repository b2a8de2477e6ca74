package etcd

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"rundock/internal/pause"

	"go.etcd.io/etcd/api/v3/v3rpc/rpctypes"
	clientv3 "go.etcd.io/etcd/client/v3"
)

// commandTimeout bounds one call of a command about members, users or roles: who waits for
// that has nothing else to do, and a step that was made without an answer is a riddle.
const commandTimeout = 15 * time.Second

// ErrNotInSync is why a learner cannot be promoted yet.
var ErrNotInSync = errors.New("the learner does not have all records yet")

// ErrNotConnected is why a member is not added or removed: etcd judges by its own
// connections to the members. It removes a member to which it has none.
var ErrNotConnected = errors.New("etcd changes no members, as it has not been connected to most of them for five seconds")

var errNotStarted = errors.New("etcd changes no members, as too few of them have started")

var errNoLeader = errors.New("it knows no leader, as most members do not answer")

// A Cluster is the members of an etcd cluster, to look at and to change. It
// has a connection of its own to each endpoint, as a learner, which is one of them for a
// while, refuses all but questions about itself.
type Cluster struct {
	clients []*Client
	removed time.Time // when it took a member out last, which may have led the others
}

// A Member is one etcd of a cluster.
type Member struct {
	ID      uint64
	Name    string   // "" until it was started once
	Peers   []string // URLs at which other members reach it
	Clients []string // URLs that it tells clients; none until it was started once
	Learner bool     // has no vote yet
}

// OpenCluster is Open for the cluster's members.
func OpenCluster(cfg Config) (*Cluster, error) {
	c := &Cluster{}
	for _, endpoint := range cfg.Endpoints {
		cfg.Endpoints = []string{endpoint}
		client, err := openWithin(commandTimeout, cfg, nil)
		if err != nil {
			c.Close()
			return nil, err
		}
		c.clients = append(c.clients, client)
	}
	if len(c.clients) == 0 {
		return nil, errors.New("etcd endpoints: none given")
	}
	return c, nil
}

// Close ends the connections.
func (c *Cluster) Close() {
	for _, client := range c.clients {
		client.Close()
	}
}

// Members are all members, in the order of their ids, and the id of the
// cluster. It is the word of the majority. While members elect another leader it waits for that.
func (c *Cluster) Members(ctx context.Context) (cluster uint64, members []Member, err error) {
	var got *clientv3.MemberListResponse
	for end := time.Now().Add(commandTimeout); ; {
		err = c.do(ctx, func(ctx context.Context, etcd *clientv3.Client) (err error) {
			got, err = etcd.MemberList(ctx)
			return err
		})
		if err == nil || !c.electing(err) || time.Now().After(end) || pause.For(ctx, 100*time.Millisecond) != nil {
			break
		}
	}
	if err != nil {
		return 0, nil, err
	}
	for _, m := range got.Members {
		members = append(members, Member{ID: m.ID, Name: m.Name, Peers: m.PeerURLs, Clients: m.ClientURLs, Learner: m.IsLearner})
	}
	return got.Header.ClusterId, members, nil
}

// electing reports whether a question was not answered as the members elect another leader.
func (c *Cluster) electing(err error) bool {
	return errors.Is(err, rpctypes.ErrLeaderChanged) || errors.Is(err, errNoLeader) && time.Since(c.removed) < commandTimeout
}

// Answering returns the id of the member that answers at a client URL, and whether
// that knows a leader.
func (c *Cluster) Answering(ctx context.Context, url string) (id uint64, led bool, err error) {
	err = c.clients[0].call(ctx, callTimeout, func(ctx context.Context) error {
		got, err := c.clients[0].etcd.Status(ctx, url)
		if err == nil {
			id, led = got.Header.MemberId, got.Leader != 0
		}
		return err
	})
	return id, led, err
}

// A Voice is what one endpoint says of itself, whatever other members say.
type Voice struct {
	Cluster, Member uint64
	Led             bool   // it knows a leader
	Learner         bool   // has no vote yet
	Revision        int64  // that it has
	Committed       uint64 // the last change that it knows the majority to have
	Applied         uint64 // the last change that is in its answers
}

// Voices are those of the endpoints that answer.
func (c *Cluster) Voices(ctx context.Context) []Voice {
	voices := make([]*Voice, len(c.clients))
	var asking sync.WaitGroup
	for i, client := range c.clients {
		asking.Go(func() {
			client.call(ctx, callTimeout, func(ctx context.Context) error {
				got, err := client.etcd.Status(ctx, client.endpoints[0])
				if err == nil {
					voices[i] = &Voice{got.Header.ClusterId, got.Header.MemberId, got.Leader != 0, got.IsLearner, got.Header.Revision, got.RaftIndex, got.RaftAppliedIndex}
				}
				return err
			})
		})
	}
	asking.Wait()
	var heard []Voice
	for _, v := range voices {
		if v != nil {
			heard = append(heard, *v)
		}
	}
	return heard
}

// Add adds a learner, to be started and then promoted. The error may be
// ErrNotConnected.
func (c *Cluster) Add(ctx context.Context, peer string) error {
	return c.do(ctx, func(ctx context.Context, etcd *clientv3.Client) error {
		_, err := etcd.MemberAddAsLearner(ctx, []string{peer})
		return notConnected(err)
	})
}

// Promote gives a learner its vote. The error is ErrNotInSync while it is too
// early for that.
func (c *Cluster) Promote(ctx context.Context, id uint64) error {
	return c.do(ctx, func(ctx context.Context, etcd *clientv3.Client) error {
		_, err := etcd.MemberPromote(ctx, id)
		if errors.Is(err, rpctypes.ErrMemberLearnerNotReady) {
			err = ErrNotInSync
		}
		return notConnected(err)
	})
}

// Remove takes a member out of the cluster, for good. The error may be
// ErrNotConnected.
func (c *Cluster) Remove(ctx context.Context, id uint64) error {
	c.removed = time.Now()
	return c.do(ctx, func(ctx context.Context, etcd *clientv3.Client) error {
		_, err := etcd.MemberRemove(ctx, id)
		return notConnected(err)
	})
}

func notConnected(err error) error {
	switch {
	case errors.Is(err, rpctypes.ErrUnhealthy):
		return ErrNotConnected
	case errors.Is(err, rpctypes.ErrMemberNotEnoughStarted):
		return errNotStarted
	}
	return err
}

// Move tells the members another URL of one of them.
func (c *Cluster) Move(ctx context.Context, id uint64, peer string) error {
	return c.do(ctx, func(ctx context.Context, etcd *clientv3.Client) error {
		_, err := etcd.MemberUpdate(ctx, id, []string{peer})
		return err
	})
}

// do is an exchange about members, with a member that has a vote.
func (c *Cluster) do(ctx context.Context, exchange func(context.Context, *clientv3.Client) error) error {
	err := c.ask(ctx, exchange)
	if err != nil && ctx.Err() == nil && !errors.Is(err, ErrNotInSync) {
		return fmt.Errorf("members of the cluster: %w", err)
	}
	return err
}

func (c *Cluster) ask(ctx context.Context, exchange func(context.Context, *clientv3.Client) error) error {
	client, err := c.voter(ctx)
	if err == nil {
		err = client.call(ctx, commandTimeout, func(ctx context.Context) error { return exchange(ctx, client.etcd) })
	}
	return err
}

// voter returns the first endpoint to say that it has a vote and knows a leader. The
// error is that of one of them.
func (c *Cluster) voter(ctx context.Context) (*Client, error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	type answer struct {
		client *Client
		err    error
	}
	answers := make(chan answer, len(c.clients))
	for _, client := range c.clients {
		go func() {
			err := client.call(ctx, commandTimeout, func(ctx context.Context) error {
				got, err := client.etcd.Status(ctx, client.endpoints[0])
				switch {
				case err != nil:
					return err
				case got.IsLearner:
					return fmt.Errorf("etcd %s: it has no vote yet", client.endpoints[0])
				case got.Leader == 0:
					return fmt.Errorf("etcd %s: %w", client.endpoints[0], errNoLeader)
				}
				return nil
			})
			answers <- answer{client, err}
		}()
	}
	var last error
	for range c.clients {
		got := <-answers
		if got.err == nil {
			return got.client, nil
		}
		if last == nil || errors.Is(got.err, errNoLeader) {
			last = got.err // what tells most
		}
	}
	return nil, last
}
