package bench

import (
	"errors"
	"net/netip"
	"testing"
	"time"

	"rundock/internal/netnstest"
	"rundock/internal/overlay"
	"rundock/internal/overlay/kernel"
	"rundock/internal/overlay/overlaytest/agentsite"
)

// TestControl_kernel measures, in a namespace for each round, what it takes to
// program all peers of a network whose devices are there, to find that all is
// right, and to change one; and what it takes a bare probe.
func TestControl_kernel(t *testing.T) {
	for _, count := range sizes() {
		var program, programBare, audit, auditBare, change, changeBare []float64
		for range turns() {
			ns := netnstest.New(t, "host")
			ns.Do(func() {
				s, err := newStand(count)
				if err != nil {
					t.Error(err)
					return
				}
				defer s.close()
				must := func(what string, f func() error) float64 {
					began := time.Now()
					if err := f(); err != nil {
						t.Errorf("%s: %v", what, err)
					}
					return milliseconds(time.Since(began))
				}
				programBare = append(programBare, must("the probe programs", func() error { return s.probe.send(s.requests) }))
				auditBare = append(auditBare, must("the probe lists", s.probe.look))
				changeBare = append(changeBare, must("the probe changes one", func() error { return s.probe.send(s.requests[3:6]) }))
				must("all is taken away", func() error { return s.kernel.Apply(overlay.Plan(s.all, s.alone)) })
				program = append(program, must("all are programmed", func() error { return s.kernel.Apply(overlay.Plan(s.alone, s.all)) }))
				look := func() error {
					ops, err := s.keeper.Audit(host.Subnet, s.all)
					if len(ops) > 0 {
						t.Errorf("after %d peers are programmed there is left to do %s, and more: %d in all", count, ops[0], len(ops))
					}
					return err
				}
				must("a first audit", look) // which takes the memory for all further ones
				audit = append(audit, must("an audit", look))
				change = append(change, must("one is changed", func() error {
					ops, _, err := s.wanted.Change(map[netip.Prefix]*overlay.Peer{s.moved.Subnet: &s.moved})
					return errors.Join(err, s.kernel.Apply(ops))
				}))
			})
			if t.Failed() {
				return
			}
		}
		report(t, "%d peers programmed: %.1f ms, %.2f of a bare probe", count, median(program), ratio(program, programBare))
		report(t, "audit of %d peers: %.1f ms, %.2f of a bare probe", count, median(audit), ratio(audit, auditBare))
		report(t, "one of %d peers changed: %.2f ms, %.2f of a bare probe", count, median(change), ratio(change, changeBare))
	}
}

// stand is the network in a namespace, without peers.
type stand struct {
	kernel     *kernel.Kernel
	keeper     *kernel.Keeper
	probe      *probe
	requests   [][]byte // of the probe
	alone, all overlay.State
	wanted     *overlay.Wanted // all
	moved      overlay.Peer    // one of them, with another address
}

func newStand(count int) (s stand, err error) {
	of := agentsite.Peers(count)
	if s.alone, err = overlay.Want(many, host, nil); err != nil {
		return s, err
	}
	if s.wanted, err = overlay.NewWanted(many, host, of); err != nil {
		return s, err
	}
	s.all, s.moved = s.wanted.State(), of[count/2]
	s.moved.Underlay = agentsite.Underlay(50_000)
	if s.kernel, err = kernel.Open(); err != nil {
		return s, err
	}
	s.keeper = kernel.NewKeeper(s.kernel, many, nil)
	if _, err = s.keeper.Audit(host.Subnet, s.alone); err != nil {
		return s, err
	}
	if s.probe, err = openProbe(agentsite.Many.Vxlan()); err != nil {
		return s, err
	}
	s.requests = s.probe.requests(of)
	return s, nil
}

func (s stand) close() {
	s.probe.close()
	s.kernel.Close()
}
