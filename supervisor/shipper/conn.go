package shipper

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"sync/atomic"
	"time"

	"golang.org/x/sys/unix"
)

// conn is a connection to the receiver, on which nothing may take longer than answer, or
// than farewell once ctx is done.
type conn struct {
	net.Conn
	ctx    context.Context
	tcp    *counted
	answer time.Duration
	until  time.Time // when it is to end: the certificates that it stands on end
	over   chan struct{}
}

// Close is called once.
func (c *conn) Close() error {
	close(c.over)
	return c.Conn.Close()
}

// counted counts what is written to a connection.
type counted struct {
	*net.TCPConn
	written atomic.Int64
}

func (c *counted) Write(p []byte) (int, error) {
	n, err := c.TCPConn.Write(p)
	c.written.Add(int64(n))
	return n, err
}

// received is how many of the bytes that were written the receiver's kernel has.
func (c *counted) received() int64 {
	queued := 0
	raw, err := c.SyscallConn()
	if err == nil {
		raw.Control(func(fd uintptr) { queued, err = unix.IoctlGetInt(int(fd), unix.SIOCOUTQ) })
	}
	if err != nil {
		return 0 // nothing is known of them
	}
	return c.written.Load() - int64(queued)
}

// maxAge is how old a connection becomes, so that other certificates of the receiver, and
// other addresses of its name, count in the end.
const maxAge = time.Hour

// farewell is how long the receiver has for its last answer when this process is to end.
const farewell = 5 * time.Second

// connect connects to r. It reads the certificates anew.
func (r receiver) connect(whole context.Context, answer time.Duration) (*conn, error) {
	ctx, cancel := context.WithTimeout(whole, answer)
	defer cancel()
	dialer := net.Dialer{KeepAliveConfig: net.KeepAliveConfig{Enable: true, Idle: 15 * time.Second, Interval: 5 * time.Second, Count: 3}}
	raw, err := dialer.DialContext(ctx, "tcp", r.address())
	if err != nil {
		return nil, err
	}
	c := &conn{ctx: whole, tcp: &counted{TCPConn: raw.(*net.TCPConn)}, answer: answer, until: time.Now().Add(maxAge), over: make(chan struct{})}
	c.Conn = c.tcp
	if !r.tls {
		return c, nil
	}
	if err := c.secure(ctx, r); err != nil {
		raw.Close()
		return nil, fmt.Errorf("TLS with %s: %w", r.address(), err)
	}
	return c, nil
}

// secure makes it a connection of TLS, which ends with the certificates of both sides.
func (c *conn) secure(ctx context.Context, r receiver) error {
	config, err := r.files.Config("receiver")
	if err != nil {
		return err
	}
	config.ServerName = r.host
	if load := config.GetClientCertificate; load != nil {
		config.GetClientCertificate = func(asked *tls.CertificateRequestInfo) (*tls.Certificate, error) {
			pair, err := load(asked)
			if err == nil {
				c.endWith(pair.Leaf.NotAfter)
			}
			return pair, err
		}
	}
	secure := tls.Client(c.tcp, config)
	if err := secure.HandshakeContext(ctx); err != nil {
		if errors.Is(err, context.DeadlineExceeded) || errors.Is(err, os.ErrDeadlineExceeded) {
			return errMute(c.answer)
		}
		return err
	}
	for _, cert := range secure.ConnectionState().VerifiedChains[0] {
		c.endWith(cert.NotAfter)
	}
	c.Conn = secure
	return nil
}

func (c *conn) endWith(t time.Time) {
	if t.Before(c.until) {
		c.until = t
	}
}

func errMute(d time.Duration) error { return fmt.Errorf("the receiver has not answered for %s", d) }

// patience is how long the receiver has for an answer now.
func (c *conn) patience() time.Duration {
	if c.ctx.Err() != nil {
		return min(c.answer, farewell)
	}
	return c.answer
}

// hurry has what is waited for on the connection be over soon, once ctx is done.
func (c *conn) hurry() (stop func() bool) {
	return context.AfterFunc(c.ctx, func() { c.SetDeadline(time.Now().Add(c.patience())) })
}

// write writes all of data.
func (c *conn) write(data []byte) error {
	if err := c.SetWriteDeadline(time.Now().Add(c.patience())); err != nil {
		return err
	}
	_, err := c.Write(data)
	if errors.Is(err, os.ErrDeadlineExceeded) {
		return fmt.Errorf("the receiver has read nothing for %s", c.answer)
	}
	return err
}

// closeWrite tells the receiver that nothing more comes.
func (c *conn) closeWrite() error {
	if err := c.SetWriteDeadline(time.Now().Add(c.patience())); err != nil {
		return err
	}
	if secure, ok := c.Conn.(*tls.Conn); ok {
		if err := secure.CloseWrite(); err != nil {
			return err
		}
	}
	return c.tcp.CloseWrite()
}

// errClosed is that the receiver has closed a connection.
var errClosed = errors.New("the receiver has closed the connection")

func closedBy(err error) error {
	if errors.Is(err, io.EOF) {
		return errClosed
	}
	return err
}
