// Package storeagent is the process `rundockd store`: the one connection of a
// host to each of its stores, which other processes of the host use over a
// socket (package registry/local). Where Consul is one, it keeps the host's part
// of its catalog as its records are (mirror.go).
package storeagent

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"

	"rundock/internal/control"
	"rundock/internal/hostconfig"
	"rundock/internal/registry"
	"rundock/internal/registry/local"
	"rundock/internal/registry/open"
	"rundock/supervisor/process"
)

const usage = `usage: rundockd store
       rundockd store check
It reads host.json; runsv starts it. check exits with 0 if it answers.
The program is rundock-store, beside rundockd.`

// Main is `rundockd store` of a release. However it is told to leave, it leaves leases and
// keys to a successor. The exit code is 0 then, 100 for what only an operator can
// mend. `rundockd store check` exits with 0 if it answers, with 1 if not.
func Main(version string) func(args []string) int {
	return func(args []string) int { return mainOf(version, args) }
}

func mainOf(version string, args []string) int {
	switch {
	case len(args) == 1 && args[0] == "check":
		return check()
	case len(args) == 1 && (args[0] == "--help" || args[0] == "-h"):
		fmt.Println(usage)
		return 0
	case len(args) != 0:
		fmt.Fprintln(os.Stderr, usage)
		return 100
	}
	process.KeepSmall()
	process.NoMoreRights()
	log := process.NewLogger()
	ctx, cancel := context.WithCancelCause(context.Background())
	defer cancel(nil)
	go process.Listen(cancel, registry.ErrHandOver)
	if err := prepared(ctx, version, log); err != nil {
		log.Error("cannot serve the store", "err", err)
		say(control.Dir, failed(err), log)
		process.Pause(ctx)
		return 100
	}
	return 0
}

// prepared takes over from a predecessor, and serves.
func prepared(ctx context.Context, version string, log *slog.Logger) error {
	unlock, err := process.TakeOver(ctx, filepath.Join(control.Dir, private, "lock"), "store", log)
	if err != nil {
		return err
	}
	defer unlock()
	host, err := hostconfig.Load(hostconfig.Path)
	if err != nil {
		return err
	}
	return run(ctx, host, control.Dir, version, log)
}

// run serves each store of host at its socket in dir until ctx is done, or one
// of them cannot be served any more.
func run(ctx context.Context, host hostconfig.Config, dir, version string, log *slog.Logger) error {
	names := host.Stores()
	if len(names) == 0 {
		return fmt.Errorf("%s: %w", hostconfig.Path, open.ErrNoStore)
	}
	var all []*served
	defer func() {
		for _, s := range all {
			s.close()
		}
	}()
	for _, name := range names {
		s, err := serveOne(host, name, dir, log.With("store", name))
		if err != nil {
			return err
		}
		if name == host.OwnStore() {
			s.says = func(ctx context.Context) { s.sayInfo(ctx, host.Host, version, log) }
		}
		all = append(all, s)
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	ended := make(chan error, len(all))
	for _, s := range all {
		go func() {
			ended <- s.run(ctx, log.With("store", s.name))
			cancel()
		}()
	}
	tell(ctx, all, dir, log)
	var err error
	for range all {
		err = errors.Join(err, <-ended)
	}
	return err
}

// check is `rundockd store check`.
//
// It is asked for the host's own store alone: where host.json names a second one
// since it started, it serves that once it was handed over.
func check() int {
	host, err := hostconfig.Load(hostconfig.Path)
	if own := host.OwnStore(); err == nil && own != "" {
		err = local.Check(context.Background(), open.Socket(control.Dir, own, host))
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "rundockd store check:", err)
		return 1
	}
	return 0
}
