package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"rundock/internal/control"
	"rundock/internal/module"
	"rundock/supervisor/overlaydir"
)

// wait returns when the network is up, and other hosts are told so. Where
// nothing was done, that they are not is no more than a warning.
func (t *task) wait(before situation, p plan) error {
	deadline := time.Now().Add(t.p.patience())
	for {
		now, err := t.look()
		if err != nil {
			return err
		}
		t.tell(now)
		elsewhere := t.elsewhere(now)
		exchanged := !p.exchanges() || now.Agent.Status.PID != before.Agent.Status.PID
		switch {
		case !exchanged, elsewhere != nil:
		case now.up() && now.Says.Alive:
			if now.Says.Unheard != "" {
				t.warn("%s", now.Says.Unheard)
			}
			if now.Says.Fault != "" {
				t.warn("%s; next: %s", now.Says.Fault, now.Says.Next)
			}
			return nil
		case now.up() && !p.changes():
			t.warn("other hosts do not see this one: %s", now.Says.Registry)
			return nil
		case now.speaks() && !now.Stale && now.Says.Refused:
			return errors.New(now.Says.Registry)
		}
		if time.Now().After(deadline) {
			return fmt.Errorf("network %s is not up after %d s: %s%s", t.p.Name, t.p.WaitTimeout, module.Choose(elsewhere != nil, fmt.Sprint(elsewhere), now.why()), lastWords(t.p.Name))
		}
		time.Sleep(50 * time.Millisecond)
	}
}

// elsewhere returns an error if the agent keeps the network at another address
// than that by which other hosts reach this one now: it is to follow.
func (t *task) elsewhere(now situation) error {
	if !now.up() {
		return nil
	}
	u, err := t.underlay()
	if err == nil && u.Address.String() != now.Says.Underlay {
		err = fmt.Errorf("its agent has not followed the host's address, which was %s and is %s", now.Says.Underlay, u.Address)
	}
	return err
}

// why says why the network is not up.
func (s situation) why() string {
	switch a := s.Agent; {
	case !s.speaks() && a.Supervised && a.Status.WantDown:
		return "its agent is down, as by sv down"
	case !s.speaks():
		return "its agent has said nothing"
	case a.Status.WantDown, a.Status.GotTerm:
		return fmt.Sprintf("its agent, process %d, was told to stop and has not ended", s.Says.PID)
	}
	if silent := s.Says.Mute(control.Clock()); silent != 0 {
		return fmt.Sprintf("its agent, process %d, has said nothing for %s: it was stopped or hangs (sv restart overlay-%s)", s.Says.PID, silent, s.Says.Network)
	}
	var reasons []string
	for _, r := range []string{s.Says.Reason, s.Says.Registry} {
		if r != "" {
			reasons = append(reasons, r)
		}
	}
	if reasons == nil {
		reasons = []string{module.Choose(s.up(), "other hosts are not told yet", "it is "+string(s.Says.State))}
	}
	return strings.Join(reasons, "; ")
}

// lastWords is the end of the agent's log.
func lastWords(network string) string {
	const count = 5
	path := filepath.Join(overlaydir.LogDir(network), "current")
	data, err := os.ReadFile(path)
	lines := strings.Split(strings.TrimSpace(string(data)), "\n")
	if err != nil || lines[0] == "" {
		return ""
	}
	return fmt.Sprintf("\n%s ends with:\n%s", path, strings.Join(lines[max(0, len(lines)-count):], "\n"))
}
