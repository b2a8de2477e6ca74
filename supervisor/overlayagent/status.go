package overlayagent

import (
	"cmp"
	"log/slog"
	"time"

	"rundock/internal/control"
)

// statusWriter writes the status file of the network, and logs what became
// another in it.
type statusWriter struct {
	log  *slog.Logger
	last control.OverlayStatus // as it was written
}

// situation is what the state of the network follows from.
type situation struct {
	pending bool  // there is no subnet yet
	audited bool  // once
	failed  error // why the kernel is not what is wanted
	asked   bool  // Docker has answered for this subnet
	missing error // why Docker has no part in the network
	fenced  bool  // another host has the subnet
}

// judge returns the state and its reason; known is false while an answer is
// awaited that tells it.
func (s situation) judge() (state control.OverlayState, reason string, known bool) {
	switch {
	case s.pending:
		return control.OverlayWaiting, "no subnet yet", true
	case !s.audited:
		return "", "", false // an audit is due
	case s.failed != nil:
		return control.OverlayWaiting, s.failed.Error(), true
	case !s.asked:
		return "", "", false
	case s.missing != nil:
		return control.OverlayWaiting, s.missing.Error(), true
	case s.fenced:
		return control.OverlayFenced, "", true
	}
	return control.OverlayUp, "", true
}

// write completes the status with its state and writes it if it differs from
// the last, or if that is old.
func (w *statusWriter) write(s control.OverlayStatus, of situation) {
	state, reason, known := of.judge()
	if !known {
		return
	}
	s.State, s.Reason = state, reason
	if s.State != w.last.State || s.Reason != w.last.Reason {
		s.Since = time.Now()
		w.log.Info("the network is "+string(s.State), "reason", s.Reason, "subnet", s.Subnet, "peers", s.Peers)
	}
	s.Beat = w.last.Beat
	now := control.Clock()
	if s == w.last && now-s.Beat <= control.OverlayBeat/2 {
		return
	}
	s.Beat = now
	if s.Fault != w.last.Fault {
		w.log.Warn(cmp.Or(s.Fault, "what was wrong with the host, or with others, is over"), "next", s.Next)
	}
	if s.Unheard != w.last.Unheard {
		w.log.Warn(cmp.Or(s.Unheard, "all other hosts answer in the network"))
	}
	w.last = s
	if err := control.WriteOverlay(control.Dir, s); err != nil {
		w.log.Warn("the status is not written", "err", err)
	}
}
