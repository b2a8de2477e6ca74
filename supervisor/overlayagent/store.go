package overlayagent

import (
	"context"
	"errors"
	"net/netip"
	"sync"
	"time"

	"rundock/internal/overlay"
	"rundock/internal/overlay/roster"
	"rundock/internal/pause"
	"rundock/internal/registry"
	"rundock/supervisor/overlayhost"
)

// follow takes this host's subnet and the peers from the store, anew when
// the host is to be reached elsewhere.
func (a *agent) follow(ctx context.Context, store registry.Store) {
	for ctx.Err() == nil {
		stay, leave := context.WithCancel(ctx)
		a.kernel.mu.Lock()
		r := a.Roster(store, a.log)
		a.rejoin = leave
		a.kernel.mu.Unlock()
		a.followAs(stay, ctx, r)
		leave()
	}
	a.presence.tellNoMore(context.Cause(ctx))
}

// followAs is follow as r until ctx is done. What other hosts are told goes on
// until life is.
func (a *agent) followAs(ctx, life context.Context, r *roster.Roster) {
	for ctx.Err() == nil && !a.join(ctx, life, r) {
		pause.For(ctx, retryPause)
	}
	var wg sync.WaitGroup
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
			for ctx.Err() == nil && !a.join(ctx, life, r) {
				pause.For(ctx, retryPause)
			}
		}
	})
	if ctx.Err() == nil {
		a.kernel.mu.Lock()
		r.Silence, r.Before = a.silence, a.kernel.wanted.Peers()
		a.kernel.mu.Unlock()
		r.Follow(ctx, func(v roster.View) {
			if a.learn(v) {
				poke(again)
			}
		}, a.reach)
	}
	wg.Wait()
}

// silence returns when a host that may be dead answers nothing in the network.
func (a *agent) silence(ctx context.Context, m roster.Member) {
	log := a.log.With("host", m.Host, "subnet", m.Subnet)
	log.Warn("a host has not told the store for a lease's time that it is alive: it is kept while it answers in the network")
	a.paths.current().AwaitSilence(ctx, m.Subnet)
	if ctx.Err() == nil {
		log.Warn("a host that has not told the store that it is alive does not answer in the network, and is taken out")
	}
}

// reach notes whether the store can be used.
func (a *agent) reach(err error) {
	a.kernel.mu.Lock()
	defer a.kernel.mu.Unlock()
	a.registry = err
	poke(a.news)
}

// join makes sure of the configuration and of a subnet, the same as before if
// that can be. It reports whether it did.
func (a *agent) join(ctx, life context.Context, r *roster.Roster) bool {
	a.kernel.mu.Lock()
	var before netip.Prefix
	if a.kernel.wanted != nil {
		before = a.kernel.wanted.Subnet()
	}
	a.kernel.mu.Unlock()
	err := r.Agree(ctx)
	var subnet netip.Prefix
	if err == nil {
		subnet, err = r.Reserve(ctx, before)
	}
	if err == nil {
		err = a.takeSubnet(subnet)
	}
	var other *roster.Namesake
	switch {
	case err == nil:
		a.presence.tell(life, r)
	case errors.As(err, &other):
		a.presence.tellNoMore(registry.ErrHandOver)
		a.yield(other.Other)
	}
	a.reach(err)
	return err == nil
}

// yield cuts this host off, if another one with its machine id has its subnet.
func (a *agent) yield(to roster.Member) {
	a.kernel.mu.Lock()
	defer a.kernel.mu.Unlock()
	if a.kernel.wanted != nil && a.kernel.wanted.Subnet() == to.Subnet && !a.kernel.wanted.Fenced() {
		p := to.Peer()
		a.change(map[netip.Prefix]*overlay.Peer{to.Subnet: &p})
	}
}

// takeSubnet takes a subnet. One that another host has since it was reserved stays that host's.
func (a *agent) takeSubnet(subnet netip.Prefix) error {
	a.kernel.mu.Lock()
	defer a.kernel.mu.Unlock()
	known := overlayhost.SavedState{Subnet: subnet}
	if a.kernel.wanted != nil {
		before := a.kernel.wanted.Subnet()
		if before == subnet {
			if a.kernel.wanted.Fenced() && !a.given {
				a.change(map[netip.Prefix]*overlay.Peer{subnet: nil})
			}
			return nil
		}
		a.log.Error("the subnet of this host is another's now", "was", before, "is", subnet)
		known.Peers = a.kernel.wanted.Peers()
	}
	wanted, err := a.Place.Wanted(known)
	if err != nil {
		return err
	}
	a.kernel.replace(wanted)
	a.given = false
	a.saveNow()
	poke(a.due)
	return nil
}

// refused reports whether the store has other hosts that this one does not
// go with.
func refused(err error) bool {
	var differs *roster.Disagreement
	var namesake *roster.Namesake
	var named *roster.SameName
	return errors.As(err, &differs) || errors.As(err, &namesake) && namesake.Alive || errors.As(err, &named) && named.Alive
}
