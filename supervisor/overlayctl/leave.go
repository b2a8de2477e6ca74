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
	list    bool // only print which containers are attached
	force   bool // containers are taken off it; offline as well
	offline bool // a store that cannot be asked is told when the network is left again
}

// leaveMain is `rundockd overlay leave`. Each line that it prints is a
// warning, or with --attached a container. Exit code 3 says that containers are attached, and that nothing
// was done.
func leaveMain(args []string) int {
	var how leaving
	set := flag.NewFlagSet("overlay leave", flag.ContinueOnError)
	set.BoolVar(&how.check, "check", false, "")
	set.BoolVar(&how.list, "attached", false, "")
	set.BoolVar(&how.force, "force", false, "")
	set.BoolVar(&how.offline, "offline", false, "")
	names, code, done := report.Arguments(set, usage, args)
	if done {
		return code
	}
	if len(names) != 1 {
		return report.BadUsage("overlay leave", "want the name of one network")
	}
	if !overlay.IsName(names[0]) {
		return badName("overlay leave", names[0])
	}
	how.offline = how.offline || how.force
	err := leaveNetwork(names[0], how)
	var attached *attachedError
	switch {
	case errors.As(err, &attached):
		code = report.ExitWrong
	case errors.Is(err, errNotIn):
		code = report.ExitNone
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

// errNotIn is why there is nothing to leave.
var errNotIn = errors.New("this host is not in it, and nothing of it is left here")

// leaveNothing is leaveNetwork where neither settings nor an agent's saved state tell of the
// network. What may be left is a status file, which goes.
func leaveNothing(name string, how leaving) error {
	status := filepath.Join(control.Dir, "overlay", name+".json")
	if _, err := os.Lstat(status); err == nil {
		if how.check || how.list {
			return nil
		}
		fmt.Printf("network %s: %s was all that was left of it\n", name, status)
		return os.Remove(status)
	}
	all, err := overlayhost.Names(nil)
	if err != nil {
		return err
	}
	return fmt.Errorf("network %s: %w; %s", name, errNotIn, report.ThereAre(all))
}

// leaveNetwork takes a network away whose agent does not run any more: first
// Docker's part, which may refuse, then what the kernel holds, then the
// subnet, and at last what was known. Called again it finishes the job, also
// where all that is left of it is that the store was not told.
func leaveNetwork(name string, how leaving) error {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	settings, err := overlayhost.ReadJoined(name)
	if errors.Is(err, fs.ErrNotExist) {
		if owed, e := readUnreleased(name); e == nil {
			return owed.giveBack(ctx, how)
		} else if errors.Is(e, fs.ErrNotExist) {
			return leaveNothing(name, how)
		}
	}
	if err != nil {
		return err
	}
	docker, err := container.Open()
	if err != nil {
		return err
	}
	if err := docker.Ping(ctx); err != nil {
		return fmt.Errorf("network %s: whether it has containers is not known: %w", name, err)
	}
	attached, err := docker.OverlayContainers(ctx, name)
	if err != nil {
		return err
	}
	if how.list {
		for _, c := range attached {
			fmt.Println(c)
		}
		return nil
	}
	if len(attached) > 0 && !how.force {
		return &attachedError{name, attached}
	}
	if how.check && len(settings.Peers) > 0 {
		return nil
	}
	if how.check {
		machine, _ := hostconfig.MachineID()
		return unreleased{Network: settings.Network, Machine: machine}.giveBack(ctx, how)
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
		if err := owed.giveBack(ctx, how); err != nil {
			return err
		}
	}
	for _, path := range []string{filepath.Join(control.Dir, "overlay", name+".json"), overlayhost.PortsFile(name), filepath.Join(overlay.SavedDir, name+".json")} {
		if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	return nil
}
