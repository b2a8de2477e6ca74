package lab

import (
	"context"
	"net/netip"
	"path/filepath"
	"slices"
	"sync"
)

// Status is what a lab is at this moment.
type Status struct {
	ID        string       `json:"id"`
	Up        bool         `json:"up"` // the switch runs; hosts may be without power
	Inventory string       `json:"inventory"`
	Flavour   Flavour      `json:"flavour,omitempty"`
	Hosts     []HostStatus `json:"hosts"`
}

// HostStatus is what one host is at this moment.
type HostStatus struct {
	Name        string     `json:"name"`
	State       string     `json:"state"` // running or stopped
	Partitioned bool       `json:"partitioned"`
	PID         int        `json:"pid,omitempty"` // of its init, on this machine
	Private     netip.Addr `json:"private"`
	Public      netip.Addr `json:"public,omitzero"`
	SSH         bool       `json:"ssh"`    // sshd listens
	Docker      bool       `json:"docker"` // dockerd answers
	Python      bool       `json:"python"` // was made with Python
	Release     string     `json:"release"`
}

// Status looks at the lab.
func (l *Lab) Status(ctx context.Context) (Status, error) {
	hosts, err := l.Hosts()
	if err != nil {
		return Status{}, err
	}
	s := Status{ID: l.ID, Inventory: filepath.Join(l.Dir, "inventory"), Flavour: l.flavour(hosts), Hosts: make([]HostStatus, len(hosts))}
	var cut []string
	if pid := l.switchProcess(); pid != 0 {
		s.Up = true
		if cut, err = cutPorts(pid); err != nil {
			return Status{}, err
		}
	}
	private, public := networks(l.ID)
	var all sync.WaitGroup
	for i, h := range hosts {
		all.Go(func() {
			hs := HostStatus{Name: h.Name, State: "stopped", Private: h.Private, Public: h.Public, Python: !l.withoutPython(h.Name), Release: l.release(h.Name)}
			for _, n := range h.nics(private, public) {
				hs.Partitioned = hs.Partitioned || slices.Contains(cut, n.port)
			}
			if hs.PID = firstProcess(l.hierarchies, cgroupOf(l.ID, h.Name)); hs.PID != 0 {
				hs.State = "running"
				hs.SSH = listens(hs.PID, 22)
				hs.Docker = dockerAnswers(ctx, hs.PID)
			}
			s.Hosts[i] = hs
		})
	}
	all.Wait()
	return s, nil
}
