package overlayagent

import (
	"rundock/internal/overlay"
	"rundock/supervisor/overlayhost"
)

// save keeps what is known, if it is not what is on disk.
func (a *agent) save() {
	a.mu.Lock()
	if !a.unkept {
		a.mu.Unlock()
		return
	}
	known := overlayhost.SavedOf(a.wanted)
	a.unkept = false
	a.keeping.Lock()
	a.mu.Unlock()
	err := known.Save(overlay.KeptDir, a.Settings.Name)
	a.keeping.Unlock()
	if err != nil {
		a.mu.Lock()
		defer a.mu.Unlock()
		a.notSaved(err)
	}
}

// saveNow is keep of what the kernel is not told before. a.mu is held.
func (a *agent) saveNow() {
	a.keeping.Lock()
	defer a.keeping.Unlock()
	a.unkept = false
	if err := overlayhost.SavedOf(a.wanted).Save(overlay.KeptDir, a.Settings.Name); err != nil {
		a.notSaved(err)
	}
}

// notSaved has it tried again with the next audit. a.mu is held.
func (a *agent) notSaved(err error) {
	a.unkept = true
	a.log.Warn("a boot without registry will not know this", "err", err)
}
