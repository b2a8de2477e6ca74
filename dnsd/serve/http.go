package serve

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"time"

	"rundock/dnsd/metrics"
	"rundock/dnsd/table"
)

// listenHTTP starts to serve metrics and health at the address of the settings,
// if there is one. An error is an address that cannot be had at a first start.
func (r *running) listenHTTP(ctx context.Context) error {
	address := r.Settings.Metrics
	if address == "" {
		return nil
	}
	l, err := net.Listen("tcp", address)
	switch {
	case err != nil && (r.Inherited == nil || r.Inherited.Bridge):
		return fmt.Errorf("--metrics: %w", err)
	case err != nil:
		r.Log.Error("metrics are not served", "address", address, "err", err) // queries are, which is worth more
	case r.Inherited != nil && r.Inherited.Bridge:
		l.Close() // the successor's
	default:
		r.beside.Go(func() { serveHTTP(ctx, l, r.counts, r.table, r.Log) })
	}
	return nil
}

// serveHTTP serves /metrics, /health (the process is alive) and /ready (the
// table was loaded once, so that answers are not SERVFAIL).
func serveHTTP(ctx context.Context, l net.Listener, counts *metrics.Set, tab *table.Table, log *slog.Logger) {
	mux := http.NewServeMux()
	mux.Handle("GET /metrics", counts.Handler())
	mux.HandleFunc("GET /health", func(w http.ResponseWriter, _ *http.Request) { fmt.Fprintln(w, "ok") })
	mux.HandleFunc("GET /ready", func(w http.ResponseWriter, _ *http.Request) {
		state := tab.State()
		switch lost := counts.Store.Lost(); {
		case state == nil:
			w.WriteHeader(http.StatusServiceUnavailable)
			fmt.Fprintf(w, "not ready: nothing was loaded from the store yet: %v\n", lost)
		case lost != nil:
			fmt.Fprintf(w, "ok, but stale for %s: %v\n", counts.Store.Stale().Round(time.Second), lost)
		default:
			fmt.Fprintf(w, "ok: %d records at revision %d\n", state.Records, state.Revision)
		}
	})
	srv := &http.Server{Handler: mux, ReadTimeout: 10 * time.Second, WriteTimeout: 30 * time.Second}
	stop := context.AfterFunc(ctx, func() { srv.Close() })
	defer stop()
	if err := srv.Serve(l); err != nil && !errors.Is(err, http.ErrServerClosed) {
		log.Error("serve metrics", "address", l.Addr().String(), "err", err)
	}
}
