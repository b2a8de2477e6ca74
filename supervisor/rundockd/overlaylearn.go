package main

import (
	"context"
	"errors"
	"log/slog"
	"net/netip"
	"os"
	"sync"
	"time"

	"rundock/internal/overlay"
	"rundock/internal/overlay/roster"
	"rundock/internal/registry"
	"rundock/supervisor/process"
)

// follow takes this host's subnet and the peers from the registry, anew when
// the host is to be reached elsewhere.
func (a *overlayAgent) follow(ctx context.Context, store registry.Store) {
	for ctx.Err() == nil {
		stay, leave := context.WithCancel(ctx)
		a.mu.Lock()
		r := a.roster(store, a.log)
		a.rejoin = leave
		a.mu.Unlock()
		a.followAs(stay, ctx, r)
		leave()
	}
	a.tellNoMore(context.Cause(ctx))
}

// followAs is follow as r until ctx is done. What other hosts are told goes on
// until life is.
func (a *overlayAgent) followAs(ctx, life context.Context, r *roster.Roster) {
	for ctx.Err() == nil && !a.join(ctx, life, r) {
		process.Wait(ctx, overlayRetry)
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
				process.Wait(ctx, overlayRetry)
			}
		}
	})
	if ctx.Err() == nil {
		a.mu.Lock()
		r.Silence, r.Before = a.silence, a.wanted.Peers()
		a.mu.Unlock()
		r.Follow(ctx, func(v roster.View) {
			if a.learn(v) {
				poke(again)
			}
		}, a.reach)
	}
	wg.Wait()
}

// silence returns when a host that may be dead answers nothing in the network.
func (a *overlayAgent) silence(ctx context.Context, m roster.Member) {
	log := a.log.With("host", m.Host, "subnet", m.Subnet)
	log.Warn("a host has not told the registry for a lease's time that it is alive: it is kept while it answers in the network")
	a.mu.Lock()
	paths := a.paths
	a.mu.Unlock()
	paths.AwaitSilence(ctx, m.Subnet)
	if ctx.Err() == nil {
		log.Warn("a host that has not told the registry that it is alive does not answer in the network, and is taken out")
	}
}

// roster is the network as this host sees it, and its place in it.
func (p overlayPlace) roster(store registry.Store, log *slog.Logger) *roster.Roster {
	return &roster.Roster{Client: store, Network: p.settings.Network, Log: log, Self: roster.Member{
		ID: p.machine, Host: p.hostName(), Underlay: p.underlay.Address, MAC: overlay.VxlanMAC(p.machine, p.settings.VNI), Instance: p.instance,
	}}
}

// hostName is the host's name for people.
func (p overlayPlace) hostName() string {
	if p.host.Host != "" {
		return p.host.Host
	}
	name, _ := os.Hostname()
	return name
}

// reach notes whether the registry can be used.
func (a *overlayAgent) reach(err error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.registry = err
	poke(a.news)
}

// join makes sure of the configuration and of a subnet, the same as before if
// that can be. It reports whether it did.
func (a *overlayAgent) join(ctx, life context.Context, r *roster.Roster) bool {
	a.mu.Lock()
	var before netip.Prefix
	if a.wanted != nil {
		before = a.wanted.Subnet()
	}
	a.mu.Unlock()
	err := r.Agree(ctx)
	var subnet netip.Prefix
	if err == nil {
		subnet, err = r.Reserve(ctx, before)
	}
	if err == nil {
		err = a.settle(subnet)
	}
	var other *roster.Namesake
	switch {
	case err == nil:
		a.tell(life, r)
	case errors.As(err, &other):
		a.tellNoMore(registry.ErrHandOver)
		a.yield(other.Other)
	}
	a.reach(err)
	return err == nil
}

// yield cuts this host off, if another one with its machine id has its subnet.
func (a *overlayAgent) yield(to roster.Member) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.wanted != nil && a.wanted.Subnet() == to.Subnet && !a.wanted.Fenced() {
		p := to.Peer()
		a.change(map[netip.Prefix]*overlay.Peer{to.Subnet: &p})
	}
}

// settle takes a subnet.
func (a *overlayAgent) settle(subnet netip.Prefix) error {
	a.mu.Lock()
	defer a.mu.Unlock()
	known := overlayKnown{Subnet: subnet}
	if a.wanted != nil {
		before := a.wanted.Subnet()
		if before == subnet {
			if a.wanted.Fenced() {
				a.change(map[netip.Prefix]*overlay.Peer{subnet: nil})
			}
			return nil
		}
		a.log.Error("the subnet of this host is another's now", "was", before, "is", subnet)
		known.Peers = a.wanted.Peers()
	}
	wanted, err := a.overlayPlace.wanted(known)
	if err != nil {
		return err
	}
	a.wanted, a.right = wanted, false
	a.keepNow()
	poke(a.due)
	return nil
}

// learn takes in what the registry says, and has the kernel follow at once.
// Only what changed is asked of it: an audit sees to the rest, and to what was
// taken for granted wrongly. lost says that the subnet is not this host's in
// the registry.
func (a *overlayAgent) learn(v roster.View) (lost bool) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if v.Complete {
		all := make([]overlay.Peer, 0, len(v.Peers))
		for _, m := range v.Peers {
			all = append(all, a.withPath(m.Peer()))
		}
		a.peerLog.replace()
		a.change(a.wanted.Difference(all))
		poke(a.news)
	} else {
		changed := make(map[netip.Prefix]*overlay.Peer, len(v.Peers))
		for subnet, m := range v.Peers {
			a.peerLog.note(subnet, a.wanted.Peer)
			changed[subnet] = nil
			if m != nil {
				p := a.withPath(m.Peer())
				changed[subnet] = &p
			}
		}
		a.change(changed)
	}
	return v.Subnet != a.wanted.Subnet()
}

// change changes what is known of peers, by subnet. a.mu is held.
func (a *overlayAgent) change(peers map[netip.Prefix]*overlay.Peer) {
	if len(peers) == 0 {
		return
	}
	fenced := a.wanted.Fenced()
	ops, whole, err := a.wanted.Change(peers)
	if err != nil {
		a.log.Warn("a peer is left out", "err", err)
	}
	a.unkept = true
	if a.wanted.Fenced() != fenced {
		a.keepNow()
	}
	if a.right { // else an audit is to come
		if a.reading {
			a.told = append(a.told, ops...)
		}
		if err = a.kernel.Apply(ops); err != nil {
			a.log.Warn("a change was not done, looking at all", "err", err)
		}
		a.count(ops)
		if a.right = err == nil && !whole; !a.right {
			poke(a.due)
		}
	}
	poke(a.news)
}

// holds reports whether an operation leads to what is wanted.
func (a *overlayAgent) holds(op overlay.Op) bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.wanted != nil && a.wanted.Holds(op)
}
