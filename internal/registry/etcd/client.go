// Package etcd is the contract of package registry over etcd.
//
// It fences the etcd client: nothing outside imports it. Of that client it
// uses the connection, the balancer over several endpoints and the plain
// calls. It does not use its watcher, which resumes at the revision it had
// and so waits in silence on a store that was wiped or restored from a
// backup, nor its keep-alive and its retries, which hide why a call fails.
//
// Source: the etcd v3 API (https://etcd.io/docs/v3.4/learning/api/), servers
// from 3.4 on.
package etcd

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"time"

	pb "go.etcd.io/etcd/api/v3/etcdserverpb"
	"go.etcd.io/etcd/api/v3/v3rpc/rpctypes"
	clientv3 "go.etcd.io/etcd/client/v3"
	"go.uber.org/zap"
	"google.golang.org/grpc"
	grpcbackoff "google.golang.org/grpc/backoff"
)

// Bounds of one call to etcd. A call that fails is made again: with several
// endpoints it reaches another one, so it need not wait as long.
const (
	callTimeout     = 3 * time.Second
	callTimeoutMany = time.Second
)

// window is how many bytes etcd may be ahead of us.
const window = 4 << 20

// Client is a registry.Store: a connection to etcd.
type Client struct {
	endpoints []string
	timeout   time.Duration // of a call
	etcd      *clientv3.Client
	watches   pb.WatchClient
	leases    pb.LeaseClient
	auth      *authenticator
	certified bool // it is known by its certificate, and is no user with a password
	log       *slog.Logger
	claims    claims
	renewals  renewals

	joining chan struct{} // holds one token while somebody joins changes, or opens them
	changes *changes      // nil: there are none yet
}

// Open checks the settings and returns a client that connects on its own. An
// error is a bad setting and names it; an etcd that cannot be reached is none
// and never blocks.
func Open(cfg Config, log *slog.Logger) (*Client, error) { return openWithin(callTimeout, cfg, log) }

// openWithin is Open for who waits so long for a connection, TLS included.
func openWithin(connecting time.Duration, cfg Config, log *slog.Logger) (*Client, error) {
	tlsConfig, err := cfg.check()
	if err != nil {
		return nil, err
	}
	auth := &authenticator{user: cfg.User, passwordFile: cfg.PasswordFile}
	etcd, err := clientv3.New(clientv3.Config{
		Endpoints:       cfg.Endpoints,
		TLS:             tlsConfig,
		Logger:          zap.NewNop(),
		MaxUnaryRetries: 1,
		// A call to a host that vanished ends by its timeout, a watch by its
		// watchdog; this ends the connection, so that no new one uses it. gRPC
		// allows no shorter period, etcd no pings without a stream.
		DialKeepAliveTime:    10 * time.Second,
		DialKeepAliveTimeout: 3 * time.Second,
		DialOptions: []grpc.DialOption{
			grpc.WithConnectParams(grpc.ConnectParams{
				Backoff:           grpcbackoff.Config{BaseDelay: 100 * time.Millisecond, Multiplier: 1.6, Jitter: 0.2, MaxDelay: time.Second},
				MinConnectTimeout: connecting,
			}),
			// Fail with the connection's own error ("connection refused")
			// instead of waiting for a connection until the deadline.
			grpc.WithChainUnaryInterceptor(failFast),
			grpc.WithPerRPCCredentials(auth),
			// Windows that are large enough from the start: gRPC else finds out by a
			// ping for each answer, which etcd has to answer in turn.
			grpc.WithInitialWindowSize(window),
			grpc.WithInitialConnWindowSize(window),
		},
	})
	if err != nil {
		return nil, fmt.Errorf("etcd endpoints %s: %w", strings.Join(cfg.Endpoints, ","), err)
	}
	auth.authenticate = etcd.Authenticate
	conn := etcd.ActiveConnection()
	conn.Connect()
	timeout := callTimeout
	if len(cfg.Endpoints) > 1 {
		timeout = callTimeoutMany
	}
	return &Client{
		endpoints: cfg.Endpoints,
		timeout:   timeout,
		etcd:      etcd,
		watches:   pb.NewWatchClient(conn),
		leases:    pb.NewLeaseClient(conn),
		auth:      auth,
		certified: cfg.Cert != "" && cfg.User == "",
		log:       log,
		joining:   make(chan struct{}, 1),
	}, nil
}

// Close implements registry.Store.
func (c *Client) Close() error {
	c.etcd.Close() // it always answers "context canceled", its own
	return nil
}

func failFast(ctx context.Context, method string, req, reply any, conn *grpc.ClientConn, invoke grpc.UnaryInvoker, opts ...grpc.CallOption) error {
	return invoke(ctx, method, req, reply, conn, append(opts, grpc.WaitForReady(false))...)
}

// call runs one exchange with etcd: with a token if we have a user, bounded
// in time, its error made readable. Without an exchange it gets the token.
func (c *Client) call(ctx context.Context, timeout time.Duration, exchange func(context.Context) error) error {
	bounded, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	err := c.auth.ensure(bounded)
	if err == nil && exchange != nil {
		err = exchange(bounded)
	}
	if err == nil {
		return nil
	}
	c.auth.rejected(err)
	if ctx.Err() != nil {
		return ctx.Err()
	}
	if bounded.Err() != nil || ranOut(err) {
		return c.NoAnswer(timeout)
	}
	return readable(err)
}

// hedged is call for what cannot wait: it asks once more every delay while
// there is no answer, each endpoint about once, and takes the first answer.
// exchange must do no harm if it happens several times.
func (c *Client) hedged(ctx context.Context, delay, timeout time.Duration, exchange func(context.Context) error) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	asked, most := 0, len(c.endpoints)
	answers := make(chan error, most)
	ask := func() {
		asked++
		go func() { answers <- c.call(ctx, timeout, exchange) }()
	}
	ask()
	timer := time.NewTicker(delay)
	defer timer.Stop()
	for {
		select {
		case err := <-answers:
			if most--; err == nil || errors.Is(err, rpctypes.ErrLeaseNotFound) || most == 0 {
				return err
			}
			if asked < len(c.endpoints) {
				ask()
			}
		case <-timer.C:
			if asked < len(c.endpoints) {
				ask()
			}
		}
	}
}

// NoAnswer implements leasing.Backend.
func (c *Client) NoAnswer(d time.Duration) error {
	hint := ""
	if len(c.endpoints) > 1 {
		hint = "; it answers nothing while most of its members are away"
	}
	return fmt.Errorf("etcd: no answer within %s from %s%s", d, strings.Join(c.endpoints, ","), hint)
}
