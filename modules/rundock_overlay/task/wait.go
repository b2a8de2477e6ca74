package task

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"rundock/internal/module"
	"rundock/modules/rundock_overlay/look"
	"rundock/modules/rundock_overlay/plan"
	"rundock/supervisor/overlaydir"
)

// wait returns when the network is up, and other hosts are told so. Where
// nothing was done, that they are not is no more than a warning.
func (t *task) wait(before plan.Situation, p plan.Plan) error {
	var now plan.Situation
	var elsewhere error
	done := func() (bool, error) {
		var err error
		if now, err = t.look(); err != nil {
			return false, err
		}
		t.told = now.Tell(t.p.Name)
		elsewhere = t.elsewhere(now)
		exchanged := !p.HandsOver() || now.Process.Status.PID != before.Process.Status.PID
		switch {
		case !exchanged, elsewhere != nil, p.Changes() && now.Logger.Status.Paused:
		case now.Up() && (now.Says.Alive || !p.Changes()):
			t.warnOf(now)
			return true, nil
		case now.Speaks() && !now.Stale && now.Says.Refused:
			return false, errors.New(now.Says.Registry)
		}
		return false, nil
	}
	return module.Await(t.p.Patience(), done, func() error {
		return fmt.Errorf("network %s is not up after %d s: %s%s", t.p.Name, t.p.WaitTimeout, module.Choose(elsewhere != nil, fmt.Sprint(elsewhere), now.Why()), lastWords(t.p.Name))
	})
}

// warnOf says what the agent of a network that is up finds wrong.
func (t *task) warnOf(now plan.Situation) {
	for _, w := range now.Warnings() {
		t.Warn("%s", w)
	}
}

// elsewhere returns an error if the agent keeps the network at another address
// than that by which other hosts reach this one now: it is to follow.
func (t *task) elsewhere(now plan.Situation) error {
	if !now.Up() {
		return nil
	}
	u, err := look.Underlay(t.host.Config, t.settings)
	if err == nil && u.Address.String() != now.Says.Underlay {
		err = fmt.Errorf("its agent has not followed the host's address, which was %s and is %s", now.Says.Underlay, u.Address)
	}
	return err
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
