// Package serve is a dnsd that answers: it puts the parts together, runs what
// runs beside the server, and takes part in handovers.
//
//	command.go      a process: its settings, its log, what becomes of it
//	serve.go        what runs beside what, and until when
//	process.go      the parts, made of the settings
//	upstreams.go    what is asked of others; its counts and log lines
//	http.go         /metrics, /health, /ready
//	nameservers.go  the addresses of ns.dns.<zone>
//	addresses.go    a HUP when an interface has other addresses
package serve

import (
	"context"
	"os"
	"os/signal"
	"slices"
	"syscall"

	"rundock/dnsd/handover"
	"rundock/dnsd/server"
	"rundock/dnsd/store"
)

// Run answers until ctx is done, or p.Next has somebody to hand over to. An
// error is a setting that cannot work; what may heal by itself (the store, the one run here,
// a late address) is waited for instead.
func Run(ctx context.Context, p Process) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	client, err := p.Settings.OpenStore(p.Log)
	if err != nil {
		return err
	}
	defer client.Close()
	made, err := newParts(p)
	if err != nil {
		return err
	}
	r := &running{Process: p, parts: made}
	defer r.beside.Wait()
	defer cancel()
	if r.queries != nil {
		logging, end := context.WithCancel(context.Background())
		defer end() // the last queries are answered then
		r.beside.Go(func() { r.queries.Run(logging) })
	}
	if err := r.listenHTTP(ctx); err != nil {
		return err
	}
	r.runBeside(ctx)
	p.Log.Info("dnsd starts", "version", p.Release, "zones", p.Settings.ZoneNames(), "store", p.Settings.StoreAddresses(), "upstreams", p.Settings.Upstreams)
	confirmed := r.takeOver(ctx, cancel)
	r.beside.Go(func() { r.follower.Run(ctx, client) })
	if p.Inherited == nil || !p.Inherited.Bridge {
		r.awaitHandover(ctx, confirmed, cancel)
	}
	return r.server.Run(ctx, p.Settings.Listen)
}

// runBeside starts the forwarder, the watch over this host's networks, the embedded store and
// the snapshots, where the settings want them, and listens to USR1.
func (r *running) runBeside(ctx context.Context) {
	s := r.Settings
	if r.handler.Forwarder != nil {
		r.beside.Go(func() { r.handler.Forwarder.Run(ctx) })
	}
	if r.networks != nil {
		r.beside.Go(func() { r.networks.Run(ctx) })
	}
	if s.Store != nil {
		r.beside.Go(func() { store.Keep(ctx, *s.Store, "/proc/self/exe", r.Log) })
		r.beside.Go(func() { store.WatchAnswers(ctx, *s.Store, r.counts.WatchesStore(), r.Log) })
		if s.Store.Backups.Every > 0 {
			r.beside.Go(func() { store.KeepBackups(ctx, *s.Store, "/proc/self/exe", r.counts.KeepsBackups(), r.Log) })
		}
	}
	r.beside.Go(func() { onSignal(ctx, syscall.SIGUSR1, func() { r.follower.Drop("USR1") }) })
	if s.Snapshot != "" {
		r.beside.Go(func() { r.follower.KeepSnapshot(ctx, s.Snapshot, s.SnapshotInterval) })
	}
}

// takeOver loads and serves what was handed over, if it was. confirmed is closed
// once all of it is at work. Of the bridge, leave is called at its end.
func (r *running) takeOver(ctx context.Context, leave func()) (confirmed <-chan struct{}) {
	done := make(chan struct{})
	if r.Inherited == nil {
		close(done)
		return done
	}
	successor := handover.NewSuccessor(r.Inherited, r.Log)
	successor.LoadTable(r.follower)
	successor.Attach(r.server)
	confirm := func() {
		defer close(done)
		successor.Confirm(ctx, r.follower.Loaded)
	}
	if !r.Inherited.Bridge {
		r.beside.Go(confirm)
		return done
	}
	go confirm() // ends with the process, as the next
	go func() {
		successor.AwaitEnd()
		<-done // it has all connections, or it would lose some
		leave()
	}()
	return done
}

// awaitHandover has HUPs, and other addresses of the interfaces listened on,
// begin a handover, at the end of which leave is called.
func (r *running) awaitHandover(ctx context.Context, confirmed <-chan struct{}, leave func()) {
	next, listen := r.Next, r.Settings.Listen
	next.Server, next.Follow, next.Metrics = r.server, r.follower, r.Settings.Metrics
	r.server.PassOn = next.PassOn
	missed := r.Inherited != nil && r.Inherited.Missed(next.Program)
	r.beside.Go(func() {
		select {
		case <-confirmed:
			next.Run(ctx, missed, leave)
		case <-ctx.Done():
		}
	})
	if slices.ContainsFunc(listen, server.Address.Named) {
		at, _ := server.Now(listen) // not there yet: none
		r.beside.Go(func() { followAddresses(ctx, listen, at, r.Log) })
	}
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
