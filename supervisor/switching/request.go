package switching

import (
	"errors"
	"flag"
	"fmt"
	"strconv"
	"strings"
	"time"

	"rundock/internal/cutover"
)

// Request is what a call asks for.
type Request struct {
	Service, To string
	Who, Image  string
	Path        string // of HTTP, for the poll of instances; "": TCP alone
	MinHealthy  int
	Drain       int // seconds
	Timeout     int // seconds
	Rollback    cutover.Rollback
	Canary      float64 // percent; 0: no such phase
	CanaryFor   int     // seconds
}

// State is the first one of the attempt.
func (r Request) state(active, attempt string, now time.Time) cutover.State {
	return cutover.State{
		Active: active, To: r.To, Phase: cutover.Prepare, Attempt: attempt, Who: r.Who, Image: r.Image, Since: now.UTC(),
		MinHealthy: r.MinHealthy, Drain: r.Drain, Timeout: r.Timeout, CanaryPercent: r.Canary, CanarySeconds: r.CanaryFor, Rollback: r.Rollback,
	}
}

// limit is how long the attempt takes at the most: each phase has the timeout.
func (r Request) limit() time.Duration {
	return time.Duration(5*r.Timeout+r.Drain+r.CanaryFor+r.Rollback.Window+30) * time.Second
}

// flags are those that say what is asked for.
func (r *Request) flags(set *flag.FlagSet) {
	set.StringVar(&r.To, "to", "", "")
	set.StringVar(&r.Who, "who", "", "")
	set.StringVar(&r.Image, "image", "", "")
	set.StringVar(&r.Path, "path", "", "")
	set.IntVar(&r.MinHealthy, "min-healthy", 0, "")
	set.Func("drain", "", seconds(&r.Drain))
	set.Func("timeout", "", seconds(&r.Timeout))
	set.Func("rollback-on", "", func(text string) (err error) { r.Rollback, err = parseRollback(text); return err })
	set.Func("canary", "", func(text string) (err error) { r.Canary, r.CanaryFor, err = parseCanary(text); return err })
}

// check refuses what no service can be asked for.
func (r Request) check() error {
	switch {
	case !cutover.IsColour(r.To):
		return fmt.Errorf("--to %q: want blue or green", r.To)
	case r.MinHealthy < 0:
		return fmt.Errorf("--min-healthy %d: want 1 or more", r.MinHealthy)
	case r.Timeout < 1:
		return errors.New("--timeout: want a second or more")
	case r.Path != "" && !strings.HasPrefix(r.Path, "/"):
		return fmt.Errorf("--path %q: want one that begins with /", r.Path)
	}
	return nil
}

// seconds reads 30, 30s or 2m.
func seconds(into *int) func(string) error {
	return func(text string) (err error) {
		*into, err = parseSeconds(text)
		return err
	}
}

func parseSeconds(text string) (int, error) {
	const day = 24 * 60 * 60
	n, err := strconv.Atoi(text)
	if err != nil {
		var d time.Duration
		if d, err = time.ParseDuration(text); err == nil {
			if d%time.Second != 0 {
				return 0, fmt.Errorf("%q: want whole seconds", text)
			}
			n = int(d / time.Second)
		}
	}
	if err != nil || n < 0 || n > day {
		return 0, fmt.Errorf("%q: want seconds, such as 30 or 30s, a day at most", text)
	}
	return n, nil
}

func parsePercent(text string) (float64, error) {
	p, err := strconv.ParseFloat(strings.TrimSuffix(text, "%"), 64)
	if err != nil || !(p > 0 && p <= 100) {
		return 0, fmt.Errorf("%q: want a share such as 1%%, more than 0 and at most 100", text)
	}
	return p, nil
}

// parseRollback reads errors=1%,checks=1,window=30s.
func parseRollback(text string) (r cutover.Rollback, err error) {
	for _, part := range strings.Split(text, ",") {
		name, value, _ := strings.Cut(strings.TrimSpace(part), "=")
		switch name {
		case "errors":
			r.ErrorPercent, err = parsePercent(value)
		case "checks":
			if r.Checks, err = strconv.Atoi(value); err != nil || r.Checks < 1 {
				err = fmt.Errorf("%q: want a number of failed checks, 1 or more", value)
			}
		case "window":
			r.Window, err = parseSeconds(value)
		default:
			return r, fmt.Errorf("%q: want errors=1%%, checks=1 or window=30s, with commas between", part)
		}
		if err != nil {
			return r, fmt.Errorf("%s: %w", name, err)
		}
	}
	if r.ErrorPercent == 0 && r.Checks == 0 {
		return r, errors.New("want errors=SHARE or checks=NUMBER besides the window")
	}
	if r.Window == 0 {
		r.Window = defaultWindow
	}
	return r, nil
}

// defaultWindow is how long it is looked at errors after the flip, in seconds.
const defaultWindow = 30

// parseCanary reads 10%,30s.
func parseCanary(text string) (percent float64, last int, err error) {
	share, time, ok := strings.Cut(text, ",")
	if !ok {
		return 0, 0, fmt.Errorf("%q: want a share and a time, such as 10%%,30s", text)
	}
	if percent, err = parsePercent(strings.TrimSpace(share)); err != nil {
		return 0, 0, err
	}
	last, err = parseSeconds(strings.TrimSpace(time))
	return percent, last, err
}
