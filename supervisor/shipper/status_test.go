package shipper

import (
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"rundock/internal/control"
)

func TestStatusOf(t *testing.T) {
	now := time.Unix(1e9, 0)
	well := control.ShipStatus{Version: 1, PID: 7, To: "fluent://a", Digest: "d", Arrived: now.Add(-time.Minute), Shipped: 5, Lines: 2, Limit: 100, Beat: time.Hour}
	with := func(change func(*control.ShipStatus)) control.ShipStatus {
		s := well
		change(&s)
		return s
	}
	for name, c := range map[string]struct {
		settings, unread error
		status           control.ShipStatus
		stopped          bool
		digest           string
		clock            time.Duration
		verdict, says    string
	}{
		"well":          {status: well, verdict: "ok", says: "5 lines were shipped"},
		"no settings":   {settings: fmt.Errorf("stat: %w", os.ErrNotExist), verdict: "ok", says: "no logs are shipped"},
		"stopped":       {status: well, stopped: true, verdict: "wrong", says: "does not run"},
		"silent":        {status: well, clock: 2 * time.Hour, verdict: "wrong", says: "has said nothing for 1h"},
		"old settings":  {status: well, digest: "other", verdict: "wrong", says: "by other settings"},
		"failing":       {status: with(func(s *control.ShipStatus) { s.Reason, s.Failing = "refused", now.Add(-time.Hour) }), verdict: "wrong", says: "nothing is shipped to fluent://a for 1h0m: refused; 2 lines wait"},
		"unread":        {status: with(func(s *control.ShipStatus) { s.Unread = "no space" }), verdict: "wrong", says: "no space"},
		"lost":          {status: with(func(s *control.ShipStatus) { s.Lost = 9 }), verdict: "ok", says: "9 lines were lost"},
		"removed":       {status: with(func(s *control.ShipStatus) { s.Removed = 3 }), verdict: "ok", says: "removed files 3 times"},
		"not yet":       {status: with(func(s *control.ShipStatus) { s.Arrived = time.Time{} }), verdict: "ok", says: "acknowledged nothing yet"},
		"damaged":       {unread: fmt.Errorf("ship.json: unexpected end"), verdict: "wrong", says: "unexpected end"},
		"no permission": {unread: fmt.Errorf("ship.json: %w", os.ErrPermission), verdict: "unknown", says: "permission denied"},
	} {
		digest, clock := "d", time.Hour
		if c.digest != "" {
			digest = c.digest
		}
		if c.clock > 0 {
			clock = c.clock
		}
		s := statusOf(c.settings, c.status, c.unread, !c.stopped, digest, clock, now)
		if text := fmt.Sprint(s.Findings); s.Verdict != c.verdict || !strings.Contains(text, c.says) {
			t.Errorf("%s: the verdict is %s, want %s, and %s; want %q", name, s.Verdict, c.verdict, text, c.says)
		}
	}
}
