package overlayctl

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"net/netip"
	"os"

	"rundock/internal/fstree"
	"rundock/internal/hostconfig"
	"rundock/internal/overlay"
	"rundock/internal/overlay/roster"
	"rundock/internal/registry/open"
	"rundock/supervisor/overlayhost"
	"rundock/supervisor/process"
)

// unreleased is a host's place in a network that it leaves, as long as the
// registry has not been told.
type unreleased struct {
	Network overlay.Network `json:"network"`
	Machine string          `json:"machine"` // id that the host had in it
	Subnet  netip.Prefix    `json:"subnet"`  // that it knew to be its; zero: none
}

func readUnreleased(name string) (u unreleased, err error) {
	data, err := os.ReadFile(overlay.UnreleasedFile(name))
	if err == nil {
		err = json.Unmarshal(data, &u)
	}
	return u, err
}

// settle gives the subnet back. A registry that cannot be asked is an error, or
// with how.offline a warning and a file by which the next leave knows.
func (u unreleased) settle(ctx context.Context, how leaving) error {
	if how.check {
		return nil
	}
	path := overlay.UnreleasedFile(u.Network.Name)
	host, err := u.release(ctx)
	if err == nil {
		if err = os.Remove(path); errors.Is(err, fs.ErrNotExist) {
			err = nil
		}
		return err
	}
	if !how.offline {
		return fmt.Errorf("give back the subnet: %w", err)
	}
	data, e := json.Marshal(u)
	if e == nil {
		e = fstree.Replace(path, 0o644, data)
	}
	what := "the subnet of this host"
	if u.Subnet.IsValid() {
		what = u.Subnet.String()
	}
	fmt.Printf("the registry was not told: %s stays taken in the name of %s, and with it what the registry has of network %s. Call state=absent again once the registry answers, or on another host: rundockd overlay forget %[3]s %[2]s (%[4]v)\n",
		what, host, u.Network.Name, err)
	return e
}

// release tells the registry. It returns as which host this one is known there.
func (u unreleased) release(ctx context.Context) (string, error) {
	host, err := hostconfig.Load(hostconfig.Path)
	name := overlayhost.Place{Host: host}.HostName()
	if err != nil {
		return name, err
	}
	store, err := open.Store(host, process.NewLogger())
	if err != nil {
		return name, fmt.Errorf("%s: %w", hostconfig.Path, err)
	}
	defer store.Close()
	instance, err := overlayhost.ReadInstance()
	if err != nil {
		return name, err
	}
	r := &roster.Roster{Client: store, Network: u.Network, Log: process.NewLogger(), Self: roster.Member{ID: u.Machine, Instance: instance}}
	return name, r.Release(ctx)
}
