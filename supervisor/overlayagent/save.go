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
	a.mu.Lock()
	defer a.mu.Unlock()
	a.noteSaved(err)
}

// saveNow is keep of what the kernel is not told before. a.mu is locked.
func (a *agent) saveNow() {
	a.keeping.Lock()
	defer a.keeping.Unlock()
	a.unkept = false
	a.noteSaved(overlayhost.SavedOf(a.wanted).Save(overlay.KeptDir, a.Settings.Name))
}

// noteSaved has what failed tried again with the next audit, and said until it
// is done. a.mu is locked.
func (a *agent) noteSaved(err error) {
	unsaved := ""
	if err != nil {
		a.unkept, unsaved = true, err.Error()
	}
	if unsaved != "" && a.unsaved == "" {
		a.log.Warn("what is known of the network is not saved: a boot without registry will not know it", "err", err)
	}
	a.unsaved = unsaved
}

// notSaved is what status says about that; the zero Fault: all is saved. a.mu
// is held.
func (a *agent) notSaved() overlay.Fault {
	if a.unsaved == "" {
		return overlay.Fault{}
	}
	return overlay.Fault{
		What: "what is known of the network is not saved, so that a start without registry would go by what was: " + a.unsaved,
		Next: "df " + overlay.KeptDir + ", and make room there; the agent tries again every 10 s",
	}
}
