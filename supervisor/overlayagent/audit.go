package overlayagent

import (
	"log/slog"
	"slices"
	"strings"
	"time"

	"rundock/internal/overlay"
	"rundock/internal/overlay/kernel"
	"rundock/supervisor/overlayhost"
)

const (
	maxLooks     = 3                      // at a kernel that is changed meanwhile
	passingPause = 100 * time.Millisecond // for dockerd to put back what it takes away for a moment
)

// auditor compares all that the kernel holds with what is wanted, and puts it
// right. It has a Kernel of its own, which reads while changes go on. One
// goroutine at a time audits.
type auditor struct {
	log    *slog.Logger
	sync   *kernelSync
	kernel *kernel.Kernel
	keeper *kernel.Keeper
	ports  []string      // of the keeper, as they are on disk
	fault  overlay.Fault // of the host, as the last audit found it
}

// audit makes the kernel hold what is wanted. sync.mu is locked, except while the
// kernel is read: changes go on then.
func (a *auditor) audit(network string) error {
	k := a.sync
	seen, ops, wasInSync, err := a.look()
	if err != nil {
		k.inSync = false
		return err
	}
	a.fault = overlay.Fault{}
	if faults := seen.Faults(); len(faults) > 0 {
		a.fault = faults[0]
	}
	err = a.keeper.Apply(seen, ops)
	if ports := a.keeper.Ports(); !slices.Equal(ports, a.ports) {
		a.ports = ports
		if err := overlayhost.SavePorts(network, ports); err != nil {
			a.log.Warn("another agent will not know which devices are at the bridge", "err", err)
		}
	}
	healed := 0
	if len(ops) > 0 && k.inSync {
		healed = len(ops)
		first, _, _ := strings.Cut(ops[0].String(), "\n")
		a.log.Warn("put right what was changed", "operations", len(ops), "first", first)
	}
	k.counts.add(len(ops), healed)
	k.inSync = err == nil && k.inSync == wasInSync // else a change asks for another audit
	return err
}

// look reads the kernel until what it lacks is certain, or maxLooks times. It
// returns what it saw, the operations that are left to do, and whether the
// kernel was taken to be in sync when the last reading began.
func (a *auditor) look() (seen kernel.Observed, ops []overlay.Op, wasInSync bool, err error) {
	k := a.sync
	passing := false
	for tries, again := 1, true; again; tries++ {
		wanted, subnet, fenced := k.wanted, k.wanted.Subnet(), k.wanted.Fenced()
		wasInSync, k.reading, k.applied = k.inSync, true, nil
		k.mu.Unlock()
		if passing {
			time.Sleep(passingPause)
		}
		seen, err = a.keeper.Look(subnet)
		k.mu.Lock()
		k.reading = false
		if err != nil {
			return seen, nil, wasInSync, err
		}
		// What was seen is no more, if the subnet became another or the host was cut off.
		if again = k.wanted != wanted || k.wanted.Fenced() != fenced; !again {
			ops = a.keeper.Plan(seen, k.wanted.State(), k.applied)
			// Of entries that others are deleted among the kernel may list too few.
			passing = overlay.Transient(ops)
			again = (len(ops) > 0 && len(k.applied) > 0 || passing) && tries < maxLooks
		}
	}
	return seen, ops, wasInSync, nil
}
