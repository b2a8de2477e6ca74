package overlayagent

import (
	"context"
	"fmt"
	"slices"

	"rundock/internal/overlay"
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
	a.kernel.mu.Lock()
	known, wanted := overlayhost.SavedState{}, a.kernel.wanted
	if wanted != nil {
		known = overlayhost.SavedOf(a.Settings, wanted)
	}
	a.kernel.mu.Unlock()
	if len(a.Settings.Peers) > 0 {
		own, err := a.Settings.OwnPeer(now.Underlay.Address)
		if err != nil {
			return err
		}
		known = overlayhost.SavedState{Subnet: own.Subnet, Peers: a.Settings.OtherPeers(own)}
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
	prober := a.paths.current()
	if to.Underlay.Address != a.Underlay.Address {
		var err error
		if prober, err = a.paths.open(to.Underlay.Address, known.Peers); err != nil {
			return err
		}
	}
	a.log.Warn("other hosts reach this one elsewhere", "was", a.Underlay, "is", to.Underlay)
	a.kernel.mu.Lock()
	again := to.Underlay.Address != a.Underlay.Address && a.rejoin != nil
	was := a.paths.use(prober)
	a.Host, a.Underlay = to.Host, to.Underlay
	if a.kernel.wanted != nil {
		// Peers may have come since.
		if len(a.Settings.Peers) == 0 {
			known = overlayhost.SavedOf(a.Settings, a.kernel.wanted)
		}
		if wanted, err := a.wantedHere(to, known); err == nil { // as it was before
			a.kernel.replace(wanted)
		}
	}
	if again {
		a.rejoin()
	}
	a.kernel.mu.Unlock()
	a.monitor.Watch(to.Underlay.Interface)
	if was != prober {
		a.paths.end()
		was.Close()
		a.paths.start(ctx)
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
	return a.auditor.fault
}
