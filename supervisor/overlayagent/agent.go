package overlayagent

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"sync"
	"time"

	"rundock/internal/container"
	"rundock/internal/control"
	"rundock/internal/hostconfig"
	"rundock/internal/overlay"
	"rundock/internal/overlay/kernel"
	"rundock/internal/overlay/pathmtu"
	"rundock/internal/registry/open"
	"rundock/supervisor/overlayhost"
)

const (
	auditPause   = 10 * time.Second       // between audits when nothing seems to happen
	settlePause  = 20 * time.Millisecond  // for more of a burst of changes to come
	retryPause   = time.Second            // before what failed is tried again
	maxLooks     = 3                      // at a kernel that is changed meanwhile
	passingPause = 100 * time.Millisecond // for dockerd to put back what it takes away for a moment
	savePause    = time.Second            // between two times that the peers are kept, and the status is written
)

// agent keeps one network of this host, by three goroutines: the registry's
// takes in what changes and has the kernel follow at once (registry.go,
// change.go), run's audits the kernel (audit.go), and Docker's keeps Docker's
// part (docker.go).
type agent struct {
	overlayhost.Place
	log    *slog.Logger
	docker *container.Client
	paths  *pathmtu.Prober // run's goroutine puts another one there, under mu
	wake   chan struct{}   // holds one token when the kernel is not what was wanted; it may be the first of many
	due    chan struct{}   // holds one token when all is to be looked at now
	news   chan struct{}   // holds one token when there is something to keep and to say
	ready  chan struct{}   // closed once other hosts may send
	attach chan struct{}   // holds one token when Docker's part is to be looked at
	parts  chan dockerPart // as it was found

	mu       sync.Mutex
	kernel   *kernel.Kernel  // for changes
	reading  bool            // the kernel is being read
	told     []overlay.Op    // of changes, since it began to be
	wanted   *overlay.Wanted // nil: no subnet yet
	right    bool            // the kernel was all that is wanted when it was last told something
	unkept   bool            // wanted is not what is on disk
	unsaved  string          // why it could not be put there
	keeping  sync.Mutex      // locked by who writes it there; taken while mu is locked, so that what is known later is written later
	alive    bool
	telling  telling // of the registry's goroutine
	peerLog  peerLog // of hosts that came and went
	registry error   // why it cannot be used
	rejoin   func()  // has the registry told, and asked, anew
	changes  int
	healed   int
	changed  time.Time

	// takePart's goroutine alone
	late string // why Docker's part is made anew later

	// run's goroutine alone
	sight      *kernel.Kernel // the keeper's, which it reads while changes go on
	keeper     *kernel.Keeper
	monitor    *kernel.Monitor
	ports      []string // of the keeper, as they are on disk
	status     control.OverlayStatus
	audited    bool          // once
	failed     error         // why the kernel is not what is wanted
	fault      overlay.Fault // of the host, if there is one
	away       error         // why it is not known where the host is reached
	probing    func()        // ends it, of paths
	part       dockerPart
	auditAgain <-chan time.Time
	open       bool
}

func (a *agent) close() {
	for _, k := range []*kernel.Kernel{a.kernel, a.sight} {
		if k != nil {
			k.Close()
		}
	}
	if a.paths != nil {
		a.paths.Close()
	}
}

// probe looks for the paths' MTU until what is returned is called.
func (a *agent) probe(ctx context.Context) (stop func()) {
	ctx, cancel := context.WithCancel(ctx)
	done, paths := make(chan struct{}), a.paths
	go func() {
		defer close(done)
		paths.Run(ctx, a.pathsFound)
	}()
	return func() {
		cancel()
		<-done
	}
}

// run keeps the network until ctx is done. An error is one of the setup.
func (a *agent) run(ctx context.Context) (err error) {
	if a.kernel, err = kernel.Open(); err != nil {
		return err
	}
	if a.sight, err = kernel.Open(); err != nil {
		return err
	}
	if a.monitor, err = kernel.OpenMonitor(a.Settings.Network); err != nil {
		return err
	}
	a.ports = overlayhost.ReadPorts(a.Settings.Name)
	a.keeper = kernel.NewKeeper(a.sight, a.Settings.Network, a.ports)
	if a.docker, err = container.Open(); err != nil {
		return err
	}
	known, err := overlayhost.ReadSaved(overlay.KeptDir, a.Settings.Network)
	if err != nil {
		a.log.Warn("starting without", "err", err)
	}
	if err := a.conflict(ctx, known); err != nil {
		return err
	}
	// The host is in the network again: what it owed is not due any more.
	if err := os.Remove(overlay.UnreleasedFile(a.Settings.Name)); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	if a.paths, err = pathmtu.Open(a.Settings.Network, a.Underlay.Address); err != nil {
		return err
	}
	a.paths.Remember(known.Peers)
	if len(a.Settings.Peers) > 0 {
		if known, err = a.static(); err != nil {
			return err
		}
	}
	if known.Subnet.IsValid() {
		if a.wanted, err = a.wantedHere(a.Place, known); err != nil {
			return err
		}
		a.unkept = known.Machine != a.wanted.Machine()
	}
	a.probing = a.probe(ctx)
	defer func() { a.probing() }()
	a.monitor.Watch(a.Underlay.Interface)
	var wg sync.WaitGroup
	wg.Go(func() {
		if err := a.monitor.Run(ctx, func() { poke(a.wake) }, a.holds); err != nil {
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
	wg.Go(func() { a.takePart(ctx) })
	poke(a.due)
	timer := time.NewTicker(auditPause)
	defer timer.Stop()
	var settled, rested <-chan time.Time
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
		case a.part = <-a.parts:
			a.say()
		case <-a.wake:
			if settled == nil {
				settled = time.After(settlePause)
			}
		case <-settled:
			settled = nil
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
	wg.Wait()
	a.save()
	a.logPeers()
	return nil
}

// poke leaves a token, if there is none.
func poke(tokens chan struct{}) {
	select {
	case tokens <- struct{}{}:
	default:
	}
}

// static takes the peers from the settings.
func (a *agent) static() (overlayhost.SavedState, error) {
	own, err := a.Settings.Own(a.Underlay.Address)
	if err != nil {
		return overlayhost.SavedState{}, err
	}
	a.alive = true
	k := overlayhost.SavedState{Subnet: own.Subnet, Peers: a.withPaths(a.Settings.Others(own))}
	return k, k.Save(overlay.KeptDir, a.Settings.Name)
}
