package overlayhost

import (
	"fmt"
	"log/slog"
	"os"

	"rundock/internal/hostconfig"
	"rundock/internal/overlay"
	"rundock/internal/overlay/roster"
	"rundock/internal/registry"
)

// Place is a network and this host's place under it.
type Place struct {
	Settings overlay.Settings
	Host     hostconfig.Config // zero where no store is needed and host.json is not there
	Machine  string
	Instance string // "": not known yet
	Underlay overlay.Underlay
}

func Find(name string) (p Place, err error) {
	settings, err := overlay.ReadSettings(overlay.SettingsDir, name)
	if err != nil {
		return p, err
	}
	return PlaceOf(settings)
}

func PlaceOf(settings overlay.Settings) (p Place, err error) {
	p.Settings = settings
	p.Host, err = hostconfig.Load(hostconfig.Path)
	if err != nil && (len(p.Settings.Peers) == 0 || p.Settings.Underlay == "") {
		return p, err
	}
	where := p.Settings.Underlay
	if where == "" {
		private, err := p.Host.PrivateAddress()
		if err != nil {
			return p, fmt.Errorf("%s: %w", hostconfig.Path, err)
		}
		where = private.String()
	}
	if p.Underlay, err = overlay.FindUnderlay(where); err != nil {
		return p, err
	}
	if p.Machine, err = hostconfig.MachineID(); err != nil {
		return p, err
	}
	p.Instance, err = ReadInstance()
	return p, err
}

// Identity is what the MACs of the network's devices follow from.
func (p Place) Identity() string {
	if own, err := p.Settings.OwnPeer(p.Underlay.Address); err == nil {
		return own.Identity()
	}
	return p.Machine
}

// Wanted is what the kernel should hold, given what others are known to be.
func (p Place) Wanted(k SavedState) (*overlay.Wanted, error) {
	h := overlay.Host{Machine: p.Machine, Subnet: k.Subnet, Underlay: p.Underlay.Address, Interface: p.Underlay.Interface, MTU: p.Underlay.MTU}
	if len(p.Settings.Peers) > 0 {
		own, err := p.Settings.OwnPeer(p.Underlay.Address)
		if err != nil {
			return nil, err
		}
		h.Machine, h.Subnet = own.Identity(), own.Subnet
	}
	return overlay.NewWanted(p.Settings.Network, h, k.Peers)
}

// Roster is the network as this host sees it, and its place in it.
func (p Place) Roster(store registry.Store, log *slog.Logger) *roster.Roster {
	return &roster.Roster{Client: store, Network: p.Settings.Network, Log: log, Self: roster.Member{
		ID: p.Machine, Host: p.HostName(), Underlay: p.Underlay.Address, MAC: overlay.VxlanMAC(p.Machine, p.Settings.VNI), Instance: p.Instance,
	}}
}

// HostName is the host's name for people.
func (p Place) HostName() string {
	if p.Host.Host != "" {
		return p.Host.Host
	}
	name, _ := os.Hostname()
	return name
}
