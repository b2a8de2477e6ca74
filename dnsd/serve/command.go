package serve

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/signal"
	"syscall"

	"rundock/dnsd/handover"
	"rundock/dnsd/patientlog"
	"rundock/dnsd/settings"
)

// Command is dnsd without the name of a command: it answers until ctx is done, and once a
// HUP came this process becomes the dnsd that replaced it. What --help and --version say goes to out.
func Command(ctx context.Context, args []string, release string, out io.Writer) error {
	// From here on: one that comes before it can be followed is not lost.
	hups := make(chan os.Signal, 1)
	signal.Notify(hups, syscall.SIGHUP)
	inherited, err := handover.Inherited()
	if err != nil {
		return err
	}
	readFile := os.ReadFile
	if inherited != nil {
		readFile = inherited.Files.Read
	}
	s, err := settings.Read(args, os.LookupEnv, readFile, out)
	if err != nil {
		return err
	}
	if s.Version {
		_, err := fmt.Fprintln(out, "dnsd", release)
		return err
	}
	if inherited != nil && inherited.Bridge {
		s = inherited.BridgeSettings(s)
	}
	lines := patientlog.New(os.Stderr)
	defer lines.Flush()
	log := slog.New(slog.NewTextHandler(lines, &slog.HandlerOptions{Level: s.LogLevel}))
	next := &handover.Predecessor{Args: args, HUPs: hups, Log: log}
	if next.Program, err = os.Executable(); err != nil {
		return err
	}
	err = Run(ctx, Process{Settings: s, Release: release, Log: log, LinesDropped: lines.Dropped, Inherited: inherited, Next: next})
	if err != nil {
		return err
	}
	if next.HandsOver() && ctx.Err() == nil {
		lines.Flush()
		return next.Exec()
	}
	return nil
}
