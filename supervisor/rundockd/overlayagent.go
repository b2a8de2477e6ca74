package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/netip"
	"os"
	"reflect"
	"slices"
	"strings"
	"sync"
	"time"

	"rundock/internal/container"
	"rundock/internal/control"
	"rundock/internal/hostconfig"
	"rundock/internal/overlay"
	"rundock/internal/overlay/roster"
	"rundock/internal/registry"
)

const (
	overlayAudit  = 10 * time.Second      // between audits when nothing seems to happen
	overlaySettle = 20 * time.Millisecond // for more of a burst of changes to come
	overlayRetry  = time.Second           // before what failed is tried again
	overlayDocker = 5 * time.Second       // for an answer of dockerd
)

// overlayAgent keeps one network of this host. The registry's goroutine says
// what is known; run's makes the kernel and Docker agree with it.
type overlayAgent struct {
	overlayPlace
	log  *slog.Logger
	wake chan struct{} // holds one token when there is something to audit

	kernel *overlay.Kernel
	keeper *overlay.Keeper
	docker *container.Client

	mu       sync.Mutex
	known    overlayKnown
	alive    bool
	registry error // why it cannot be used

	// run's goroutine alone
	status  control.OverlayStatus
	applied overlay.State // last, whole
	ready   chan struct{} // closed once other hosts may send
	open    bool
}

func (a *overlayAgent) close() {
	if a.kernel != nil {
		a.kernel.Close()
	}
}

// run keeps the network until ctx is done. An error is one of the setup.
func (a *overlayAgent) run(ctx context.Context) (err error) {
	if a.kernel, err = overlay.Open(); err != nil {
		return err
	}
	monitor, err := overlay.OpenMonitor()
	if err != nil {
		return err
	}
	a.keeper = overlay.NewKeeper(a.kernel, a.settings.Network, readPorts(a.settings.Name))
	if a.docker, err = container.Open(); err != nil {
		return err
	}
	if err := a.conflict(ctx); err != nil {
		return err
	}
	a.ready = make(chan struct{})
	var wg sync.WaitGroup
	wg.Go(func() {
		if err := monitor.Run(ctx, a.nudge); err != nil {
			a.log.Warn("the kernel is looked at now and then only", "err", err)
		}
	})
	if len(a.settings.Peers) > 0 {
		if err := a.static(); err != nil {
			return err
		}
	} else {
		if a.known, err = readKnown(overlayKept, a.settings.Network); err != nil {
			a.log.Warn("starting without", "err", err)
		}
		etcd, err := registry.Open(registry.Config(a.host.Etcd), a.log)
		if err != nil {
			return fmt.Errorf("%s: %w", hostconfig.Path, err)
		}
		defer etcd.Close()
		a.registry = errors.New("not asked yet")
		wg.Go(func() { a.follow(ctx, etcd) })
	}
	a.nudge()
	timer := time.NewTicker(overlayAudit)
	defer timer.Stop()
	for ctx.Err() == nil {
		select {
		case <-ctx.Done():
		case <-timer.C:
			a.audit(ctx)
		case <-a.wake:
			if wait(ctx, overlaySettle) == nil {
				a.audit(ctx)
			}
		}
	}
	wg.Wait()
	return nil
}

func (a *overlayAgent) nudge() {
	select {
	case a.wake <- struct{}{}:
	default:
	}
}

// conflict returns an error that names what keeps this host from taking part,
// before anything is changed. A network that it has taken part in is kept
// going: what came in its way since, its status tells.
func (a *overlayAgent) conflict(ctx context.Context) error {
	n := a.settings.Network
	known, err := readKnown(overlayKept, n)
	if err != nil {
		a.log.Warn("starting without", "err", err)
	}
	if known.Subnet.IsValid() {
		return nil
	}
	if _, err := a.kernel.Read(n, known.Subnet); err != nil {
		return err // a device of another program's
	}
	if err := n.Beside(a.others()); err != nil {
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
	return a.docker.OverlayConflict(ctx, n.Name, n.CIDR)
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
func (a *overlayAgent) static() error {
	own, err := a.settings.Own(a.underlay.Address)
	if err != nil {
		return err
	}
	a.known, a.alive = overlayKnown{Subnet: own.Subnet, Peers: a.settings.Others(own)}, true
	return a.known.keep(overlayKept, a.settings.Name)
}

// follow takes this host's subnet and the peers from the registry.
func (a *overlayAgent) follow(ctx context.Context, etcd *registry.Client) {
	host, _ := os.Hostname()
	if a.host.Host != "" {
		host = a.host.Host
	}
	r := &roster.Roster{Client: etcd, Network: a.settings.Network, Log: a.log, Self: roster.Member{
		ID: a.machine, Host: host, Underlay: a.underlay.Address, MAC: overlay.VxlanMAC(a.machine, a.settings.VNI),
	}}
	for ctx.Err() == nil && !a.join(ctx, r) {
		wait(ctx, overlayRetry)
	}
	var wg sync.WaitGroup
	wg.Go(func() {
		select {
		case <-a.ready:
		case <-ctx.Done():
			return
		}
		err := r.Alive(ctx, func(s registry.HoldState) {
			a.change(func() { a.alive = s.Held })
			a.log.Info("other hosts are told that this one is alive", "told", s.Held, "reason", s.Reason)
		})
		if err != nil {
			a.log.Warn("other hosts take this one for alive for a while", "err", err)
		}
	})
	again := make(chan struct{}, 1)
	wg.Go(func() {
		renew := time.NewTicker(time.Hour) // Seen, by which the dead are told from the living
		defer renew.Stop()
		for {
			select {
			case <-ctx.Done():
				return
			case <-renew.C:
			case <-again:
			}
			for ctx.Err() == nil && !a.join(ctx, r) {
				wait(ctx, overlayRetry)
			}
		}
	})
	r.Follow(ctx, func(v roster.View) {
		peers := make([]overlay.Peer, len(v.Peers))
		for i, m := range v.Peers {
			peers[i] = m.Peer()
		}
		a.change(func() {
			a.known.Peers = peers
			a.known.Fenced = slices.ContainsFunc(peers, func(p overlay.Peer) bool { return p.Subnet == a.known.Subnet })
			if v.Subnet != a.known.Subnet {
				select {
				case again <- struct{}{}:
				default:
				}
			}
		})
	}, func(err error) { a.change(func() { a.registry = err }) })
	wg.Wait()
}

// join makes sure of the configuration and of a subnet, the same as before if
// that can be. It reports whether it did.
func (a *overlayAgent) join(ctx context.Context, r *roster.Roster) bool {
	a.mu.Lock()
	before := a.known.Subnet
	a.mu.Unlock()
	err := r.Agree(ctx)
	var subnet netip.Prefix
	if err == nil {
		subnet, err = r.Reserve(ctx, before)
	}
	a.change(func() {
		if a.registry = err; err != nil {
			return
		}
		if before.IsValid() && before != subnet {
			a.log.Error("the subnet of this host is another's now", "was", before, "is", subnet)
		}
		a.known.Subnet, a.known.Fenced = subnet, a.known.Fenced && before == subnet
	})
	return err == nil
}

// change changes what is known, keeps it, and has it applied.
func (a *overlayAgent) change(f func()) {
	a.mu.Lock()
	defer a.mu.Unlock()
	before := a.known
	f()
	if !reflect.DeepEqual(a.known, before) && a.known.Subnet.IsValid() {
		if err := a.known.keep(overlayKept, a.settings.Name); err != nil {
			a.log.Warn("a boot without registry will not know this", "err", err)
		}
	}
	a.nudge()
}

// audit puts kernel and Docker right, and says how that went.
func (a *overlayAgent) audit(ctx context.Context) {
	a.mu.Lock()
	known, alive, unreached := a.known, a.alive, a.registry
	a.mu.Unlock()
	s := a.status
	s.Alive, s.Peers, s.Registry, s.Reason = alive, len(known.Peers), "", ""
	var differs *roster.Disagreement
	s.Refused = errors.As(unreached, &differs)
	if unreached != nil {
		s.Registry = unreached.Error()
	}
	if !known.Subnet.IsValid() {
		s.State, s.Reason = control.OverlayWaiting, "no subnet yet"
		a.say(s)
		return
	}
	err := a.apply(known, &s)
	if err == nil {
		err = a.network(ctx, known, s.MTU)
	}
	switch {
	case err != nil:
		s.State, s.Reason = control.OverlayWaiting, err.Error()
	case known.Fenced:
		s.State = control.OverlayFenced
	default:
		s.State = control.OverlayUp
		if !a.open {
			a.open = true
			close(a.ready)
		}
	}
	a.say(s)
	if err != nil {
		time.AfterFunc(overlayRetry, a.nudge)
	}
}

// apply makes the kernel hold what follows from known.
func (a *overlayAgent) apply(known overlayKnown, s *control.OverlayStatus) error {
	want, err := a.want(known)
	if err != nil {
		return err
	}
	s.Subnet, s.Gateway, s.MTU = known.Subnet.String(), overlay.Gateway(known.Subnet).String(), want.Bridge.MTU
	before := a.keeper.Ports()
	ops, err := a.keeper.Audit(known.Subnet, want)
	if ports := a.keeper.Ports(); !slices.Equal(ports, before) {
		if err := keepPorts(a.settings.Name, ports); err != nil {
			a.log.Warn("another agent will not know which devices are at the bridge", "err", err)
		}
	}
	if len(ops) > 0 {
		s.Changes += len(ops)
		s.Changed = time.Now()
		if reflect.DeepEqual(want, a.applied) {
			s.Healed += len(ops)
			first, _, _ := strings.Cut(ops[0].String(), "\n")
			a.log.Warn("put right what was changed", "operations", len(ops), "first", first)
		}
	}
	if err == nil {
		a.applied = want
	}
	return err
}

// network makes Docker's part, once what it builds on is there.
func (a *overlayAgent) network(ctx context.Context, known overlayKnown, mtu int) error {
	ctx, cancel := context.WithTimeout(ctx, overlayDocker)
	defer cancel()
	changed, err := a.docker.EnsureOverlay(ctx, container.Overlay{
		Name: a.settings.Name, Bridge: a.settings.Bridge(), Device: a.settings.Vxlan(), Subnet: known.Subnet, Gateway: overlay.Gateway(known.Subnet), MTU: mtu,
	})
	if changed {
		a.log.Info("made the docker network", "subnet", known.Subnet)
		a.nudge() // Docker may have touched the bridge
	}
	return err
}

// say writes the status if it differs from the last.
func (a *overlayAgent) say(s control.OverlayStatus) {
	if s.State != a.status.State || s.Reason != a.status.Reason {
		s.Since = time.Now()
		a.log.Info("the network is "+string(s.State), "reason", s.Reason, "subnet", s.Subnet, "peers", s.Peers)
	}
	if s == a.status {
		return
	}
	a.status = s
	if err := control.WriteOverlay(control.Dir, s); err != nil {
		a.log.Warn("the status is not written", "err", err)
	}
}
