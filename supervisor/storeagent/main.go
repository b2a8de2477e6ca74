// Package storeagent is the process `rundockd store`: the one connection of a
// host to each of its stores, which other processes of the host use over a
// socket (package registry/local).
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
	"rundock/internal/registry/local/serve"
	"rundock/internal/registry/open"
	"rundock/supervisor/process"
)

// private is the folder, below control.Dir, of what a successor needs. No service
// has a name that begins with a dot.
const private = ".store"

// Main is `rundockd store`. However it is told to leave, it leaves leases and
// keys to a successor. The exit code is 0 then, 100 for what only an operator can
// mend.
func Main(args []string) int {
	if len(args) != 0 {
		fmt.Fprintln(os.Stderr, "usage: rundockd store\nIt reads host.json; runsv starts this.")
		return 100
	}
	process.KeepSmall()
	log := process.NewLogger()
	ctx, cancel := context.WithCancelCause(context.Background())
	defer cancel(nil)
	go process.Listen(cancel, registry.ErrHandOver)
	if err := prepared(ctx, log); err != nil {
		log.Error("cannot serve the store", "err", err)
		process.Pause(ctx)
		return 100
	}
	return 0
}

// prepared takes over from a predecessor, and serves.
func prepared(ctx context.Context, log *slog.Logger) error {
	unlock, err := process.TakeOver(ctx, filepath.Join(control.Dir, private, "lock"), "store", log)
	if err != nil {
		return err
	}
	defer unlock()
	host, err := hostconfig.Load(hostconfig.Path)
	if err != nil {
		return err
	}
	return run(ctx, host, control.Dir, log)
}

// run serves each store of host at its socket in dir until ctx is done, or one
// of them cannot be served any more.
func run(ctx context.Context, host hostconfig.Config, dir string, log *slog.Logger) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	stores := host.Stores()
	if len(stores) == 0 {
		return fmt.Errorf("%s: %w", hostconfig.Path, open.ErrNoStore)
	}
	ended := make(chan error, len(stores))
	for _, name := range stores {
		go func() {
			ended <- runOne(ctx, host, name, dir, log.With("store", name))
			cancel()
		}()
	}
	var err error
	for range stores {
		err = errors.Join(err, <-ended)
	}
	return err
}

func runOne(ctx context.Context, host hostconfig.Config, name, dir string, log *slog.Logger) error {
	store, err := open.Direct(name, host, log)
	if err != nil {
		return fmt.Errorf("%s: %w", hostconfig.Path, err)
	}
	defer store.Close()
	own := filepath.Join(dir, private)
	socket := open.Socket(dir, name, host)
	listener, err := serve.Listen(socket, own)
	if err != nil {
		return err
	}
	log.Info("serving the store", "socket", socket)
	return serve.New(store, filepath.Join(own, name+".json"), log).Run(ctx, listener)
}
