package previewroute

import (
	"context"
	"crypto/tls"
	"log/slog"
	"net"
	"net/http"
	"sync"
	"time"

	"rundock/internal/pause"
	"rundock/supervisor/servedcert"
)

const (
	headerTimeout = 10 * time.Second // of a client
	clientIdle    = 75 * time.Second
	leaveTime     = 5 * time.Second // what requests have to end in after TERM
)

// listeners are what requests come by; each may be nil.
type listeners struct {
	http, https, admin net.Listener
}

// serve takes requests until ctx is done. Then it takes no more, waits leave for those
// that are open, ends the rest, and returns nil.
func (r *Router) serve(ctx context.Context, l listeners, cert *servedcert.Served, log *slog.Logger, leave time.Duration) error {
	front := r.server(r, log)
	if cert != nil {
		front.TLSConfig = &tls.Config{MinVersion: tls.VersionTLS12, GetCertificate: cert.Get}
	}
	admin := r.server(r.admin(), log)
	failed := make(chan error, 3)
	start := func(l net.Listener, serve func(net.Listener) error) {
		if l != nil {
			go func() { failed <- serve(l) }()
		}
	}
	start(l.http, front.Serve)
	start(l.https, func(l net.Listener) error { return front.ServeTLS(l, "", "") })
	start(l.admin, admin.Serve)
	var err error
	select {
	case err = <-failed:
	case <-ctx.Done():
	}
	r.leave(leave, front, admin)
	return err
}

// server has all versions of HTTP, also HTTP/2 without TLS. A body may take as long as it does.
func (r *Router) server(h http.Handler, log *slog.Logger) *http.Server {
	s := &http.Server{
		Handler: h, ReadHeaderTimeout: headerTimeout, IdleTimeout: clientIdle,
		ErrorLog: slog.NewLogLogger(log.Handler(), slog.LevelDebug), Protocols: new(http.Protocols),
	}
	s.Protocols.SetHTTP1(true)
	s.Protocols.SetHTTP2(true)
	s.Protocols.SetUnencryptedHTTP2(true)
	return s
}

// leave ends servers: requests may end by themselves for as long as patience.
func (r *Router) leave(patience time.Duration, servers ...*http.Server) {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	var all sync.WaitGroup
	for _, s := range servers {
		all.Go(func() {
			if s.Shutdown(ctx) != nil {
				r.streams.endAll()
				s.Close()
			}
		})
	}
	all.Wait()
	// Shutdown forgets those that were upgraded.
	for r.streams.count() > 0 && pause.For(ctx, 10*time.Millisecond) == nil {
	}
	r.streams.endAll()
}
