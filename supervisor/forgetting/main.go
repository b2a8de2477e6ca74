package forgetting

import (
	"context"
	"flag"
	"fmt"
	"log/slog"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"time"

	"rundock/internal/hostconfig"
	"rundock/internal/registry"
	"rundock/internal/registry/open"
	"rundock/supervisor/report"
)

const usage = `usage: rundockd forget-host [--check] [--force] HOST

Has the store forget a host that is gone for good: its subnets in overlay networks, its
place among the load balancers, and records, locks and words of its that were left; and
Consul its agent, where host.json has one. Call it on any other host. HOST is the name that the host had in host.json, or its machine id. Each
line that it prints is something that is free now; none where nothing was left.

It waits until the leases of the host are over, 15 s as a rule. It refuses where they are
renewed, as the host lives then: it has to be stopped before, or to leave by itself
(playbooks/remove-host.yml).

  --check  say what would be freed; change nothing
  --force  free also what a host that lives holds; it takes most of it again

Exit codes: 0 nothing of the host is left; 1 it could not be done; 2 bad arguments; 3 refused.
`

// Main is `rundockd forget-host`; it returns the exit code.
func Main(args []string) int {
	set := flag.NewFlagSet("forget-host", flag.ContinueOnError)
	check, force := set.Bool("check", false, ""), set.Bool("force", false, "")
	names, code, done := report.Arguments(set, usage, args)
	switch {
	case done:
		return code
	case len(names) != 1:
		return report.BadUsage("forget-host", "want the name of one host")
	}
	if report.NeedsRoot("forget-host") {
		return report.ExitUnknown
	}
	own, err := hostconfig.Load(hostconfig.Path)
	if err != nil {
		return failed(err)
	}
	machine, _ := hostconfig.MachineID() // "": then the name alone tells
	host, err := other(names[0], own.Host, machine)
	if err != nil {
		return report.BadUsage("forget-host", err.Error())
	}
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, syscall.SIGINT, syscall.SIGHUP)
	defer stop()
	for i, name := range own.Stores() {
		store, err := open.Named(name, own, slog.New(slog.DiscardHandler))
		if err != nil {
			return failed(err)
		}
		f := forgetting{store: store, host: host, check: *check, force: *force, own: i == 0, out: os.Stdout, remarks: os.Stderr}
		if len(own.Stores()) > 1 {
			f.in = " (" + hostconfig.StoreTitle(name) + ")"
		}
		err = f.run(ctx)
		store.Close()
		if refused, ok := err.(refusal); ok {
			fmt.Fprintln(os.Stderr, "rundockd forget-host: refused:", refused)
			return report.ExitWrong
		}
		if err != nil {
			return failed(err)
		}
	}
	if err := forgetAgent(ctx, own.Consul, host, *check); err != nil {
		return failed(err)
	}
	return report.ExitWell
}

// other is the host of this name or machine id, as keys have it: in lower case. It is
// refused where it is this host.
func other(name, own, machine string) (string, error) {
	name = strings.ToLower(name)
	if name == own || name == machine {
		return "", fmt.Errorf("this is %s: call it on another host", name)
	}
	return name, nil
}

// forgetAgent is for the stores' second part, where one of them is Consul: by then the host is
// known not to live.
func forgetAgent(ctx context.Context, c hostconfig.Consul, host string, check bool) error {
	if c.Address == "" {
		return nil
	}
	a, err := newAgent(c)
	if err != nil {
		return err
	}
	return a.forget(ctx, host, check, os.Stdout)
}

func failed(err error) int {
	fmt.Fprintln(os.Stderr, "rundockd forget-host:", err)
	return report.ExitUnknown
}

// refusal is why nothing is forgotten.
type refusal string

func (r refusal) Error() string { return string(r) }

// list returns the keys of all hosts.
func list(ctx context.Context, store registry.Store) (all []registry.Listed, err error) {
	for _, prefix := range prefixes {
		keys, _, err := store.List(ctx, prefix)
		if err != nil {
			return nil, err
		}
		all = append(all, keys...)
	}
	return all, nil
}

const lookAgain = 500 * time.Millisecond
