package announce

import (
	"context"
	"fmt"
	"time"

	"rundock/internal/registry"
)

// setProbe starts, stops or redirects the probes of p.
func (a *Announcer) setProbe(ctx context.Context, p *port) {
	wanted, haste := p.gate.wantsProbe()
	target, err := p.target(a.instance)
	key := ""
	switch {
	case !wanted:
	case err != nil && p.Check.Type != CheckExec:
		p.reason = err.Error()
	default:
		key = fmt.Sprintf("%s of %s since %s", target, a.instance.ID, a.instance.Started)
	}
	if key == p.probing {
		return
	}
	if p.stopProbe != nil {
		p.stopProbe()
	}
	p.probing, p.stopProbe = key, nil
	if key == "" {
		return
	}
	probeCtx, cancel := context.WithCancel(ctx)
	p.stopProbe = cancel
	a.tasks.Go(func() {
		p.Check.probe(probeCtx, target, haste, func(err error) {
			a.tell(func(now time.Time) {
				if probeCtx.Err() == nil {
					p.gate.probed(now, err)
				}
			})
		})
	})
}

// setHold starts or ends the holding of p's record. One that has other
// content is withdrawn first: it belongs to another run. One that differs by the
// active colour alone is replaced, and so is that of a container whose place another has
// taken: the instance is there all the time.
func (a *Announcer) setHold(ctx context.Context, p *port) {
	if p.holding {
		switch {
		case !p.up:
			p.stopHold(nil)
		case sameItems(p.items, p.heldItems):
		case sameKeys(p.items, p.heldItems) && (a.sameRun(p) || a.instance.Succeeds != "" && a.instance.Succeeds == p.heldOf):
			p.replacing = true
			p.stopHold(registry.ErrHandOver)
		default:
			p.stopHold(nil)
		}
		return
	}
	if !p.up || p.dropping {
		return
	}
	holdCtx, release := context.WithCancelCause(ctx)
	items := p.items
	p.holding, p.stopHold, p.heldItems, p.active, p.holdState, p.withdrawErr = true, release, items, a.active, registry.HoldState{}, nil
	p.heldOf = a.instance.ID
	a.tasks.Go(func() {
		err := p.lease.Hold(holdCtx, items, func(s registry.HoldState) {
			a.tell(func(time.Time) {
				p.holdState = s
				p.replacing = p.replacing && !sameItems(items, p.heldItems)
				p.predecessorDone = p.predecessorDone || s.Held || s.HeldBy != ""
			})
		})
		release(nil)
		a.tell(func(time.Time) { p.holding, p.holdState, p.withdrawErr = false, registry.HoldState{}, err })
	})
}

// sameRun reports whether the record that is held is the wanted one but for the
// active colour.
func (a *Announcer) sameRun(p *port) bool {
	then, _, err := a.cfg.held(p.Port, a.instance, p.active)
	return err == nil && sameItems(then, p.heldItems)
}
