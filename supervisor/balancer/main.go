package balancer

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"time"

	"rundock/internal/control"
	"rundock/internal/haproxy"
	"rundock/internal/hostconfig"
	"rundock/internal/registry"
	"rundock/internal/registry/open"
	"rundock/internal/runit"
	"rundock/supervisor/process"
	"rundock/supervisor/report"
	"rundock/supervisor/report/balance"
)

const usage = `usage: rundockd balance [status [--json] | check FILE | leave]

Keeps this host's HAProxy as /etc/rundock/balance.json and the store say: its
configuration, its servers, and which colour of a service has the traffic. runsv
starts it so. HUP: leave to a successor, which reads the settings anew.

  status      how it stands; --json: one document, described in docs/loadbalancer.md
  check FILE  whether HAProxy would take these settings; nothing is written
  leave       this host is no load balancer any more: switches wait for it no
              longer. Stop rundockd balance and HAProxy first

Exit codes: 0 well, 1 it could not be found out, 2 bad usage, 3 something is
wrong, and what is said.

Examples:
  rundockd balance status
  rundockd balance check balance.json
`

const (
	settingsPath = "/etc/rundock/balance.json"
	service      = "haproxy" // HAProxy's, in runit
	user         = "haproxy" // whom Debian's package makes
	chroot       = "/var/lib/haproxy"
)

// Main is `rundockd balance`.
func Main(args []string) int {
	if len(args) == 0 {
		process.NoMoreRights()
		return process.Resident(registry.ErrHandOver, "cannot balance", setUpAndRun)
	}
	set := flag.NewFlagSet("balance", flag.ContinueOnError)
	asJSON := set.Bool("json", false, "")
	words, code, done := report.Arguments(set, usage, args)
	switch {
	case done:
		return code
	case *asJSON && (len(words) != 1 || words[0] != "status"):
		return report.BadUsage("balance", "--json is for status")
	case len(words) == 1 && words[0] == "status":
		return showStatus(*asJSON)
	case len(words) == 2 && words[0] == "check":
		return checkMain(words[1])
	case len(words) == 1 && words[0] == "leave":
		return leaveMain()
	}
	return report.BadUsage("balance", fmt.Sprintf("want status, check FILE or leave, not %q", strings.Join(words, " ")))
}

// site is where a host's HAProxy is.
func site(settings haproxy.Settings) (haproxy.Site, error) {
	s := haproxy.Site{
		Folder: filepath.Join(hostconfig.StateDir, "balance"), Socket: filepath.Join(control.Dir, "haproxy.sock"), User: user, Group: user, Chroot: chroot,
	}
	if settings.Stats == nil {
		return s, nil
	}
	password, err := os.ReadFile(settings.Stats.PasswordFile)
	if err != nil {
		return s, fmt.Errorf("stats.password_file: %w", err)
	}
	s.Password = strings.TrimSuffix(string(password), "\n")
	if s.Password == "" || strings.ContainsFunc(s.Password, func(r rune) bool { return r < ' ' || r == 0x7f }) {
		return s, fmt.Errorf("stats.password_file: %s is empty, or has more than one line", settings.Stats.PasswordFile)
	}
	return s, nil
}

// read returns the settings in a file.
func read(path string) (settings haproxy.Settings, at haproxy.Site, err error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return settings, at, err
	}
	if settings, err = haproxy.Parse(data); err == nil {
		at, err = site(settings)
	}
	if err != nil {
		return settings, at, fmt.Errorf("%s: %w", path, err)
	}
	return settings, at, nil
}

// setUpAndRun reads the settings, takes over from a predecessor, and runs. An
// error comes from the set-up.
func setUpAndRun(ctx context.Context, log *slog.Logger) error {
	settings, at, err := read(settingsPath)
	if err != nil {
		return err
	}
	host, err := hostconfig.Load(hostconfig.Path)
	if err != nil {
		return err
	}
	machine, err := hostconfig.MachineID()
	if err != nil {
		return err
	}
	unlock, err := process.TakeOver(ctx, control.BalanceLock(control.Dir), "balance", log)
	if err != nil {
		return err
	}
	defer unlock()
	store, err := open.Store(host, log)
	if err != nil {
		return fmt.Errorf("%s: %w", hostconfig.Path, err)
	}
	defer store.Close()
	reload := func() error {
		f, err := runit.Detect(host.Runit.SV, host.Runit.Service)
		if err != nil {
			return err
		}
		return runit.Control(f.Dir(service), "2")
	}
	return newBalancer(settings, at, control.Dir, reload, log).serve(ctx, store, host, machine)
}

// showStatus is `rundockd balance status`.
func showStatus(asJSON bool) int {
	s := balance.StatusOf(balance.Gather())
	if asJSON {
		return report.PrintJSON(s, s.ExitCode())
	}
	fmt.Print(balance.Table(s, time.Now()))
	fmt.Fprint(os.Stderr, s.Remarks())
	return s.ExitCode()
}

// checkMain is `rundockd balance check FILE`.
func checkMain(path string) int {
	settings, at, err := read(path)
	if err == nil {
		err = rehearse(context.Background(), settings, at)
	}
	switch {
	case errors.Is(err, fs.ErrNotExist):
		fmt.Fprintln(os.Stderr, "rundockd balance:", err)
		return report.ExitUnknown
	case err != nil:
		fmt.Fprintln(os.Stderr, "rundockd balance:", err)
		return report.ExitWrong
	}
	return report.ExitWell
}

// rehearse has HAProxy check the configuration that follows from settings, in a
// folder of its own.
func rehearse(ctx context.Context, settings haproxy.Settings, at haproxy.Site) error {
	dir, err := os.MkdirTemp("", "rundock-balance")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	at.Folder = dir
	routes := map[string]haproxy.Route{}
	for _, s := range settings.Services {
		routes[s.Name] = haproxy.Route{Backend: s.Name}
	}
	if err := placeMaps(at, routes); err != nil {
		return err
	}
	_, err = placeConfig(ctx, at, haproxy.Config(settings, at, nil))
	return err
}

// leaveMain is `rundockd balance leave`.
func leaveMain() int {
	err := func() error {
		if s, err := control.ReadBalance(control.Dir); err == nil && process.IsRundockd(s.PID, "balance") {
			return fmt.Errorf("rundockd balance runs (pid %d): stop it first", s.PID)
		}
		host, err := hostconfig.Load(hostconfig.Path)
		if err != nil {
			return err
		}
		store, err := open.Store(host, process.NewLogger())
		if err != nil {
			return err
		}
		defer store.Close()
		ctx, cancel := context.WithTimeout(context.Background(), 2*report.Patience)
		defer cancel()
		was, err := leave(ctx, store, host.Host)
		if err == nil && was {
			fmt.Println(host.Host, "is no load balancer any more")
		}
		return err
	}()
	if err != nil {
		fmt.Fprintln(os.Stderr, "rundockd balance leave:", err)
		return report.ExitUnknown
	}
	return report.ExitWell
}
