package draining

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"os"
	"strings"
	"time"

	"rundock/internal/control"
	"rundock/internal/hostconfig"
	"rundock/internal/pause"
	"rundock/internal/registry"
	"rundock/internal/registry/open"
	"rundock/internal/runit"
	"rundock/internal/skydns"
	"rundock/supervisor/report"
)

const lookAgain = 200 * time.Millisecond

// byUpgrade is what upgrade.yml calls itself. It takes a host back into use that it has
// drained, whichever run of it that was; so a host that somebody else drains as well is
// his from then on.
const byUpgrade = "upgrade.yml"

const drainUsage = `usage: rundockd drain [--force] [--by NAME] [--check] [--timeout DURATION]

Takes the services of this host out of use: each is withdrawn, its clients are given time to
leave (its drain), and its container is stopped. None starts again, also after a boot or when the
module is called, until rundockd undrain. What is installed meanwhile starts then.
It waits until all are stopped, and says so of each.

It refuses, and changes nothing, where a service would lose its last instance in
DNS, or where the store cannot be asked. While another host is being drained it waits, as
that one's instances do not count.

  --force     do it nevertheless
  --by NAME   who asks for it, which status and explain tell
  --check     say whether it would be refused, and do nothing
  --timeout   how long to wait in all (default 10m); what is not stopped by then goes on being
              stopped

Exit codes: 0 the host is drained; 1 it is, and not everything is stopped yet, or it could not
be done; 2 bad arguments; 3 refused.
`

const undrainUsage = `usage: rundockd undrain

Has the services of this host run again that are enabled. It does not wait for them:
rundockd status tells how they are.
`

// Main is `rundockd drain`; it returns the exit code.
func Main(args []string) int {
	set := flag.NewFlagSet("drain", flag.ContinueOnError)
	force, check := set.Bool("force", false, ""), set.Bool("check", false, "")
	by, timeout := set.String("by", "", ""), set.Duration("timeout", 10*time.Minute, "")
	names, code, done := report.Arguments(set, drainUsage, args)
	if done {
		return code
	}
	if len(names) > 0 {
		return report.BadUsage("drain", fmt.Sprintf("unexpected %q: it is the whole host that is drained", names[0]))
	}
	if report.NeedsRoot("drain") {
		return report.ExitUnknown
	}
	host, folders, err := load()
	if err != nil {
		return failed("drain", err)
	}
	ctx, cancel := context.WithTimeout(context.Background(), *timeout)
	defer cancel()
	was, already := control.ReadDrain(hostconfig.StateDir)
	if !already && !*force {
		release, err := permit(ctx, host, *check)
		if err != nil {
			fmt.Fprintf(os.Stderr, "rundockd drain: refused: %v; --force drains it nevertheless\n", err)
			return report.ExitWrong
		}
		defer release()
	}
	if *check {
		if !already {
			fmt.Println("the host would be drained")
		}
		return report.ExitWell
	}
	if d, changed := whose(was, already, *by, time.Now()); changed {
		if err := control.WriteDrain(hostconfig.StateDir, d); err != nil {
			return failed("drain", err)
		}
		fmt.Println(d)
	}
	all, err := servicesOf(folders)
	for _, s := range all {
		if s.pending() != "" {
			err = errors.Join(err, s.tell(true))
		}
	}
	if err != nil {
		return failed("drain", err)
	}
	if left := follow(ctx, all, os.Stdout); len(left) > 0 {
		return failed("drain", fmt.Errorf("after %s not stopped yet: %s", *timeout, strings.Join(left, "; ")))
	}
	return report.ExitWell
}

// whose returns the drain of a host that by drains at now, and whether that is another one than was,
// which there is where already is set.
func whose(was control.Drain, already bool, by string, now time.Time) (d control.Drain, changed bool) {
	if !already {
		return control.Drain{Since: now.Truncate(time.Second), By: by}, true
	}
	d = was
	if was.By == byUpgrade {
		d.By = by
	}
	return d, d != was
}

// follow says of each service when it is drained, and returns those that are not when
// ctx is done. What was drained at the start is not told.
func follow(ctx context.Context, all []service, out io.Writer) (left []string) {
	var open []service
	for _, s := range all {
		if s.pending() != "" {
			open = append(open, s)
		}
	}
	for {
		left = nil
		var still []service
		for _, s := range open {
			if pending := s.pending(); pending != "" {
				still, left = append(still, s), append(left, s.name+": "+pending)
				continue
			}
			what := "stopped"
			if s.runner == "" {
				what = "withdrawn"
			}
			fmt.Fprintf(out, "%s is %s\n", s.name, what)
		}
		if open = still; len(open) == 0 || pause.For(ctx, lookAgain) != nil {
			return left
		}
	}
}

// UndrainMain is `rundockd undrain`; it returns the exit code.
func UndrainMain(args []string) int {
	set := flag.NewFlagSet("undrain", flag.ContinueOnError)
	names, code, done := report.Arguments(set, undrainUsage, args)
	if done {
		return code
	}
	if len(names) > 0 {
		return report.BadUsage("undrain", fmt.Sprintf("unexpected %q", names[0]))
	}
	if report.NeedsRoot("undrain") {
		return report.ExitUnknown
	}
	if _, drained := control.ReadDrain(hostconfig.StateDir); !drained {
		return report.ExitWell
	}
	_, folders, err := load()
	if err == nil {
		err = control.RemoveDrain(hostconfig.StateDir)
	}
	if err != nil {
		return failed("undrain", err)
	}
	fmt.Println("the host is drained no longer")
	all, err := servicesOf(folders)
	for _, s := range all {
		err = errors.Join(err, s.tell(false))
	}
	if err != nil {
		return failed("undrain", err)
	}
	return report.ExitWell
}

func load() (hostconfig.Config, runit.Folders, error) {
	host, err := hostconfig.Load(hostconfig.Path)
	if err != nil {
		return host, runit.Folders{}, err
	}
	folders, err := runit.Detect(host.Runit.SV, host.Runit.Service)
	return host, folders, err
}

// permit returns an error where the host is not to be drained: as it has the last
// instance of a service, or as that cannot be known. Until done is called no other host is
// permitted; with check it is not waited for that.
func permit(ctx context.Context, host hostconfig.Config, check bool) (done func(), err error) {
	done = func() {}
	if host.OwnStore() == "" {
		return done, nil // nothing is announced
	}
	store, err := open.Store(host, slog.New(slog.DiscardHandler))
	if err != nil {
		return done, err
	}
	machine, err := hostconfig.MachineID()
	if err == nil {
		err = checkLast(ctx, store, host, machine) // also for a store that is away, or a refusal, soon
	}
	if err != nil || check {
		return done, errors.Join(err, store.Close())
	}
	turn, err := takeTurn(ctx, store, host.Host, machine, os.Stderr)
	if err != nil {
		return done, errors.Join(err, store.Close())
	}
	done = func() { turn.Release(); store.Close() }
	if err = checkLast(ctx, store, host, machine); err != nil {
		done()
	}
	return done, err
}

// checkLast returns an error where this host has the last instance of a service.
func checkLast(ctx context.Context, store registry.Store, host hostconfig.Config, machine string) error {
	records, _, err := store.List(ctx, skydns.Key(skydns.Prefix, host.Zone())+"/")
	if err != nil {
		return fmt.Errorf("whether others have its services cannot be known: %w", err)
	}
	if last := lastOf(records, skydns.Prefix, machine); len(last) > 0 {
		return fmt.Errorf("this host has the last instance of %s", strings.Join(last, ", "))
	}
	return nil
}

func failed(command string, err error) int {
	fmt.Fprintf(os.Stderr, "rundockd %s: %v\n", command, err)
	return report.ExitUnknown
}
