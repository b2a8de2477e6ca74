package overlayagent

import (
	"context"
	"fmt"
	"slices"

	"rundock/internal/overlay"
	"rundock/internal/overlay/pathmtu"
	"rundock/supervisor/overlayhost"
)

// followUnderlay takes in where other hosts reach this one now: by another
// address, such as DHCP may give it, by another interface, or with another MTU.
// An error says that the network does not fit there; it stays where it was.
func (a *agent) followUnderlay(ctx context.Context) error {
	now, err := overlayhost.PlaceOf(a.Settings)
	if a.away = err; err != nil || now.Underlay == a.Underlay {
		return nil
	}
	a.mu.Lock()
	known, wanted := overlayhost.SavedState{}, a.wanted
	if wanted != nil {
		known = overlayhost.SavedOf(wanted)
	}
	a.mu.Unlock()
	if len(a.Settings.Peers) > 0 {
		own, err := a.Settings.Own(now.Underlay.Address)
		if err != nil {
			return err
		}
		known = overlayhost.SavedState{Subnet: own.Subnet, Peers: a.Settings.Others(own)}
	}
	if wanted != nil {
		if _, err = a.wantedHere(now, known); err != nil {
			return err
		}
	}
	return a.move(ctx, now, known)
}

// move goes on at another place, where the network fits.
func (a *agent) move(ctx context.Context, to overlayhost.Place, known overlayhost.SavedState) error {
	paths := a.paths
	if to.Underlay.Address != a.Underlay.Address {
		var err error
		if paths, err = pathmtu.Open(a.Settings.Network, to.Underlay.Address); err != nil {
			return err
		}
		paths.Remember(known.Peers)
	}
	a.log.Warn("other hosts reach this one elsewhere", "was", a.Underlay, "is", to.Underlay)
	a.mu.Lock()
	was := a.paths
	again := to.Underlay.Address != a.Underlay.Address && a.rejoin != nil
	a.paths, a.Host, a.Underlay = paths, to.Host, to.Underlay
	if a.wanted != nil {
		// Peers may have come since.
		if len(a.Settings.Peers) == 0 {
			known = overlayhost.SavedOf(a.wanted)
		}
		if wanted, err := a.wantedHere(to, known); err == nil { // as it was before
			a.wanted, a.right = wanted, false
		}
	}
	if again {
		a.rejoin()
	}
	a.mu.Unlock()
	a.monitor.Watch(to.Underlay.Interface)
	if was != paths {
		a.probing()
		was.Close()
		a.probing = a.probe(ctx)
	}
	return nil
}

// wantedHere is what the kernel should hold at a place. Peers that cannot be
// reached from there, as their underlay is of another family, are left out.
func (a *agent) wantedHere(p overlayhost.Place, known overlayhost.SavedState) (*overlay.Wanted, error) {
	wanted, err := p.Wanted(known)
	if err != nil && len(p.Settings.Peers) == 0 {
		a.log.Warn("going on without the peers that were known", "err", err)
		known.Peers = slices.DeleteFunc(known.Peers, func(p overlay.Peer) bool { return p.Subnet != known.Subnet }) // who has it fences this host
		wanted, err = p.Wanted(known)
	}
	return wanted, err
}

// faultHere is what is wrong with the host, if anything is.
func (a *agent) faultHere() overlay.Fault {
	if a.away != nil {
		return overlay.Fault{
			What: fmt.Sprintf("other hosts do not reach this one: %v", a.away),
			Next: "give the host an address there; the agent follows it by itself, whichever it is",
		}
	}
	return a.fault
}
