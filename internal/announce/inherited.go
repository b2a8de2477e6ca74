package announce

import (
	"context"
	"slices"
	"time"

	"rundock/internal/pause"
	"rundock/internal/registry"
)

// unwantedTry is how often a key that is to be withdrawn is tried again.
const unwantedTry = time.Second

// dropInherited takes away what a predecessor left of p's key where p is not
// announced and is known not to be well: a predecessor would have withdrawn it. It
// is tried until the store has answered.
func (a *Announcer) dropInherited(p *port) {
	if !p.up && !p.holding && a.request == nil && p.gate.settled() {
		a.drop(p, func() {
			a.log.Info("withdrew what a predecessor announced", "key", a.cfg.key(p.Port), "reason", p.reason)
		})
	}
}

// drop takes away what a predecessor of the same identity may have left of p's
// key, where no Hold has come to take it over: once where it was asked for, else
// until that has succeeded. found is called if there was something.
func (a *Announcer) drop(p *port, found func()) {
	if p.predecessorDone || p.dropping {
		return
	}
	p.dropping = true
	asked := a.request != nil
	a.tasks.Go(func() {
		there, err := registry.Drop(context.Background(), a.store, a.cfg.keys(p.Port), a.cfg.ID)
		a.tell(func(time.Time) {
			p.predecessorDone, p.dropping, p.withdrawErr = err == nil || asked, false, err
			if there {
				found()
			}
		})
	})
}

// withdrawUnwanted takes away what a predecessor left of a key that no port has, and
// tries until that has succeeded or ctx is done.
func (a *Announcer) withdrawUnwanted(ctx context.Context, key string) {
	for ctx.Err() == nil {
		found, err := registry.Drop(ctx, a.store, []string{key}, a.cfg.ID)
		if err == nil {
			a.tell(func(time.Time) { a.withdrawn(key, found) })
			return
		}
		pause.For(ctx, unwantedTry)
	}
}

// withdrawn notes that key has no record of the service.
func (a *Announcer) withdrawn(key string, found bool) {
	if found {
		a.log.Info("withdrew what is not to be announced any more", "key", key)
	}
	a.unwanted = slices.DeleteFunc(a.unwanted, func(k string) bool { return k == key })
}

// dropUnwanted tries once more, at the end of Run, to withdraw what is left, and
// waits for all tasks. found is called if there was something.
func (a *Announcer) dropUnwanted(found func()) (last error) {
	for _, key := range a.unwanted {
		a.tasks.Go(func() {
			there, err := registry.Drop(context.Background(), a.store, []string{key}, a.cfg.ID)
			a.tell(func(time.Time) {
				if err != nil {
					last = err
					return
				}
				a.withdrawn(key, there)
				if there {
					found()
				}
			})
		})
	}
	a.awaitTasks()
	return last
}
