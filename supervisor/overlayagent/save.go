package overlayagent

import (
	"log/slog"
	"sync"
	"sync/atomic"

	"rundock/internal/overlay"
	"rundock/supervisor/overlayhost"
)

// savedState is what is known of the network, on disk, for a boot without
// store.
type savedState struct {
	log     *slog.Logger
	dir     string // overlay.SavedDir; another one in tests
	network string
	stale   atomic.Bool  // what is known is not what is on disk
	failed  atomic.Value // string: why it could not be put there; "": it could
	writing sync.Mutex   // is taken while the known is locked, so that what is known later is written later
}

// begin takes what is known, which is locked, and returns what writes it, to be
// called once, then or later. What fails is stale again, for the next try, and
// is said until it is done.
func (s *savedState) begin(known overlayhost.SavedState) (write func()) {
	s.stale.Store(false)
	s.writing.Lock()
	return func() {
		defer s.writing.Unlock()
		failed := ""
		if err := known.Save(s.dir, s.network); err != nil {
			s.stale.Store(true)
			failed = err.Error()
		}
		if failed != "" && s.failure() == "" {
			s.log.Warn("what is known of the network is not saved: a boot without store will not know it", "err", failed)
		}
		s.failed.Store(failed)
	}
}

// failure is why what is known is not saved; "" if it is.
func (s *savedState) failure() string {
	failed, _ := s.failed.Load().(string)
	return failed
}

// notSaved is what status says about a failure.
func notSaved(failure string) overlay.Fault {
	if failure == "" {
		return overlay.Fault{}
	}
	return overlay.Fault{
		What: "what is known of the network is not saved, so that a start without store would go by what was: " + failure,
		Next: "df " + overlay.SavedDir + ", and make room there; the agent tries again every 10 s",
	}
}
