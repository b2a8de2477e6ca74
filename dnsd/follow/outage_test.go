package follow

import (
	"bytes"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// logged runs an outage within a bubble of synctest, and returns what is logged.
func logged(t *testing.T, run func(o *outage)) (lines []string) {
	synctest.Test(t, func(t *testing.T) {
		var log bytes.Buffer
		o := &outage{log: slog.New(slog.NewTextHandler(&log, nil))}
		run(o)
		o.stop()
		time.Sleep(time.Hour) // what is not stopped would go on
		for line := range strings.Lines(log.String()) {
			_, text, _ := strings.Cut(strings.TrimSpace(line), "msg=")
			lines = append(lines, text)
		}
	})
	return lines
}

func TestAnOutageIsLoggedWhileItGoesOn(t *testing.T) {
	refused := errors.New("10.1.0.2:2379: connection refused")
	for claim, c := range map[string]struct {
		run  func(o *outage)
		want []string
	}{
		"one error alone is told once, and the outage is named each minute": {
			func(o *outage) {
				o.began(refused)
				time.Sleep(3*time.Minute + time.Second)
				o.ended()
			},
			[]string{
				`"store is away, answering from what is known" err="10.1.0.2:2379: connection refused"`,
				`"store is still away, answering from what is known" for=1m0s err="10.1.0.2:2379: connection refused"`,
				`"store is still away, answering from what is known" for=2m0s err="10.1.0.2:2379: connection refused"`,
				`"store is still away, answering from what is known" for=3m0s err="10.1.0.2:2379: connection refused"`,
				`"store is followed" was_away_for=3m1s`,
			},
		},
		"a start that finds the store": {
			func(o *outage) { o.ended() },
			[]string{`"store is followed"`},
		},
		"an outage of some seconds": {
			func(o *outage) {
				o.began(refused)
				time.Sleep(5 * time.Second)
				o.ended()
			},
			[]string{`"store is away, answering from what is known" err="10.1.0.2:2379: connection refused"`, `"store is followed" was_away_for=5s`},
		},
		"a second outage is told as the first was": {
			func(o *outage) {
				for range 2 {
					o.began(refused)
					time.Sleep(61 * time.Second)
					o.ended()
				}
			},
			[]string{
				`"store is away, answering from what is known" err="10.1.0.2:2379: connection refused"`,
				`"store is still away, answering from what is known" for=1m0s err="10.1.0.2:2379: connection refused"`,
				`"store is followed" was_away_for=1m1s`,
				`"store is away, answering from what is known" err="10.1.0.2:2379: connection refused"`,
				`"store is still away, answering from what is known" for=1m0s err="10.1.0.2:2379: connection refused"`,
				`"store is followed" was_away_for=1m1s`,
			},
		},
		"an end of dnsd while the store is away": {
			func(o *outage) { o.began(refused) },
			[]string{`"store is away, answering from what is known" err="10.1.0.2:2379: connection refused"`},
		},
	} {
		if got := logged(t, c.run); strings.Join(got, "\n") != strings.Join(c.want, "\n") {
			t.Errorf("%s: the log says\n%s\nwant\n%s", claim, strings.Join(got, "\n"), strings.Join(c.want, "\n"))
		}
	}
}

// Two endpoints fail by turns each second for an hour.
func TestAnOutageDoesNotFillTheLog(t *testing.T) {
	lines := logged(t, func(o *outage) {
		for i := range 3600 {
			o.began(fmt.Errorf("10.1.0.%d:2379: connection refused", 2+i%2))
			time.Sleep(time.Second)
		}
	})
	if len(lines) < 60 || len(lines) > 80 {
		t.Errorf("an outage of an hour is logged in %d lines, want one each minute and few besides:\n%s", len(lines), strings.Join(lines, "\n"))
	}
}
