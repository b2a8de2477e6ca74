package overlayctl

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"rundock/internal/container"
	"rundock/internal/control"
	"rundock/internal/hostconfig"
	"rundock/internal/overlay"
	"rundock/supervisor/overlayhost"
	"rundock/supervisor/report"
)

// leaving is how a network is left.
type leaving struct {
	check   bool // only look whether it can be
	force   bool // containers are taken off it; offline as well
	offline bool // a registry that cannot be asked is told when the network is left again
}

// leaveMain is `rundockd overlay leave`. Each line that it prints is a
// warning. Exit code 3 says that containers are attached, and that nothing
// was done.
func leaveMain(args []string) int {
	var how leaving
	set := flag.NewFlagSet("overlay leave", flag.ContinueOnError)
	set.BoolVar(&how.check, "check", false, "")
	set.BoolVar(&how.force, "force", false, "")
	set.BoolVar(&how.offline, "offline", false, "")
	names, code, done := report.Arguments(set, usage, args)
	if done {
		return code
	}
	if len(names) != 1 {
		return report.BadUsage("overlay leave", "want the name of one network")
	}
	how.offline = how.offline || how.force
	err := leaveNetwork(names[0], how)
	var attached *attachedError
	switch {
	case errors.As(err, &attached):
		code = report.ExitWrong
	case err != nil:
		code = report.ExitUnknown
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "rundockd overlay leave:", err)
	}
	return code
}

// attachedError is why a network cannot be left.
type attachedError struct {
	network    string
	containers []string
}

func (e *attachedError) Error() string {
	return fmt.Sprintf("network %s still has containers: %s", e.network, strings.Join(e.containers, ", "))
}

// leaveNetwork takes a network away whose agent does not run any more: first
// Docker's part, which may refuse, then what the kernel holds, then the
// subnet, and at last what was known. Called again it finishes the job, also
// where all that is left of it is that the registry was not told.
func leaveNetwork(name string, how leaving) error {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	settings, err := overlay.ReadSettings(overlay.SettingsDir, name)
	if errors.Is(err, fs.ErrNotExist) {
		if owed, e := readUnreleased(name); e == nil {
			return owed.settle(ctx, how)
		}
	}
	if err != nil {
		return err
	}
	docker, err := container.Open()
	if err != nil {
		return err
	}
	attached, err := docker.OverlayContainers(ctx, name)
	if err != nil {
		return err
	}
	if len(attached) > 0 && !how.force {
		return &attachedError{name, attached}
	}
	if how.check {
		return nil
	}
	if err := docker.RemoveOverlay(ctx, name, how.force); err != nil {
		return err
	}
	left, err := placeLeft(settings)
	if err != nil {
		return err
	}
	if err := left.emptyKernel(); err != nil {
		return err
	}
	if len(settings.Peers) == 0 {
		machine, err := hostconfig.MachineID()
		if err != nil {
			fmt.Printf("network %s is left without its machine id: %v\n", name, err)
		}
		owed := unreleased{Network: settings.Network, Machine: machine, Subnet: left.subnet}
		if err := owed.settle(ctx, how); err != nil {
			return err
		}
	}
	for _, path := range []string{filepath.Join(overlay.SavedDir, name+".json"), filepath.Join(control.Dir, "overlay", name+".json"), overlayhost.PortsFile(name)} {
		if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	return nil
}
