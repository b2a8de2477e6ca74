package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net/netip"
	"os"
	"slices"
	"strings"
	"sync"
	"time"

	"rundock/internal/container"
	"rundock/internal/control"
	"rundock/internal/hostconfig"
	"rundock/internal/overlay"
	"rundock/internal/overlay/roster"
	"rundock/internal/registry/open"
)

const (
	overlayAudit   = 10 * time.Second       // between audits when nothing seems to happen
	overlaySettle  = 20 * time.Millisecond  // for more of a burst of changes to come
	overlayRetry   = time.Second            // before what failed is tried again
	overlayLooks   = 3                      // at a kernel that is changed meanwhile
	overlayPassing = 100 * time.Millisecond // for dockerd to put back what it takes away for a moment
	overlayKeep    = time.Second            // between two times that the peers are kept, and the status is written
)

// overlayAgent keeps one network of this host. The registry's goroutine learns
// what is known and has the kernel follow at once (overlaylearn.go); run's
// makes sure that it did; a third one's that Docker agrees with it
// (overlaydocker.go).
type overlayAgent struct {
	overlayPlace
	log    *slog.Logger
	docker *container.Client
	paths  *overlay.PathProber // run's goroutine puts another one there, under mu
	wake   chan struct{}       // holds one token when the kernel is not what was wanted; it may be the first of many
	due    chan struct{}       // holds one token when all is to be looked at now
	news   chan struct{}       // holds one token when there is something to keep and to say
	ready  chan struct{}       // closed once other hosts may send
	attach chan struct{}       // holds one token when Docker's part is to be looked at
	parts  chan dockerPart     // as it was found

	mu       sync.Mutex
	kernel   *overlay.Kernel // for changes
	reading  bool            // the kernel is being read
	told     []overlay.Op    // of changes, since it began to be
	wanted   *overlay.Wanted // nil: no subnet yet
	right    bool            // the kernel was all that is wanted when it was last told something
	unkept   bool            // wanted is not what is on disk
	keeping  sync.Mutex      // held by who writes it there; taken while mu is held, so that what is known later is written later
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
	sight      *overlay.Kernel // the keeper's, which it reads while changes go on
	keeper     *overlay.Keeper
	monitor    *overlay.Monitor
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

func (a *overlayAgent) close() {
	for _, k := range []*overlay.Kernel{a.kernel, a.sight} {
		if k != nil {
			k.Close()
		}
	}
	if a.paths != nil {
		a.paths.Close()
	}
}

// probe looks for the paths' MTU until what is returned is called.
func (a *overlayAgent) probe(ctx context.Context) (stop func()) {
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
func (a *overlayAgent) run(ctx context.Context) (err error) {
	if a.kernel, err = overlay.Open(); err != nil {
		return err
	}
	if a.sight, err = overlay.Open(); err != nil {
		return err
	}
	if a.monitor, err = overlay.OpenMonitor(a.settings.Network); err != nil {
		return err
	}
	a.ports = readPorts(a.settings.Name)
	a.keeper = overlay.NewKeeper(a.sight, a.settings.Network, a.ports)
	if a.docker, err = container.Open(); err != nil {
		return err
	}
	known, err := readKnown(overlayKept, a.settings.Network)
	if err != nil {
		a.log.Warn("starting without", "err", err)
	}
	if err := a.conflict(ctx, known); err != nil {
		return err
	}
	// The host is in the network again: what it owed is not due any more.
	if err := os.Remove(overlay.UnreleasedFile(a.settings.Name)); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	if a.paths, err = overlay.OpenPathProber(a.settings.Network, a.underlay.Address); err != nil {
		return err
	}
	a.paths.Remember(known.Peers)
	if len(a.settings.Peers) > 0 {
		if known, err = a.static(); err != nil {
			return err
		}
	}
	if known.Subnet.IsValid() {
		if a.wanted, err = a.wantedHere(a.overlayPlace, known); err != nil {
			return err
		}
		a.unkept = known.Machine != a.wanted.Machine()
	}
	a.probing = a.probe(ctx)
	defer func() { a.probing() }()
	a.monitor.Watch(a.underlay.Interface)
	var wg sync.WaitGroup
	wg.Go(func() {
		if err := a.monitor.Run(ctx, func() { poke(a.wake) }, a.holds); err != nil {
			a.log.Warn("the kernel is looked at now and then only", "err", err)
		}
	})
	if len(a.settings.Peers) == 0 {
		etcd, err := open.Store(a.host, a.log)
		if err != nil {
			return fmt.Errorf("%s: %w", hostconfig.Path, err)
		}
		defer etcd.Close()
		a.registry = errors.New("not asked yet")
		wg.Go(func() { a.follow(ctx, etcd) })
	}
	wg.Go(func() { a.takePart(ctx) })
	poke(a.due)
	timer := time.NewTicker(overlayAudit)
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
				settled = time.After(overlaySettle)
			}
		case <-settled:
			settled = nil
			a.audit(ctx)
		case <-news:
			a.followPaths()
			a.keep()
			a.logPeers()
			a.say()
			rested = time.After(overlayKeep)
		case <-rested:
			rested = nil
		}
	}
	wg.Wait()
	a.keep()
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

// conflict returns an error that names what keeps this host from taking part,
// before anything is changed. A network that it has taken part in is kept
// going: what came in its way since, its status tells.
func (a *overlayAgent) conflict(ctx context.Context, known overlayKnown) error {
	n := a.settings.Network
	if known.Subnet.IsValid() {
		return nil
	}
	have, err := a.kernel.Read(n, known.Subnet)
	if err != nil {
		return err // a device of another program's
	}
	if err := overlay.Foreign(have, n, a.identity()); err != nil {
		return err
	}
	others := a.others()
	if err := errors.Join(n.Beside(others), a.underlay.Beside(others)); err != nil {
		return err
	}
	if err := overlay.Obstacle(n, a.underlay); err != nil {
		return err
	}
	if err := overlay.Able(n, a.underlay); err != nil {
		return err
	}
	if err := a.docker.Ping(ctx); err != nil {
		a.log.Warn("whether docker has networks in the way is not known", "err", err)
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, overlayDocker)
	defer cancel()
	return a.docker.OverlayConflict(ctx, n.Name, n.CIDR, a.underlay.Address)
}

// others are this host's other networks.
func (a *overlayAgent) others() []overlay.Network {
	names, err := overlayNames(nil)
	if err != nil {
		a.log.Warn("the settings of other networks are not known", "err", err)
	}
	var all []overlay.Network
	for _, name := range names {
		s, err := overlay.ReadSettings(overlaySettings, name)
		if err != nil {
			a.log.Warn("the settings of another network are not known", "err", err)
			continue
		}
		all = append(all, s.Network)
	}
	return all
}

// static takes the peers from the settings.
func (a *overlayAgent) static() (overlayKnown, error) {
	own, err := a.settings.Own(a.underlay.Address)
	if err != nil {
		return overlayKnown{}, err
	}
	a.alive = true
	k := overlayKnown{Subnet: own.Subnet, Peers: a.withPaths(a.settings.Others(own))}
	return k, k.keep(overlayKept, a.settings.Name)
}

// audit puts the kernel right, says how that went, and has Docker put right.
func (a *overlayAgent) audit(ctx context.Context) {
	moved := a.followUnderlay(ctx)
	a.mu.Lock()
	if a.wanted == nil {
		a.mu.Unlock()
		a.say()
		return
	}
	err := errors.Join(moved, a.look())
	subnet, fenced, mtu := a.wanted.Subnet(), a.wanted.Fenced(), a.wanted.State().Bridge.MTU
	a.mu.Unlock()
	if err == nil && !fenced && !a.open {
		a.open = true
		close(a.ready)
	}
	a.audited, a.failed, a.auditAgain = true, err, nil
	a.followPaths()
	a.status.Subnet, a.status.Gateway, a.status.MTU = subnet.String(), overlay.Gateway(subnet).String(), mtu
	if err != nil {
		a.auditAgain = time.After(overlayRetry)
	} else {
		poke(a.attach)
	}
	a.keep()
	a.say()
}

// look makes the kernel hold what is wanted. a.mu is held, but for the time in
// which the kernel is read: changes go on then.
func (a *overlayAgent) look() error {
	var seen overlay.Seen
	var ops []overlay.Op
	var right bool
	passing := false
	for tries, again := 1, true; again; tries++ {
		wanted, subnet, fenced := a.wanted, a.wanted.Subnet(), a.wanted.Fenced()
		right, a.reading, a.told = a.right, true, nil
		a.mu.Unlock()
		var err error
		if passing {
			time.Sleep(overlayPassing)
		}
		seen, err = a.keeper.Look(subnet)
		a.mu.Lock()
		a.reading = false
		if err != nil {
			a.right = false
			return err
		}
		// What was seen is no more, if the subnet became another or the host was cut off.
		if again = a.wanted != wanted || a.wanted.Fenced() != fenced; !again {
			ops = a.keeper.Left(seen, a.wanted.State(), a.told)
			// Of entries that others are deleted among the kernel may list too few.
			passing = overlay.Passing(ops)
			again = (len(ops) > 0 && len(a.told) > 0 || passing) && tries < overlayLooks
		}
	}
	a.fault = overlay.Fault{}
	if faults := seen.Faults(); len(faults) > 0 {
		a.fault = faults[0]
	}
	err := a.keeper.Apply(seen, ops)
	if ports := a.keeper.Ports(); !slices.Equal(ports, a.ports) {
		a.ports = ports
		if err := keepPorts(a.settings.Name, ports); err != nil {
			a.log.Warn("another agent will not know which devices are at the bridge", "err", err)
		}
	}
	a.count(ops)
	if len(ops) > 0 && a.right {
		a.healed += len(ops)
		first, _, _ := strings.Cut(ops[0].String(), "\n")
		a.log.Warn("put right what was changed", "operations", len(ops), "first", first)
	}
	a.right = err == nil && a.right == right // else a change asks for another audit
	return err
}

// count counts what the kernel was told. a.mu is held.
func (a *overlayAgent) count(ops []overlay.Op) {
	if len(ops) > 0 {
		a.changes += len(ops)
		a.changed = time.Now()
	}
}

// keep keeps what is known, if it is not what is on disk.
func (a *overlayAgent) keep() {
	a.mu.Lock()
	if !a.unkept {
		a.mu.Unlock()
		return
	}
	known := knownOf(a.wanted)
	a.unkept = false
	a.keeping.Lock()
	a.mu.Unlock()
	err := known.keep(overlayKept, a.settings.Name)
	a.keeping.Unlock()
	if err != nil {
		a.mu.Lock()
		defer a.mu.Unlock()
		a.notKept(err)
	}
}

// keepNow is keep of what the kernel is not told before. a.mu is held.
func (a *overlayAgent) keepNow() {
	a.keeping.Lock()
	defer a.keeping.Unlock()
	a.unkept = false
	if err := knownOf(a.wanted).keep(overlayKept, a.settings.Name); err != nil {
		a.notKept(err)
	}
}

// notKept has it tried again with the next audit. a.mu is held.
func (a *overlayAgent) notKept(err error) {
	a.unkept = true
	a.log.Warn("a boot without registry will not know this", "err", err)
}

// refused reports whether the registry has other hosts that this one does not
// go with.
func refused(err error) bool {
	var differs *roster.Disagreement
	var namesake *roster.Namesake
	return errors.As(err, &differs) || errors.As(err, &namesake) && namesake.Alive
}

// say writes the status if it differs from the last.
func (a *overlayAgent) say() {
	s := a.status
	a.mu.Lock()
	unreached, fenced, pending, subnet, fault := a.registry, false, a.wanted == nil, netip.Prefix{}, a.faultHere()
	s.Alive, s.Changes, s.Healed, s.Changed, s.Peers, s.Narrow = a.alive, a.changes, a.healed, a.changed, 0, 0
	if a.wanted != nil {
		fenced, s.Peers, s.Narrow, subnet = a.wanted.Fenced(), a.wanted.Count(), narrow(a.wanted.State()), a.wanted.Subnet()
		if fault == (overlay.Fault{}) {
			fault = a.wanted.LeftOut()
		}
	}
	a.mu.Unlock()
	s.Silent, s.Unheard = a.unheard(s.Peers)
	s.Fault, s.Next = fault.What, fault.Next
	s.Refused = refused(unreached)
	s.Registry, s.Reason = "", ""
	if unreached != nil {
		s.Registry = unreached.Error()
	}
	switch {
	case pending:
		s.State, s.Reason = control.OverlayWaiting, "no subnet yet"
	case !a.audited:
		return // an audit is due
	case a.failed != nil:
		s.State, s.Reason = control.OverlayWaiting, a.failed.Error()
	case a.part.subnet != subnet:
		return // Docker is being asked
	case a.part.missing != nil:
		s.State, s.Reason = control.OverlayWaiting, a.part.missing.Error()
	case fenced:
		s.State = control.OverlayFenced
	default:
		s.State = control.OverlayUp
	}
	if s.State != a.status.State || s.Reason != a.status.Reason {
		s.Since = time.Now()
		a.log.Info("the network is "+string(s.State), "reason", s.Reason, "subnet", s.Subnet, "peers", s.Peers)
	}
	s.Beat = a.status.Beat
	if now := control.Clock(); s != a.status || now-s.Beat > control.OverlayBeat/2 {
		s.Beat = now
	} else {
		return
	}
	if s.Fault != a.status.Fault {
		a.log.Warn(cmp.Or(s.Fault, "what was wrong with the host, or with others, is over"), "next", s.Next)
	}
	if s.Unheard != a.status.Unheard {
		a.log.Warn(cmp.Or(s.Unheard, "all other hosts answer in the network"))
	}
	a.status = s
	if err := control.WriteOverlay(control.Dir, s); err != nil {
		a.log.Warn("the status is not written", "err", err)
	}
}
