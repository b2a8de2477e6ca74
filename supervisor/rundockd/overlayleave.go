package main

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
	"rundock/internal/overlay/roster"
	"rundock/internal/registry/open"
)

// leaving is how a network is left.
type leaving struct {
	check bool // only look whether it can be
	force bool // containers are taken off it, and a registry that cannot be asked is told nothing
}

// overlayLeave is `rundockd overlay leave`. Each line that it prints is a
// warning. Exit code 3 says that containers are attached, and that nothing
// was done.
func overlayLeave(args []string) int {
	var how leaving
	set := flag.NewFlagSet("overlay leave", flag.ContinueOnError)
	set.BoolVar(&how.check, "check", false, "")
	set.BoolVar(&how.force, "force", false, "")
	names, code, done := arguments(set, overlayUsage, args)
	if done {
		return code
	}
	if len(names) != 1 {
		return badUsage("overlay leave", "want the name of one network")
	}
	err := leaveOverlay(names[0], how)
	var attached *attachedError
	switch {
	case errors.As(err, &attached):
		code = exitWrong
	case err != nil:
		code = exitUnknown
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

// leaveOverlay takes a network away whose agent does not run any more: first
// Docker's part, which may refuse, then what the kernel holds, then the
// subnet, and at last what was known. Called again it finishes the job.
func leaveOverlay(name string, how leaving) error {
	settings, err := overlay.ReadSettings(overlaySettings, name)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
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
	if err := emptyKernel(settings.Network); err != nil {
		return err
	}
	if len(settings.Peers) == 0 {
		err := releaseSubnet(ctx, settings.Network)
		if err != nil && !how.force {
			return err
		}
		if err != nil {
			fmt.Printf("the registry was not told, so that the subnet of this host stays taken for %s: %v\n", roster.DefaultReclaim, err)
		}
	}
	for _, path := range []string{filepath.Join(overlayKept, name+".json"), filepath.Join(control.Dir, "overlay", name+".json"), portsFile(name)} {
		if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	return nil
}

// emptyKernel takes away what the kernel holds of n.
func emptyKernel(n overlay.Network) error {
	known, err := readKnown(overlayKept, n)
	if err != nil {
		return err
	}
	k, err := overlay.Open()
	if err != nil {
		return err
	}
	defer k.Close()
	have, err := k.Read(n, known.Subnet)
	if err != nil {
		return err
	}
	return k.Apply(overlay.Plan(have, overlay.Nothing(n)))
}

// releaseSubnet gives this host's subnet back.
func releaseSubnet(ctx context.Context, n overlay.Network) error {
	err := func() error {
		host, err := hostconfig.Load(hostconfig.Path)
		if err != nil {
			return err
		}
		machine, err := machineID()
		if err != nil {
			return err
		}
		etcd, err := open.Store(host, newLogger())
		if err != nil {
			return fmt.Errorf("%s: %w", hostconfig.Path, err)
		}
		defer etcd.Close()
		r := &roster.Roster{Client: etcd, Network: n, Log: newLogger(), Self: roster.Member{ID: machine}}
		return r.Release(ctx)
	}()
	if err != nil {
		return fmt.Errorf("give back the subnet: %w", err)
	}
	return nil
}
