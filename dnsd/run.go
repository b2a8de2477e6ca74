package main

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"os"
	"os/signal"
	"slices"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"rundock/dnsd/follow"
	"rundock/dnsd/forward"
	"rundock/dnsd/metrics"
	"rundock/dnsd/querylog"
	"rundock/dnsd/server"
	"rundock/dnsd/settings"
	"rundock/dnsd/store"
	"rundock/dnsd/table"
	"rundock/internal/registry/etcd"
)

// run answers until ctx is done, or next has somebody to hand over to. An error
// is a setting that cannot work; what may heal by itself (registry, store, a
// late address) is waited for instead. before may be nil.
func run(ctx context.Context, s settings.Settings, log *slog.Logger, lines *patientLog, before *handed, next *handover) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()

	client, err := etcd.Open(s.Registry, log)
	if err != nil {
		return fmt.Errorf("etcd: %w", err)
	}
	defer client.Close()

	tab := table.New(s.Prefix)
	counts := metrics.New(release(), tab, s.ZoneNames()...)
	var own nameServers
	own.fixed = s.NameServers
	answers, err := s.Answers(tab, own.get)
	if err != nil {
		return err
	}
	queries := querylog.New(s.QueryLog, os.Stderr)
	counts.LogDropped("messages", lines.dropped.Load)
	counts.LogDropped("queries", queries.Dropped)
	handler := &server.Handler{
		Answers: answers, ForwardFor: s.ForwardFor, MaxUDP: s.MaxUDP, Metrics: counts, Name: s.Name, Version: "dnsd " + release(), Log: queries,
	}
	rand.Read(handler.Secret[:])
	if len(s.Upstreams)+len(s.Stubs) > 0 {
		handler.Forwarder = &forward.Forwarder{
			Upstreams: s.Upstreams, Stubs: s.Stubs, CacheSize: s.Cache, Watch: upstreams{counts.Forwards, log},
		}
	}
	for _, each := range append(slices.Clip(s.Stubs), forward.Stub{Upstreams: s.Upstreams}) {
		for _, u := range each.Upstreams {
			counts.Forwards.Upstream(u.String())
		}
	}

	var beside sync.WaitGroup
	defer beside.Wait()
	defer cancel()
	if queries != nil {
		logging, end := context.WithCancel(context.Background())
		defer end() // the last queries are answered then
		beside.Go(func() { queries.Run(logging) })
	}
	if handler.Forwarder != nil {
		beside.Go(func() { handler.Forwarder.Run(ctx) })
	}
	if s.Metrics != "" {
		l, err := net.Listen("tcp", s.Metrics)
		switch {
		case err != nil && (before == nil || before.Bridge):
			return fmt.Errorf("--metrics: %w", err)
		case err != nil:
			log.Error("metrics are not served", "address", s.Metrics, "err", err) // queries are, which is worth more
		case before != nil && before.Bridge:
			l.Close() // the successor's
		default:
			beside.Go(func() { serveHTTP(ctx, l, counts, tab, log) })
		}
	}
	if s.Store != nil {
		beside.Go(func() { store.Keep(ctx, *s.Store, "/proc/self/exe", log) })
	}
	following := &follow.Follower{Prefix: s.Prefix, Table: tab, Metrics: counts, Losses: s.Losses, SnapshotDir: s.Snapshot, Log: log}
	beside.Go(func() { onSignal(ctx, syscall.SIGUSR1, func() { following.Drop("USR1") }) })
	if s.Snapshot != "" {
		beside.Go(func() { following.KeepSnapshot(ctx, s.Snapshot, s.SnapshotInterval) })
	}
	log.Info("dnsd starts", "version", release(), "zones", s.ZoneNames(), "etcd", s.Registry.Endpoints, "upstreams", s.Upstreams)
	serving := &server.Server{Handler: handler, Log: log, OnListen: own.add}
	settled := make(chan struct{}) // closed once what was handed over is at work
	if before == nil {
		close(settled)
	} else {
		e := &heir{handed: before, log: log, bound: make(chan struct{}), adopted: make(chan server.HandedConn)}
		e.adopt(following)
		serving.Inherit, serving.Trial, serving.OnBound, serving.Adopted = before.Sockets, before.Bridge, e.onBound, e.adopted
		settle := func() {
			defer close(settled)
			e.settle(ctx, func() bool { return tab.State() != nil })
		}
		if before.Bridge {
			serving.PassOn = (&passer{socket: before.Passing}).pass
			go settle() // ends with the process, as the next
			go func() {
				e.ended()
				<-settled // it has all connections, or it would lose some
				cancel()
			}()
		} else {
			beside.Go(settle)
		}
	}
	beside.Go(func() { following.Run(ctx, client) })
	if before == nil || !before.Bridge {
		next.server, next.follow, next.metrics = serving, following, s.Metrics
		serving.PassOn = next.passOn
		again := before != nil && (before.Again || before.missed(next.program))
		beside.Go(func() {
			select {
			case <-settled:
				next.run(ctx, again, cancel)
			case <-ctx.Done():
			}
		})
		if slices.ContainsFunc(s.Listen, server.Address.Named) {
			at, _ := server.Now(s.Listen) // not there yet: none
			beside.Go(func() { followAddresses(ctx, s.Listen, at, log) })
		}
	}
	return serving.Run(ctx, s.Listen)
}

// upstreams counts and logs what upstreams do.
type upstreams struct {
	*metrics.Forwards
	log *slog.Logger
}

// Turned is that of forward.Watcher.
func (u upstreams) Turned(upstream string, down error) {
	u.Forwards.Turned(upstream, down)
	if down != nil {
		u.log.Warn("upstream is down, asking it last", "upstream", upstream, "err", down)
		return
	}
	u.log.Info("upstream is up again", "upstream", upstream)
}

// onSignal acts on each signal of a kind until ctx is done.
func onSignal(ctx context.Context, kind os.Signal, act func()) {
	came := make(chan os.Signal, 1)
	signal.Notify(came, kind)
	defer signal.Stop(came)
	for {
		select {
		case <-ctx.Done():
			return
		case <-came:
			act()
		}
	}
}

// serveHTTP serves /metrics, /health (the process is alive) and /ready (the
// table was loaded once, so that answers are not SERVFAIL).
func serveHTTP(ctx context.Context, l net.Listener, counts *metrics.Set, tab *table.Table, log *slog.Logger) {
	mux := http.NewServeMux()
	mux.Handle("GET /metrics", counts.Handler())
	mux.HandleFunc("GET /health", func(w http.ResponseWriter, _ *http.Request) { fmt.Fprintln(w, "ok") })
	mux.HandleFunc("GET /ready", func(w http.ResponseWriter, _ *http.Request) {
		state := tab.State()
		switch lost := counts.Registry.Lost(); {
		case state == nil:
			w.WriteHeader(http.StatusServiceUnavailable)
			fmt.Fprintf(w, "not ready: nothing was loaded from the registry yet: %v\n", lost)
		case lost != nil:
			fmt.Fprintf(w, "ok, but stale for %s: %v\n", counts.Registry.Stale().Round(time.Second), lost)
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

// nameServers are the addresses ns.dns.<zone> has: the fixed ones, else those
// listened on that another host can reach.
type nameServers struct {
	fixed []netip.Addr
	mu    sync.Mutex
	found atomic.Pointer[[]netip.Addr]
}

func (n *nameServers) get() []netip.Addr {
	if len(n.fixed) > 0 {
		return n.fixed
	}
	if found := n.found.Load(); found != nil {
		return *found
	}
	return nil
}

func (n *nameServers) add(at netip.AddrPort) {
	if at.Addr().IsLoopback() || at.Addr().IsUnspecified() {
		return
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	var all []netip.Addr
	if found := n.found.Load(); found != nil {
		all = append(all, *found...)
	}
	all = append(all, at.Addr())
	n.found.Store(&all)
}
