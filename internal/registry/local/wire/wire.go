// Package wire is what rundockd store and its clients say to each other over
// a unix socket: one JSON object a line, requests one way and answers the
// other.
//
// A client has one connection. Its first request is hello, which both sides
// answer for with Version; any other version ends the connection. Each further
// request has an id of its own and runs beside the others. It gets one answer,
// but watch, which gets them until it is cancelled:
//
//	> {"id":1,"do":"hello","version":1}
//	< {"id":1,"version":1,"away":"etcd: no answer within 3s from http://10.0.0.5:2379"}
//	> {"id":2,"do":"watch","prefix":"/skydns/"}
//	< {"id":2,"batch":{"Revision":7,"Complete":true,"Cluster":9,"Changes":[{"Key":"/skydns/a","Value":"MQ=="}]}}
//	< {"id":2,"health":""}
//	> {"id":2,"do":"taken"}
//	> {"id":2,"do":"cancel"}
//	> {"id":3,"do":"grant","ttl":15000000000}
//	< {"id":3,"lease":"0f3c...","expiry":15000000000}
//
// A watcher gets its next batch once it has said that it took the last one.
// Meanwhile changes are put together, so that a slow client costs no memory but
// for one value a key. A long batch comes in parts, "more" being set on all but
// the last. Durations are nanoseconds, values base64.
package wire

import (
	"bufio"
	"encoding/json"
	"fmt"
	"net"
	"sync"
	"time"

	"rundock/internal/registry"
	"rundock/internal/registry/leasing"
)

// Version is the format that this release speaks.
const Version = 1

// What a client asks for, as Request.Do has it. Those of a lease are the calls of
// leasing.Backend, those of the store the calls of registry.Store.
const (
	Hello    = "hello"
	Ping     = "ping" // is answered at once: a sign of life
	Cancel   = "cancel"
	Taken    = "taken"
	Watch    = "watch"
	Grant    = "grant"
	Renew    = "renew"
	Revoke   = "revoke"
	Claim    = "claim"
	Changed  = "changed"
	Read     = "read"
	List     = "list"
	Swap     = "swap"
	Transact = "transact"
	Left     = "left"
)

// Request is one line of a client. Which fields it has depends on Do.
type Request struct {
	ID       uint64          `json:"id"`
	Do       string          `json:"do"`
	Version  int             `json:"version,omitempty"`
	Prefix   string          `json:"prefix,omitempty"`
	Keys     []string        `json:"keys,omitempty"`
	Swap     *registry.Swap  `json:"swap,omitempty"`
	Swaps    []registry.Swap `json:"swaps,omitempty"`
	Lease    string          `json:"lease,omitempty"` // of the client, as grant named it; of the store for left
	TTL      time.Duration   `json:"ttl,omitempty"`
	Items    []registry.Item `json:"items,omitempty"`
	Revision int64           `json:"revision,omitempty"`
}

// Answer is one line of the server.
type Answer struct {
	ID      uint64 `json:"id"`
	Error   string `json:"error,omitempty"` // why there is nothing else
	Gone    bool   `json:"gone,omitempty"`  // the error is leasing.ErrGone
	Version int    `json:"version,omitempty"`
	Away    string `json:"away,omitempty"` // what is said of the store when it did not answer within registry.Goodbye

	Lease   string           `json:"lease,omitempty"`
	Expiry  time.Duration    `json:"expiry,omitempty"` // how long the keys of a lease of that time may live on
	Age     time.Duration    `json:"age,omitempty"`    // since the store renewed the lease
	Claimed *leasing.Claimed `json:"claimed,omitempty"`

	Found    []registry.Found  `json:"found,omitempty"`
	Listed   []registry.Listed `json:"listed,omitempty"`
	Revision int64             `json:"revision,omitempty"`
	Done     bool              `json:"done,omitempty"`
	Left     time.Duration     `json:"left,omitempty"`

	Batch  *registry.Batch `json:"batch,omitempty"`
	More   bool            `json:"more,omitempty"`
	Health *string         `json:"health,omitempty"` // why the watch is broken; "": it is well
}

// sendTimeout bounds a line to somebody who reads no more.
const sendTimeout = 10 * time.Second

// Conn sends and receives lines. Send is safe for concurrent use.
type Conn struct {
	conn    net.Conn
	decoder *json.Decoder
	sending sync.Mutex
}

// New returns a Conn over conn, which it closes.
func New(conn net.Conn) *Conn {
	return &Conn{conn: conn, decoder: json.NewDecoder(bufio.NewReader(conn))}
}

// Send sends a request or an answer. After an error the connection is closed.
func (c *Conn) Send(line any) error {
	data, err := json.Marshal(line)
	if err != nil {
		return fmt.Errorf("send: %w", err)
	}
	c.sending.Lock()
	defer c.sending.Unlock()
	c.conn.SetWriteDeadline(time.Now().Add(sendTimeout))
	if _, err := c.conn.Write(append(data, '\n')); err != nil {
		c.conn.Close()
		return err
	}
	return nil
}

// Receive waits for the next line.
func (c *Conn) Receive(line any) error { return c.decoder.Decode(line) }

// Close ends the connection.
func (c *Conn) Close() error { return c.conn.Close() }
