package overlayagent

import (
	"context"
	"errors"
	"slices"
	"strings"
	"time"

	"rundock/internal/overlay"
	"rundock/internal/overlay/kernel"
	"rundock/internal/overlay/roster"
	"rundock/supervisor/overlayhost"
)

// audit puts the kernel right, says how that went, and has Docker put right.
func (a *agent) audit(ctx context.Context) {
	moved := a.followUnderlay(ctx)
	a.mu.Lock()
	if a.wanted == nil {
		a.mu.Unlock()
		a.say()
		return
	}
	err := errors.Join(moved, a.look())
	fenced := a.wanted.Fenced()
	a.mu.Unlock()
	if err == nil && !fenced && !a.open {
		a.open = true
		close(a.ready)
	}
	a.audited, a.failed, a.auditAgain = true, err, nil
	a.followPaths()
	if err != nil {
		a.auditAgain = time.After(retryPause)
	} else {
		poke(a.attach)
	}
	a.save()
	a.say()
}

// look makes the kernel hold what is wanted. a.mu is locked, but for the time in
// which the kernel is read: changes go on then.
func (a *agent) look() error {
	var seen kernel.Seen
	var ops []overlay.Op
	var right bool
	passing := false
	for tries, again := 1, true; again; tries++ {
		wanted, subnet, fenced := a.wanted, a.wanted.Subnet(), a.wanted.Fenced()
		right, a.reading, a.told = a.right, true, nil
		a.mu.Unlock()
		var err error
		if passing {
			time.Sleep(passingPause)
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
			again = (len(ops) > 0 && len(a.told) > 0 || passing) && tries < maxLooks
		}
	}
	a.fault = overlay.Fault{}
	if faults := seen.Faults(); len(faults) > 0 {
		a.fault = faults[0]
	}
	err := a.keeper.Apply(seen, ops)
	if ports := a.keeper.Ports(); !slices.Equal(ports, a.ports) {
		a.ports = ports
		if err := overlayhost.SavePorts(a.Settings.Name, ports); err != nil {
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

// count counts what the kernel was told. a.mu is locked.
func (a *agent) count(ops []overlay.Op) {
	if len(ops) > 0 {
		a.changes += len(ops)
		a.changed = time.Now()
	}
}

// refused reports whether the registry has other hosts that this one does not
// go with.
func refused(err error) bool {
	var differs *roster.Disagreement
	var namesake *roster.Namesake
	var named *roster.SameName
	return errors.As(err, &differs) || errors.As(err, &namesake) && namesake.Alive || errors.As(err, &named) && named.Alive
}
