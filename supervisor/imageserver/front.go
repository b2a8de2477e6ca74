package imageserver

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"sync"
	"time"

	"rundock/internal/complaint"
	"rundock/internal/pause"
	"rundock/supervisor/servedcert"
)

const (
	handshakeTimeout = 10 * time.Second       // of a client
	acceptPause      = 100 * time.Millisecond // where no connection can be taken, as of too many
)

// front passes on what comes by TLS.
type front struct {
	listen string // ADDRESS:PORT
	to     string // a Unix socket
	pair   pair
}

// pair is a certificate with its key, in two files.
type pair struct{ cert, key string }

// serve takes connections until ctx is done; then it closes l. Where there is no
// certificate it serves nothing: an error.
func (f front) serve(ctx context.Context, l net.Listener, log *slog.Logger) error {
	defer l.Close()
	current := servedcert.New(f.pair.cert, f.pair.key, log)
	if _, err := current.Get(nil); err != nil {
		return err
	}
	defer context.AfterFunc(ctx, func() { l.Close() })()
	config := &tls.Config{MinVersion: tls.VersionTLS12, NextProtos: []string{"http/1.1"}, GetCertificate: current.Get}
	var said complaint.Memory
	for {
		conn, err := l.Accept()
		switch {
		case ctx.Err() != nil:
			return nil
		case err != nil:
			if said.News(time.Now(), err.Error()) {
				log.Warn("cannot take a connection", "err", err)
			}
			if pause.For(ctx, acceptPause) != nil {
				return nil
			}
			continue
		}
		go func() {
			if err := f.pass(ctx, conn, config); err != nil {
				log.Info("a connection failed", "client", conn.RemoteAddr(), "err", err)
			}
		}()
	}
}

// pass passes one connection on, until both sides have said all.
func (f front) pass(ctx context.Context, conn net.Conn, config *tls.Config) error {
	defer conn.Close()
	client := tls.Server(conn, config)
	within, cancel := context.WithTimeout(ctx, handshakeTimeout)
	err := client.HandshakeContext(within)
	cancel()
	if errors.Is(err, io.EOF) {
		return nil // who only sees whether the port is open, such as a check
	}
	if err != nil {
		return fmt.Errorf("TLS: %w", err)
	}
	to, err := net.Dial("unix", f.to)
	if err != nil {
		return fmt.Errorf("the image registry does not answer: %w", err)
	}
	defer to.Close()
	var both sync.WaitGroup
	both.Go(func() {
		io.Copy(to, client) // ends with either side; what failed is for them to see
		to.(*net.UnixConn).CloseWrite()
	})
	both.Go(func() {
		io.Copy(client, to)
		client.CloseWrite()
		client.SetReadDeadline(time.Now().Add(handshakeTimeout))
	})
	both.Wait()
	return nil
}
