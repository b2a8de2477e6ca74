// Package consul is the contract of package registry over Consul: keys in its
// KV store, sessions as leases, check-and-set and transactions for claims,
// blocking queries as watch.
//
// It fences Consul's client: nothing outside imports it. Of that client it uses
// the plain calls, and neither its locks nor its watch plans, which hide why a
// call fails and what was missed.
//
// What is not as in etcd:
//
//   - A key begins without a slash: "/skydns/com" is the key "skydns/com".
//   - A session lives for 10 s at least, and Consul may take twice its time to
//     end it (https://developer.hashicorp.com/consul/docs/dynamic-app-config/sessions).
//     It is bound to no health check, so that an agent that restarts takes no
//     record away.
//   - A transaction compares no values and no prefixes. A Swap compares the index
//     at which it read the value. That nothing is below a prefix is held by a
//     guard (see swap.go).
//
// Source: Consul's HTTP API (https://developer.hashicorp.com/consul/api-docs), agents
// from 1.8 on.
package consul

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"time"

	"github.com/hashicorp/consul/api"

	"rundock/internal/registry/leasing"
)

const (
	// callTimeout is longer than an agent waits for a leader (its
	// rpc_hold_timeout, 7 s) before it says that there is none.
	callTimeout    = 8 * time.Second
	listTimeout    = 10 * time.Second
	idleConnection = 90 * time.Second
	queryWait      = time.Minute // how long an agent keeps a blocking query
)

var dialer = &net.Dialer{Timeout: 3 * time.Second, KeepAlive: 10 * time.Second}

// Client is a registry.Store: a client of Consul's agent.
type Client struct {
	address   string
	timeout   time.Duration // of a call
	consul    *api.Client
	transport *http.Transport
	pulse     *pulse
	log       *slog.Logger
}

// Open checks the settings and returns a client that connects on its own. An
// error is a bad setting and names it; an agent that cannot be reached is none
// and never blocks.
func Open(cfg Config, log *slog.Logger) (*Client, error) {
	address, transport, err := cfg.check()
	if err != nil {
		return nil, err
	}
	consul, err := api.NewClient(&api.Config{
		Address:    address.Host,
		Scheme:     address.Scheme,
		Datacenter: cfg.Datacenter,
		HttpClient: &http.Client{Transport: authorized{transport, cfg}},
	})
	if err != nil {
		return nil, fmt.Errorf("consul address %s: %w", cfg.Address, err)
	}
	c := &Client{address: cfg.Address, timeout: callTimeout, consul: consul, transport: transport, log: log}
	c.pulse = newPulse(c.leader)
	return c, nil
}

// Close implements registry.Store.
func (c *Client) Close() error {
	c.transport.CloseIdleConnections()
	return nil
}

// authorized gives each request the token as it is now. Without a token file it
// takes away the one that the client library finds in the environment.
type authorized struct {
	transport *http.Transport
	cfg       Config
}

func (a authorized) RoundTrip(r *http.Request) (*http.Response, error) {
	token, err := a.cfg.token()
	if err != nil {
		return nil, err
	}
	r = r.Clone(r.Context())
	r.Header.Del("X-Consul-Token")
	if token != "" {
		r.Header.Set("X-Consul-Token", token)
	}
	return a.transport.RoundTrip(r)
}

// call is bounded for an exchange of few words.
func (c *Client) call(ctx context.Context, exchange func(ctx context.Context) error) error {
	return c.bounded(ctx, c.timeout, exchange)
}

// bounded runs one exchange, its error made readable.
func (c *Client) bounded(ctx context.Context, timeout time.Duration, exchange func(ctx context.Context) error) error {
	bounded, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	err := exchange(bounded)
	switch {
	case err == nil:
		return nil
	case ctx.Err() != nil:
		return ctx.Err()
	case bounded.Err() != nil:
		return c.NoAnswer(timeout)
	}
	return readable(err)
}

// NoAnswer implements leasing.Backend.
func (c *Client) NoAnswer(d time.Duration) error {
	return fmt.Errorf("consul: no answer within %s from %s", d, c.address)
}

// consistently is a query that the leader answers, having made sure that it
// still is: one that was answered by a former leader would miss our own write.
func consistently(ctx context.Context) *api.QueryOptions {
	return (&api.QueryOptions{RequireConsistent: true}).WithContext(ctx)
}

// readable turns an error of the client into one line for a person:
//
//	Get "http://127.0.0.1:8500/v1/kv/skydns/": dial tcp 127.0.0.1:8500: connect: connection refused
//	consul: dial tcp 127.0.0.1:8500: connect: connection refused
//
//	Unexpected response code: 500 (No cluster leader)
//	consul: No cluster leader
func readable(err error) error {
	var status api.StatusError
	if errors.As(err, &status) {
		if status.Body == "" {
			return fmt.Errorf("consul: response %d %s", status.Code, http.StatusText(status.Code))
		}
		return fmt.Errorf("consul: %s", firstLine(status.Body))
	}
	if errors.Is(err, leasing.ErrGone) {
		return err
	}
	if errors.Is(err, errDenied) {
		return fmt.Errorf("consul: %w", err)
	}
	var request *url.Error
	if errors.As(err, &request) {
		err = request.Err
	}
	return fmt.Errorf("consul: %s", firstLine(err.Error()))
}
