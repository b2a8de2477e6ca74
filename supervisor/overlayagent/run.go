package overlayagent

import (
	"context"
	"os"
	"runtime"

	"rundock/internal/control"
	"rundock/internal/overlay"
	"rundock/internal/registry"
	"rundock/supervisor/overlayhost"
	"rundock/supervisor/process"
)

// Run keeps a network until it is told to leave: TERM and INT say that
// this host is not alive any more, HUP leaves that to a successor. What the
// kernel holds stays in any case: containers go on talking.
func Run(name string) int {
	log := process.NewLogger().With("network", name)
	ctx, cancel := context.WithCancelCause(context.Background())
	defer cancel(nil)
	go process.Listen(cancel, registry.ErrHandOver)
	unlock, err := process.TakeOver(ctx, control.OverlayLock(control.Dir, name), "overlay", log)
	if err != nil {
		log.Error("cannot keep the network", "err", err)
		process.Pause(ctx)
		return 100
	}
	defer unlock()
	digest := control.Digest(overlay.SettingsDir, []string{name + ".json"})
	p, err := find(name)
	if err == nil {
		a := newAgent(p, log)
		defer a.close()
		a.status.last.Digest = digest
		// What is opened belongs to the network namespace of a thread.
		runtime.LockOSThread()
		err = a.run(ctx)
	}
	if err != nil {
		log.Error("cannot keep the network", "err", err)
		status := control.OverlayStatus{Network: name, PID: os.Getpid(), Digest: digest, State: control.OverlayWaiting, Reason: err.Error()}
		if err := control.WriteOverlay(control.Dir, status); err != nil {
			log.Warn("the status is not written", "err", err)
		}
		process.Pause(ctx)
		return 100
	}
	return 0
}

// find reads the settings, and makes this host's instance.
func find(name string) (overlayhost.Place, error) {
	p, err := overlayhost.Find(name)
	if err == nil {
		p.Instance, err = overlayhost.MakeInstance()
	}
	return p, err
}
