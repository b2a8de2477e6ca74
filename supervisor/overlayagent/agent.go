package overlayagent

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net/netip"
	"os"
	"reflect"
	"sync"
	"syscall"
	"time"

	"rundock/internal/container"
	"rundock/internal/control"
	"rundock/internal/hostconfig"
	"rundock/internal/overlay"
	"rundock/internal/overlay/kernel"
	"rundock/internal/registry/open"
	"rundock/supervisor/overlayhost"
)

const (
	auditPause = 10 * time.Second      // between audits when nothing seems to happen
	burstPause = 20 * time.Millisecond // for more of a burst of changes to come
	savePause  = time.Second           // between two times that the peers are saved, and the status is written
)

// agent keeps one network of this host, by three goroutines: the store's
// takes in what changes and has the kernel follow at once (store.go,
// change.go), run's audits the kernel, saves and writes the status, and Docker's
// keeps Docker's part. Each owner of a part knows none of the others: agent
// connects them.
type agent struct {
	overlayhost.Place // changed by run's goroutine alone, while kernel.mu is locked
	log               *slog.Logger
	kernel            kernelSync
	docker            dockerSync
	saved             savedState
	paths             paths
	presence          presence

	wake chan struct{} // holds one token when the kernel is not what was wanted; it may be the first of many
	due  chan struct{} // holds one token when all is to be looked at now
	news chan struct{} // holds one token when there is something to save and to say

	// kernel.mu guards these as well.
	peerLog  peerLog // of hosts that came and went
	given    bool    // this host's subnet, to another one, by what was learned last
	registry error   // why it cannot be used
	rejoin   func()  // has the store told, and asked, anew

	// run's goroutine alone
	auditor    auditor
	monitor    *kernel.Monitor
	status     statusWriter
	audited    bool  // once
	failed     error // why the kernel is not what is wanted
	away       error // why it is not known where the host is reached
	part       dockerPart
	auditAgain <-chan time.Time
	open       bool // other hosts may send
}

// newAgent returns the agent of a network that was found, with nothing open.
func newAgent(p overlayhost.Place, log *slog.Logger) *agent {
	a := &agent{Place: p, log: log, wake: make(chan struct{}, 1), due: make(chan struct{}, 1), news: make(chan struct{}, 1)}
	n := p.Settings.Network
	a.saved.log, a.saved.dir, a.saved.network = log, overlay.SavedDir, n.Name
	a.kernel.log, a.kernel.persist, a.kernel.suspect = log, a.saveNow, func() { poke(a.due) }
	a.auditor.log, a.auditor.sync = log, &a.kernel
	a.docker = dockerSync{
		log: log, network: n, due: make(chan struct{}, 1), parts: make(chan dockerPart),
		bridge: a.kernel.bridge, touched: func() { poke(a.wake) }, healed: a.kernel.countHealed,
	}
	a.paths.network, a.paths.found = n, a.pathsFound
	a.presence.log, a.presence.ready, a.presence.changed = log, make(chan struct{}), func() { poke(a.news) }
	a.status = statusWriter{log: log, last: control.OverlayStatus{Network: n.Name, PID: os.Getpid(), Bridge: n.Bridge(), Vxlan: n.Vxlan()}}
	return a
}

func (a *agent) close() {
	for _, k := range []*kernel.Kernel{a.kernel.kernel, a.auditor.kernel} {
		if k != nil {
			k.Close()
		}
	}
	a.paths.close()
}

// setUp opens what the agent needs, and takes in what is known of the network.
func (a *agent) setUp(ctx context.Context) (err error) {
	if a.kernel.kernel, err = kernel.Open(); err != nil {
		return err
	}
	if a.auditor.kernel, err = kernel.Open(); err != nil {
		return err
	}
	n := a.Settings.Network
	if a.monitor, err = kernel.OpenMonitor(n); err != nil {
		return err
	}
	a.auditor.ports = overlayhost.ReadPorts(n.Name)
	a.auditor.keeper = kernel.NewKeeper(a.auditor.kernel, n, a.auditor.ports)
	if a.docker.client, err = container.Open(); err != nil {
		return err
	}
	known, err := overlayhost.ReadSaved(a.saved.dir, n)
	if err != nil {
		a.log.Warn("starting without", "err", err)
	}
	if err := a.conflict(ctx, known); err != nil {
		return err
	}
	// The host is in the network again: what it owed is not due any more. A disk
	// that is read-only says so also where there is nothing to remove.
	if err := os.Remove(overlay.UnreleasedFile(n.Name)); err != nil && !errors.Is(err, fs.ErrNotExist) && !errors.Is(err, syscall.EROFS) {
		a.log.Warn("that the host owes its subnet to the store stays noted", "err", err)
	}
	prober, err := a.paths.open(a.Underlay.Address, known.Peers)
	if err != nil {
		return err
	}
	a.paths.use(prober)
	if len(a.Settings.Peers) > 0 {
		if known, err = a.static(); err != nil {
			return err
		}
	}
	if known.Subnet.IsValid() {
		if a.kernel.wanted, err = a.wantedHere(a.Place, known); err != nil {
			return err
		}
		a.saved.stale.Store(known.Machine != a.kernel.wanted.Machine() || !reflect.DeepEqual(known.Settings, &a.Settings))
	}
	return nil
}

// run keeps the network until ctx is done. An error is one of the setup.
func (a *agent) run(ctx context.Context) error {
	if err := a.setUp(ctx); err != nil {
		return err
	}
	a.paths.start(ctx)
	defer func() { a.paths.end() }()
	a.monitor.Watch(a.Underlay.Interface)
	var wg sync.WaitGroup
	wg.Go(func() {
		if err := a.monitor.Run(ctx, func() { poke(a.wake) }, a.kernel.holds); err != nil {
			a.log.Warn("the kernel is looked at now and then only", "err", err)
		}
	})
	if len(a.Settings.Peers) == 0 {
		etcd, err := open.Store(a.Host, a.log)
		if err != nil {
			return fmt.Errorf("%s: %w", hostconfig.Path, err)
		}
		defer etcd.Close()
		a.registry = errors.New("not asked yet")
		wg.Go(func() { a.follow(ctx, etcd) })
	}
	wg.Go(func() { a.docker.run(ctx) })
	poke(a.due)
	a.keep(ctx)
	wg.Wait()
	a.save()
	a.logPeers()
	return nil
}

// keep audits, saves and writes the status, whenever there is cause to, until ctx is
// done.
func (a *agent) keep(ctx context.Context) {
	timer := time.NewTicker(auditPause)
	defer timer.Stop()
	var calm, rested <-chan time.Time
	for ctx.Err() == nil {
		news := a.news
		if rested != nil {
			news = nil
		}
		select {
		case <-ctx.Done():
		case <-timer.C:
			a.audit(ctx)
		case <-a.due:
			a.audit(ctx)
		case <-a.auditAgain:
			a.audit(ctx)
		case a.part = <-a.docker.parts:
			a.say()
		case <-a.wake:
			if calm == nil {
				calm = time.After(burstPause)
			}
		case <-calm:
			calm = nil
			a.audit(ctx)
		case <-news:
			a.followPaths()
			a.save()
			a.logPeers()
			a.say()
			rested = time.After(savePause)
		case <-rested:
			rested = nil
		}
	}
}

// audit follows the underlay, has the kernel put right, says how that went, and
// has Docker put right.
func (a *agent) audit(ctx context.Context) {
	moved := a.followUnderlay(ctx)
	a.kernel.mu.Lock()
	if a.kernel.wanted == nil {
		a.kernel.mu.Unlock()
		a.say()
		return
	}
	err := errors.Join(moved, a.auditor.audit(a.Settings.Name))
	fenced := a.kernel.wanted.Fenced()
	a.kernel.mu.Unlock()
	if err == nil && !fenced && !a.open {
		a.open = true
		close(a.presence.ready)
	}
	a.audited, a.failed, a.auditAgain = true, err, nil
	a.followPaths()
	if err != nil {
		a.auditAgain = time.After(retryPause)
	} else {
		poke(a.docker.due)
	}
	a.save()
	a.say()
}

// say has the status written, as all parts are now.
func (a *agent) say() {
	s, unsaved := a.status.last, a.saved.failure()
	a.kernel.mu.Lock()
	wanted, unreached, counts := a.kernel.wanted, a.registry, a.kernel.counts
	of := situation{pending: wanted == nil, audited: a.audited, failed: a.failed, missing: a.part.missing}
	fault, subnet := a.faultHere(), netip.Prefix{}
	s.Underlay, s.Peers, s.Narrow = a.Underlay.Address.String(), 0, 0
	if wanted != nil {
		state := wanted.State()
		of.fenced, subnet = wanted.Fenced(), wanted.Subnet()
		s.Peers, s.Narrow = wanted.Count(), narrow(state)
		s.Subnet, s.Gateway, s.MTU = subnet.String(), overlay.Gateway(subnet).String(), state.Bridge.MTU
		fault = cmp.Or(fault, notSaved(unsaved), wanted.LeftOut())
	}
	a.kernel.mu.Unlock()
	of.asked = a.part.subnet == subnet
	s.Alive, s.Changes, s.Healed, s.Changed = a.presence.alive.Load(), counts.changes, counts.healed, counts.last
	s.Unsaved = unsaved
	s.Silent, s.SilentSubnets, s.Unheard = a.paths.unheard(s.Peers)
	s.Fault, s.Next = fault.What, fault.Next
	s.Refused, s.Registry = refused(unreached), ""
	if unreached != nil {
		s.Registry = unreached.Error()
	}
	a.status.write(s, of)
}

// static takes the peers from the settings.
func (a *agent) static() (overlayhost.SavedState, error) {
	own, err := a.Settings.OwnPeer(a.Underlay.Address)
	if err != nil {
		return overlayhost.SavedState{}, err
	}
	a.presence.alive.Store(true)
	k := overlayhost.SavedState{Subnet: own.Subnet, Peers: a.paths.allWithMTU(a.Settings.OtherPeers(own)), Settings: &a.Settings}
	return k, k.Save(a.saved.dir, a.Settings.Name)
}
