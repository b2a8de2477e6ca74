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
// store has not been told.
type unreleased struct {
	Network overlay.Network `json:"network"`
	Machine string          `json:"machine"` // id that the host had in it; "": not known
	Subnet  netip.Prefix    `json:"subnet"`  // that it knew to be its; zero: none
}

func readUnreleased(name string) (u unreleased, err error) {
	data, err := os.ReadFile(overlay.UnreleasedFile(name))
	if err == nil {
		err = json.Unmarshal(data, &u)
	}
	return u, err
}

// giveBack gives the subnet back. A store that cannot be asked is an error, or
// with how.offline a warning and a file by which the next leave knows. With
// how.check the store is only asked.
func (u unreleased) giveBack(ctx context.Context, how leaving) error {
	if how.check && how.offline {
		return nil
	}
	path := overlay.UnreleasedFile(u.Network.Name)
	host, err := u.release(ctx, how.check)
	nobody := errors.Is(err, errNobody)
	if how.check && (err == nil || nobody) {
		return nil
	}
	if nobody {
		fmt.Printf("network %s: %s stays taken, as the host cannot tell which entry of the store is its own: it has no machine id, and no agent has run since its boot. On any host: rundockd overlay forget %[1]s %[3]s\n",
			u.Network.Name, u.what(), u.orHost(host))
		err = nil
	}
	if err == nil {
		if err = os.Remove(path); errors.Is(err, fs.ErrNotExist) {
			err = nil
		}
		return err
	}
	if !how.offline {
		return fmt.Errorf("give back the subnet: %w; by force the network is left all the same", err)
	}
	data, e := json.Marshal(u)
	if e == nil {
		e = fstree.Replace(path, 0o644, data)
	}
	fmt.Printf("the store was not told: %s stays taken in the name of %s, and with it what the store has of network %s. Call state=absent again once the store answers, or on another host: rundockd overlay forget %[3]s %[2]s (%[4]v)\n",
		u.what(), host, u.Network.Name, err)
	return e
}

// errNobody is why the store is not told: nothing says which host this is.
var errNobody = errors.New("this host has no identity")

// what names the subnet for people.
func (u unreleased) what() string {
	if u.Subnet.IsValid() {
		return u.Subnet.String()
	}
	return "the subnet of this host"
}

// orHost is by what the host's entry can be forgotten.
func (u unreleased) orHost(name string) string {
	if u.Subnet.IsValid() {
		return u.Subnet.String()
	}
	return name
}

// release tells the store, or with check only asks it. It returns as which host
// this one is known there.
func (u unreleased) release(ctx context.Context, check bool) (string, error) {
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
	if u.Machine == "" && instance == "" {
		return name, errNobody
	}
	r := &roster.Roster{Client: store, Network: u.Network, Log: process.NewLogger(), Self: roster.Member{ID: u.Machine, Instance: instance}}
	if check {
		_, err := r.Hosts(ctx)
		return name, err
	}
	return name, r.Release(ctx)
}
