package verifier

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"net/url"
	"os"
	"os/signal"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"rundock/internal/cutover"
	"rundock/internal/hostconfig"
	"rundock/internal/pause"
	"rundock/internal/registry"
	"rundock/internal/registry/open"
	"rundock/supervisor/report"
	"rundock/supervisor/switching"
)

const usage = `usage: rundockd verify-switch SERVICE --url URL [--url URL...] [--flips N] [...]

Switches the service's colours to and fro while clients send POSTs to its load
balancers, and counts and explains what fails. Both colours must have healthy
instances. At the end the colour that had the traffic has it again, if N is even.

  --url URL          of the service at a load balancer, such as http://10.0.0.9/;
                     it must take POSTs. Give one for each load balancer
  --host NAME        Host header, where the load balancers look at it
  --websocket URL    ws://... that answers pings: such a connection is kept too
  --flips N          switches (10)
  --kept N           clients on kept connections (16)
  --fresh N          clients that make a connection for each request (4)
  --every D          pause of a client after a request (10ms)
  --between D        pause between two switches (500ms)
  --drain S          seconds, as of rundockd switch (5)
  --json             print a document

Exit code: 0 if no request failed, 1 if not all switches could be made, 2 for a bad
argument, 3 if requests failed.
`

// Settings are what a call asks for.
type Settings struct {
	Load
	Service   string
	WebSocket string // URL; "": none is kept
	Flips     int
	Between   time.Duration // two switches
	Drain     int           // seconds
}

func (s *Settings) flags(set *flag.FlagSet) {
	set.Func("url", "", func(text string) error {
		u, err := url.Parse(text)
		if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" {
			return fmt.Errorf("%q: want http://HOST/PATH", text)
		}
		s.URLs = append(s.URLs, text)
		return nil
	})
	set.StringVar(&s.Host, "host", "", "")
	set.StringVar(&s.WebSocket, "websocket", "", "")
	set.IntVar(&s.Flips, "flips", 10, "")
	set.IntVar(&s.Kept, "kept", 16, "")
	set.IntVar(&s.Fresh, "fresh", 4, "")
	set.DurationVar(&s.Every, "every", 10*time.Millisecond, "")
	set.DurationVar(&s.Between, "between", 500*time.Millisecond, "")
	set.IntVar(&s.Drain, "drain", 5, "")
	s.Timeout = time.Minute
}

func (s Settings) check() error {
	switch {
	case len(s.URLs) == 0:
		return errors.New("want --url, one for each load balancer")
	case s.Flips < 1:
		return fmt.Errorf("--flips %d: want 1 or more", s.Flips)
	case s.Kept < 0 || s.Fresh < 0 || s.Kept+s.Fresh == 0:
		return errors.New("--kept and --fresh: want a client or more")
	case s.Drain < 0 || s.Every < 0 || s.Between < 0:
		return errors.New("--drain, --every and --between: want no time below 0")
	}
	if s.WebSocket == "" {
		return nil
	}
	_, err := parseSocket(s.WebSocket)
	return err
}

// Main is `rundockd verify-switch`.
func Main(args []string) int {
	var s Settings
	set := flag.NewFlagSet("verify-switch", flag.ContinueOnError)
	s.flags(set)
	asJSON := set.Bool("json", false, "")
	names, code, done := report.Arguments(set, usage, args)
	if done {
		return code
	}
	if len(names) != 1 {
		return report.BadUsage("verify-switch", "want one SERVICE")
	}
	s.Service = names[0]
	if err := s.check(); err != nil {
		return report.BadUsage("verify-switch", err.Error())
	}
	if report.NeedsRoot("verify-switch") {
		return report.ExitUnknown
	}
	host, store, err := open.Here()
	if err != nil {
		fmt.Fprintln(os.Stderr, "rundockd verify-switch:", err)
		return report.ExitUnknown
	}
	defer store.Close()
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, syscall.SIGINT, syscall.SIGHUP)
	defer stop()
	told := Verify(ctx, store, host, s, func(line string) { fmt.Fprintln(os.Stderr, line) })
	if *asJSON {
		return report.PrintJSON(told, told.code())
	}
	fmt.Print(told.Text())
	return told.code()
}

func (s Summary) code() int {
	switch {
	case s.FailedAll() > 0:
		return report.ExitWrong
	case s.Unflipped != "":
		return report.ExitUnknown
	}
	return report.ExitWell
}

// Verify makes the switches under load.
func Verify(ctx context.Context, store registry.Store, host hostconfig.Config, s Settings, say func(string)) Summary {
	t := newTally()
	loading, cancel := context.WithCancel(context.WithoutCancel(ctx))
	var work sync.WaitGroup
	work.Go(func() { s.Load.run(loading, t) })
	var due atomic.Bool // a websocket may be shut down: it is of before a switch whose drain time is over
	if s.WebSocket != "" {
		at, _ := parseSocket(s.WebSocket)
		work.Go(func() {
			socket{url: at, host: s.Host, every: 100 * time.Millisecond, due: func() bool { return due.CompareAndSwap(true, false) }}.run(loading, t)
		})
	}
	err := s.flipAll(ctx, store, host, t, &due, say)
	cancel()
	work.Wait()
	told := t.summary(s.Service)
	told.Version = report.Version
	if err != nil {
		told.Unflipped = err.Error()
	}
	return told
}

// flipAll switches to and fro.
func (s Settings) flipAll(ctx context.Context, store registry.Store, host hostconfig.Config, t *tally, due *atomic.Bool, say func(string)) error {
	for n := 1; n <= s.Flips; n++ {
		if err := pause.For(ctx, s.Between); err != nil {
			return errors.New("told to stop")
		}
		active, err := activeNow(ctx, store, s.Service)
		if err != nil {
			return err
		}
		t.at(n, "begins")
		began := time.Now()
		var flippedAt time.Time
		r := switching.Request{Service: s.Service, To: cutover.Other(active), Who: host.Host + " (verify-switch)", Drain: s.Drain, Timeout: 60}
		o := switching.Switch(ctx, store, host, r, func(line string) {
			if _, what, ok := strings.Cut(line, "  "); ok {
				t.at(n, what)
			}
			if flippedAt.IsZero() && strings.Contains(line, string(cutover.Flip)+":") {
				flippedAt = time.Now()
				// HAProxy may be faster than our clock, not by a second.
				time.AfterFunc(time.Duration(s.Drain)*time.Second-time.Second/2, func() { due.Store(true) })
			}
		})
		switch {
		case o.Unknown != "":
			return errors.New(o.Unknown)
		case o.Refused != "":
			return errors.New("refused: " + o.Refused)
		case o.Back != "":
			return errors.New("it went back: " + o.Back)
		}
		took := time.Since(began)
		t.flipped(took)
		t.at(n, "done")
		say(fmt.Sprintf("%d: %s has the traffic, after %.2fs", n, o.Active, took.Seconds()))
	}
	return nil
}

// activeNow is the colour that has the service's traffic.
func activeNow(ctx context.Context, store registry.Store, service string) (string, error) {
	key := cutover.Key(service)
	found, err := store.Read(ctx, []string{key})
	if err != nil {
		return "", err
	}
	if !found[0].Exists {
		return "", fmt.Errorf("service %s has no colour: the store has no %s", service, key)
	}
	state, err := cutover.ParseState(found[0].Value)
	return state.Active, err
}
