package ctl

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"slices"

	"rundock/internal/control"
	"rundock/internal/hostconfig"
	"rundock/internal/runit"
)

// HandoverMain is `rundockd handover`: every runner and sidecar of this host,
// every agent of an overlay network, the renderer, and rundockd store leaves without stopping anything, and
// runsv starts it again: from a new rundockd, and with a new host.json. No
// container restarts. Where there is no rundockd store it refuses: those that run
// may be of a release whose processes had connections of their own, and successors
// of this one would lose their records.
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
	dirs, err := processFolders(folders)
	if err == nil {
		err = lacksStoreAgent(folders, host.OwnStore(), dirs)
	}
	if err != nil {
		return nil, err
	}
	return dirs, nil
}

// lacksStoreAgent is an error where processes would be left without their store.
func lacksStoreAgent(folders runit.Folders, store string, dirs []string) error {
	if store == "" || len(dirs) == 0 || slices.Contains(dirs, folders.Dir(control.StoreService)) {
		return nil
	}
	return fmt.Errorf("there is no %s, by which this rundockd has its store: run playbooks/site.yml, which makes it. Nothing was told to leave", folders.Link(control.StoreService))
}
