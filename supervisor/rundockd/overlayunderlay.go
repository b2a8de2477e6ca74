package main

import (
	"context"
	"fmt"
	"slices"

	"rundock/internal/overlay"
)

// followUnderlay takes in where other hosts reach this one now: by another
// address, such as DHCP may give it, by another interface, or with another MTU.
// An error says that the network does not fit there; it stays where it was.
func (a *overlayAgent) followUnderlay(ctx context.Context) error {
	now, err := placeOverlay(a.settings)
	if a.away = err; err != nil || now.underlay == a.underlay {
		return nil
	}
	a.mu.Lock()
	known, wanted := overlayKnown{}, a.wanted
	if wanted != nil {
		known = knownOf(wanted)
	}
	a.mu.Unlock()
	if len(a.settings.Peers) > 0 {
		own, err := a.settings.Own(now.underlay.Address)
		if err != nil {
			return err
		}
		known = overlayKnown{Subnet: own.Subnet, Peers: a.settings.Others(own)}
	}
	if wanted != nil {
		if _, err = a.wantedHere(now, known); err != nil {
			return err
		}
	}
	return a.move(ctx, now, known)
}

// move goes on at another place, where the network fits.
func (a *overlayAgent) move(ctx context.Context, to overlayPlace, known overlayKnown) error {
	paths := a.paths
	if to.underlay.Address != a.underlay.Address {
		var err error
		if paths, err = overlay.OpenPathProber(a.settings.Network, to.underlay.Address); err != nil {
			return err
		}
		paths.Remember(known.Peers)
	}
	a.log.Warn("other hosts reach this one elsewhere", "was", a.underlay, "is", to.underlay)
	a.mu.Lock()
	was := a.paths
	again := to.underlay.Address != a.underlay.Address && a.rejoin != nil
	a.paths, a.host, a.underlay = paths, to.host, to.underlay
	if a.wanted != nil {
		// Peers may have come since.
		if len(a.settings.Peers) == 0 {
			known = knownOf(a.wanted)
		}
		if wanted, err := a.wantedHere(to, known); err == nil { // as it was before
			a.wanted, a.right = wanted, false
		}
	}
	if again {
		a.rejoin()
	}
	a.mu.Unlock()
	a.status.Underlay = to.underlay.Address.String()
	a.monitor.Watch(to.underlay.Interface)
	if was != paths {
		a.probing()
		was.Close()
		a.probing = a.probe(ctx)
	}
	return nil
}

// wantedHere is what the kernel should hold at a place. Peers that cannot be
// reached from there, as their underlay is of another family, are left out.
func (a *overlayAgent) wantedHere(p overlayPlace, known overlayKnown) (*overlay.Wanted, error) {
	wanted, err := p.wanted(known)
	if err != nil && len(p.settings.Peers) == 0 {
		a.log.Warn("going on without the peers that were known", "err", err)
		known.Peers = slices.DeleteFunc(known.Peers, func(p overlay.Peer) bool { return p.Subnet != known.Subnet }) // who has it fences this host
		wanted, err = p.wanted(known)
	}
	return wanted, err
}

// faultHere is what is wrong with the host, if anything is.
func (a *overlayAgent) faultHere() overlay.Fault {
	if a.away != nil {
		return overlay.Fault{
			What: fmt.Sprintf("other hosts do not reach this one: %v", a.away),
			Next: "give the host an address there; the agent follows it by itself, whichever it is",
		}
	}
	return a.fault
}
