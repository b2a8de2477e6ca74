package shipper

import (
	"log/slog"
	"sync"
	"time"

	"rundock/internal/complaint"
	"rundock/internal/control"
	"rundock/supervisor/shipper/spool"
)

// state is what the process says of itself: in its status file, and in its log.
type state struct {
	dir   string // of status files
	spool *spool.Spool
	log   *slog.Logger

	mu         sync.Mutex
	status     control.ShipStatus
	complaints complaint.Memory
	toldLost   uint64
	toldGone   uint64
	unwritten  bool
}

func newState(dir string, sp *spool.Spool, log *slog.Logger, first control.ShipStatus) *state {
	return &state{dir: dir, spool: sp, log: log, status: first, toldLost: sp.Figures().Lost}
}

// failed says that nothing is shipped, and why.
func (s *state) failed(err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.status.Failing.IsZero() {
		s.status.Failing = time.Now()
	}
	s.status.Reason = err.Error()
	if s.complaints.News(time.Now(), s.status.Reason) {
		s.log.Warn("nothing is shipped; lines are kept", "to", s.status.To, "err", err)
	}
}

// arrived says that the receiver has acknowledged lines. unsaved is why that is not on disk.
func (s *state) arrived(lines uint64, unsaved error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.status.Failing.IsZero() {
		s.log.Info("lines are shipped again", "to", s.status.To, "after", time.Since(s.status.Failing).Round(time.Second).String())
		s.complaints = complaint.Memory{}
	}
	s.status.Reason, s.status.Failing = "", time.Time{}
	s.status.Arrived, s.status.Shipped = time.Now(), s.status.Shipped+lines
	if unsaved != nil && s.complaints.News(time.Now(), unsaved.Error()) {
		s.log.Error("what was acknowledged is shipped again if this process is killed", "err", unsaved)
	}
}

// collected says how reading the logs went.
func (s *state) collected(removed uint64, bad error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.status.Removed, s.status.Unread = removed, ""
	if bad != nil {
		s.status.Unread = bad.Error()
		if s.complaints.News(time.Now(), s.status.Unread) {
			s.log.Error("a log is not read on", "err", bad)
		}
	}
}

// write writes the status file, and logs what was lost since the last time.
func (s *state) write() {
	s.mu.Lock()
	defer s.mu.Unlock()
	f := s.spool.Figures()
	s.status.Lines, s.status.Bytes, s.status.Lost, s.status.Beat = f.Lines, f.Bytes, f.Lost, control.Clock()
	if f.Lost > s.toldLost {
		s.log.Warn("the buffer was full, and the oldest lines went", "lines", f.Lost-s.toldLost, "ever", f.Lost)
		s.toldLost = f.Lost
	}
	if s.status.Removed > s.toldGone {
		s.log.Warn("svlogd removed files before they were read: lines are lost", "times", s.status.Removed-s.toldGone)
		s.toldGone = s.status.Removed
	}
	err := control.WriteShip(s.dir, s.status)
	if err != nil && !s.unwritten {
		s.log.Error("the status file is not written", "err", err)
	}
	s.unwritten = err != nil
}
