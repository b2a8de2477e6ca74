package ctl

import (
	"errors"
	"fmt"
	"io/fs"
	"os"

	"rundock/internal/hostconfig"
	"rundock/internal/runit"
)

// HandoverMain is `rundockd handover`: every runner and sidecar of this host,
// every agent of an overlay network, the renderer, and rundockd store leaves without stopping anything, and
// runsv starts it again: from a new rundockd, and with a new host.json. No
// container restarts.
func HandoverMain(args []string) int {
	if len(args) != 0 {
		fmt.Fprintln(os.Stderr, "usage: rundockd handover")
		return 2
	}
	dirs, err := supervised()
	for _, d := range dirs {
		e := runit.Control(d, "h")
		if e == nil {
			fmt.Println(d)
		} else if !errors.Is(e, runit.ErrNotSupervised) {
			err = errors.Join(err, e)
		}
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "rundockd handover:", err)
		return 1
	}
	return 0
}

// supervised lists the folders in which the processes of this host's enabled
// services and overlay networks run.
func supervised() ([]string, error) {
	host, err := hostconfig.Load(hostconfig.Path)
	if errors.Is(err, fs.ErrNotExist) {
		err = nil // as before the host role's first run
	}
	if err != nil {
		return nil, err
	}
	folders, err := runit.Detect(host.Runit.SV, host.Runit.Service)
	if err != nil {
		return nil, err
	}
	return processFolders(folders)
}
