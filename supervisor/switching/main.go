package switching

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"

	"rundock/internal/control"
	"rundock/internal/hostconfig"
	"rundock/internal/registry"
	"rundock/internal/registry/open"
	"rundock/supervisor/report"
)

const usage = `usage: rundockd switch SERVICE [--json]
       rundockd switch SERVICE --to blue|green [--check] [--json] [...]
       rundockd switch SERVICE --forget | --forget-balancer HOST

Without --to: which colour of the service has its traffic, and how its load
balancers stand. With it: gives the traffic to the other colour, without a failed
request, or leaves it as it was. The colour that had it stays warm, so that the
same call with the other colour goes back.

  --to COLOUR         blue or green
  --check             say whether it could be made, and how; change nothing
  --min-healthy N     instances of the colour that must be well, here and for each
                      load balancer; all that are announced unless given
  --path PATH         poll instances by HTTP GET PATH; by TCP unless given
  --canary 10%,30s    first give that share of new sessions to it, for so long
  --rollback-on errors=1%,checks=1,window=30s
                      go back where so many of its requests fail, or so many of its
                      checks, until so long after the switch
  --drain S           seconds that sessions may last on the colour that had the
                      traffic (30); then they are shut down
  --timeout S         seconds for each step (60)
  --who NAME          who asks, for rundockd history; this host's name unless given
  --image DIGEST      of the colour, for rundockd history
  --json              print a document; what goes on is then said on standard error

--forget takes away which colour is active, and the history, of a service that has no
instance with a colour any more. --forget-balancer has no switch wait any more for a
load balancer that is down, and is gone for good.

Exit code: 0 if the colour has the traffic, or could have it (--check); 1 if that is
not known, 2 for a bad argument, 3 if it was refused or went back, 4 if there is no
such service.
`

// Main is `rundockd switch`.
func Main(args []string) int {
	r := Request{Drain: 30, Timeout: 60}
	set := flag.NewFlagSet("switch", flag.ContinueOnError)
	r.flags(set)
	check, asJSON := set.Bool("check", false, ""), set.Bool("json", false, "")
	forgets, balancer := set.Bool("forget", false, ""), set.String("forget-balancer", "", "")
	names, code, done := report.Arguments(set, usage, args)
	if done {
		return code
	}
	if len(names) != 1 {
		return report.BadUsage("switch", "want one SERVICE")
	}
	r.Service = names[0]
	if (*forgets || *balancer != "") && set.NFlag() > 1 {
		return report.BadUsage("switch", "--forget and --forget-balancer stand alone")
	}
	leads := r.To != ""
	if err := r.check(); leads && err != nil {
		return report.BadUsage("switch", err.Error())
	}
	if alone := *asJSON || *forgets || *balancer != ""; !leads && (set.NFlag() > 1 || set.NFlag() == 1 && !alone) {
		return report.BadUsage("switch", "want --to")
	}
	if report.NeedsRoot("switch") {
		return report.ExitUnknown
	}
	host, store, err := open.Here()
	if err != nil {
		fmt.Fprintln(os.Stderr, "rundockd switch:", err)
		return report.ExitUnknown
	}
	defer store.Close()
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, syscall.SIGINT, syscall.SIGHUP)
	defer stop()
	if *forgets || *balancer != "" {
		return forgetMain(ctx, store, host, r.Service, *balancer)
	}
	if !leads {
		return show(ctx, store, host, r.Service, *asJSON)
	}
	if r.Who == "" {
		r.Who = host.Host
	}
	if r.Image == "" {
		r.Image = imageHere(ctx, r.Service, r.To)
	}
	out := io.Writer(os.Stdout)
	if *asJSON {
		out = os.Stderr
	}
	l := newLead(r, store, host, func(line string) { fmt.Fprintln(out, line) })
	o := l.run(ctx, *check)
	if *asJSON {
		return report.PrintJSON(o.SwitchOutcome, o.code())
	}
	fmt.Println(o.text(*check))
	return o.code()
}

func forgetMain(ctx context.Context, store registry.Store, host hostconfig.Config, service, balancer string) int {
	done, err := forget(ctx, store, host, service, balancer)
	switch {
	case errors.Is(err, errNothing):
		fmt.Fprintln(os.Stderr, "rundockd switch:", err)
		return report.ExitNone
	case err != nil:
		fmt.Fprintln(os.Stderr, "rundockd switch:", err)
		return report.ExitWrong
	}
	fmt.Println(done)
	return report.ExitWell
}

func newLead(r Request, store registry.Store, host hostconfig.Config, say func(string)) *lead {
	return &lead{Request: r, store: store, known: newKnown(r.Service, host.Zone()), poll: &poller{path: r.Path}, host: host.Host, say: say}
}

// Switch is `rundockd switch` for another command of this program. say is told
// what goes on.
func Switch(ctx context.Context, store registry.Store, host hostconfig.Config, r Request, say func(string)) control.SwitchOutcome {
	return newLead(r, store, host, say).run(ctx, false).SwitchOutcome
}

// code is the exit code.
func (o outcome) code() int {
	switch {
	case o.none:
		return report.ExitNone
	case o.Unknown != "":
		return report.ExitUnknown
	case o.Refused != "" || o.Back != "":
		return report.ExitWrong
	}
	return report.ExitWell
}

// text is the last line for people.
func (o outcome) text(check bool) string {
	switch {
	case o.Unknown != "":
		return fmt.Sprintf("It is not known how it ended: %s. Next: rundockd switch %s", o.Unknown, o.Service)
	case o.Refused != "":
		return "Refused, nothing was changed: " + o.Refused
	case o.Back != "":
		return fmt.Sprintf("Back: %s has the traffic of %s as before: %s", o.Active, o.Service, o.Back)
	case check && o.Changed:
		text := fmt.Sprintf("It could be made, from %s to %s:", o.From, o.To)
		for _, step := range o.Plan {
			text += "\n  " + step
		}
		return text
	case !o.Changed:
		return fmt.Sprintf("%s has the traffic of %s already.", o.Active, o.Service)
	}
	return fmt.Sprintf("%s has the traffic of %s. To go back: rundockd switch %[2]s --to %s", o.Active, o.Service, o.From)
}
