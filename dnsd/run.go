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
	"runtime/debug"
	"sync"
	"sync/atomic"
	"time"

	"rundock/dnsd/answer"
	"rundock/dnsd/forward"
	"rundock/dnsd/metrics"
	"rundock/dnsd/server"
	"rundock/dnsd/store"
	"rundock/dnsd/table"
	"rundock/internal/registry"
)

// run answers until ctx is done. An error is a setting that cannot work; what
// may heal by itself (registry, store, a late address) is waited for instead.
func run(ctx context.Context, s settings, log *slog.Logger) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()

	client, err := registry.Open(s.registry, log)
	if err != nil {
		return fmt.Errorf("etcd: %w", err)
	}
	defer client.Close()

	tab := table.New(s.prefix)
	counts := metrics.New(release(), tab, zoneNames(s.zones)...)
	var own nameServers
	own.fixed = s.nameServers
	handler := &server.Handler{
		Answers: &answer.Server{
			Table: tab, Zones: s.zones, TTL: s.ttl, NegativeTTL: s.negativeTTL,
			Forwards: len(s.upstreams) > 0, NameServers: own.get, ScaledWeights: s.scaled,
		},
		ForwardFor: s.forwardFor, MaxUDP: s.maxUDP, Metrics: counts, Name: s.name, Version: "dnsd " + release(),
	}
	rand.Read(handler.Secret[:])
	if len(s.upstreams)+len(s.stubs) > 0 {
		handler.Forwarder = &forward.Forwarder{
			Upstreams: s.upstreams, Stubs: s.stubs, CacheSize: s.cache,
			OnFailure: counts.ForwardFailed, OnCache: counts.ForwardCache,
		}
	}
	for _, stub := range s.stubs {
		zone, err := answer.NewZone(stub.Zone)
		if err != nil {
			return err
		}
		handler.Answers.Stubs = append(handler.Answers.Stubs, zone)
	}

	var beside sync.WaitGroup
	defer beside.Wait()
	defer cancel()
	if s.metrics != "" {
		l, err := net.Listen("tcp", s.metrics)
		if err != nil {
			return fmt.Errorf("--metrics: %w", err)
		}
		beside.Go(func() { serveHTTP(ctx, l, counts, tab, log) })
	}
	if s.store != nil {
		beside.Go(func() { store.Keep(ctx, *s.store, "/proc/self/exe", log) })
	}
	beside.Go(func() { follow(ctx, client, s.prefix, tab, counts.Registry, log) })

	log.Info("dnsd starts", "version", release(), "zones", zoneNames(s.zones), "etcd", s.registry.Endpoints, "upstreams", s.upstreams)
	answers := &server.Server{Handler: handler, Log: log, OnListen: own.add}
	return answers.Run(ctx, s.listen)
}

// maxBadLogged bounds the log lines of one batch; the metric counts them all.
const maxBadLogged = 100

// manyRecords make a list that takes as much memory as the table itself; it
// is given back.
const manyRecords = 100_000

// follow keeps the table as the registry is, until ctx is done. While the
// registry is away the table stays as it was.
func follow(ctx context.Context, client *registry.Client, prefix string, tab *table.Table, health *metrics.Registry, log *slog.Logger) {
	on := func(b registry.Batch) {
		pairs := func(yield func(string, []byte) bool) {
			for _, c := range b.Changes {
				if !yield(c.Key, c.Value) {
					return
				}
			}
		}
		var bad []table.Bad
		if b.Complete {
			bad = tab.Replace(b.Revision, pairs)
			log.Info("table loaded", "records", tab.State().Records, "bad", tab.State().Bad, "revision", b.Revision)
			if len(b.Changes) > manyRecords {
				time.AfterFunc(time.Second, debug.FreeOSMemory)
			}
		} else {
			bad = tab.Update(b.Revision, pairs)
		}
		for _, each := range bad[:min(len(bad), maxBadLogged)] {
			log.Warn("record skipped", "key", each.Key, "reason", each.Reason)
		}
		if more := len(bad) - maxBadLogged; more > 0 {
			log.Warn("more records skipped", "count", more)
		}
	}
	onHealth := func(err error) {
		health.Health(err)
		if err != nil {
			log.Warn("registry is away, answering from what is known", "err", err)
		} else {
			log.Info("registry is followed")
		}
	}
	if err := client.Watch(ctx, prefix+"/", on, onHealth); err != nil {
		log.Error("registry", "err", err)
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

func zoneNames(zones []answer.Zone) (names []string) {
	for _, z := range zones {
		names = append(names, z.Name)
	}
	return names
}
