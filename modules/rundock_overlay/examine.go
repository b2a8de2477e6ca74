package main

import (
	"errors"
	"fmt"
	"path/filepath"
	"strings"

	"rundock/internal/hostconfig"
	"rundock/internal/overlay"
)

// examine looks whether the host allows the network, and what will be made.
func (t *task) examine() (kernelState, error) {
	registry := len(t.settings.Peers) == 0
	if t.noConfig != nil && (registry || t.settings.Underlay == "") {
		return kernelState{}, t.noConfig
	}
	if registry && t.config.OwnStore() == "" {
		return kernelState{}, errors.New("peers: host.json has neither etcd.endpoints nor consul.address, so there is no store, and the hosts of the network have to be given")
	}
	under, err := t.underlay()
	if err != nil {
		return kernelState{}, err
	}
	if err := t.apart(under); err != nil {
		return kernelState{}, err
	}
	return t.readKernel(under)
}

// underlay is where other hosts reach this one at this moment.
func (t *task) underlay() (overlay.Underlay, error) {
	where := t.settings.Underlay
	if where == "" {
		a, err := t.config.PrivateAddress()
		if err != nil {
			return overlay.Underlay{}, fmt.Errorf("underlay: %s: %w", hostconfig.Path, err)
		}
		where = a.String()
	}
	return overlay.FindUnderlay(where)
}

// apart returns an error if another network of this host has the VNI, or a
// part of the cidr, which may not be in the kernel yet, or is the underlay.
func (t *task) apart(under overlay.Underlay) error {
	files, err := filepath.Glob(filepath.Join(overlay.SettingsDir, "*.json"))
	for _, f := range files {
		name := strings.TrimSuffix(filepath.Base(f), ".json")
		if name == t.p.Name {
			continue
		}
		other, err := overlay.ReadSettings(overlay.SettingsDir, name)
		if err != nil {
			t.warn("network %s is not compared with this one: %v", name, err)
			continue
		}
		all := []overlay.Network{other.Network}
		if err := errors.Join(t.settings.CheckConflicts(all), under.CheckConflicts(all)); err != nil {
			return err
		}
	}
	return err
}
