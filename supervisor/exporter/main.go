package exporter

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"time"

	"rundock/internal/control"
	"rundock/internal/hostconfig"
	"rundock/internal/runit"
	"rundock/supervisor/process"
	"rundock/supervisor/report"
)

const usage = `usage: rundockd metrics [--listen ADDRESS:PORT]

Serves the figures of this host for Prometheus, at /metrics: of runners, sidecars, store
agent, networks, templates, load balancer, packet filter and the shipping of logs as
their status files have them, and of dnsd and previews, which it asks. It asks neither dockerd nor the store.
runsv starts it so.

  --listen ADDRESS:PORT   where; 127.0.0.1:9158 unless it is said

Whoever reaches the address learns the names of the services: let it be one of the
private network.
`

// Main is `rundockd metrics`.
func Main(version string) func(args []string) int {
	return func(args []string) int {
		set := flag.NewFlagSet("metrics", flag.ContinueOnError)
		listen := set.String("listen", "127.0.0.1:9158", "")
		words, code, done := report.Arguments(set, usage, args)
		if done {
			return code
		}
		if len(words) > 0 {
			return report.BadUsage("metrics", fmt.Sprintf("%q is too much", words[0]))
		}
		return process.Resident(process.ErrStop, "cannot serve metrics", func(ctx context.Context, log *slog.Logger) error {
			folders, err := runit.Detect("", "")
			if err != nil {
				return err
			}
			h := host{folders: folders, status: control.Dir, state: hostconfig.StateDir, version: version, lives: process.IsRundockd}
			l, err := net.Listen("tcp", *listen)
			if err != nil {
				return fmt.Errorf("--listen: %w", err)
			}
			log.Info("serving metrics", "address", l.Addr().String())
			return serve(ctx, l, h, neighbours)
		})
	}
}

// serve answers until ctx is done.
func serve(ctx context.Context, l net.Listener, h host, all []neighbour) error {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /metrics", func(w http.ResponseWriter, r *http.Request) {
		p := h.page()
		more := beside(r.Context(), p, all, h.installed)
		w.Header().Set("Content-Type", "text/plain; version=0.0.4; charset=utf-8")
		io.WriteString(w, p.String()+more)
	})
	server := &http.Server{Handler: mux, ReadTimeout: 10 * time.Second, WriteTimeout: 30 * time.Second}
	stop := context.AfterFunc(ctx, func() { server.Close() })
	defer stop()
	if err := server.Serve(l); !errors.Is(err, http.ErrServerClosed) {
		return fmt.Errorf("serve metrics at %s: %w", l.Addr(), err)
	}
	return nil
}

// installed reports whether runit has the service.
func (h host) installed(service string) bool {
	_, err := os.Stat(filepath.Join(h.folders.Dir(service), "run"))
	return err == nil
}
