package look

import (
	"errors"
	"fmt"
	"path/filepath"
	"strings"

	"rundock/internal/hostconfig"
	"rundock/internal/module"
	"rundock/internal/overlay"
	"rundock/modules/rundock_overlay/plan"
)

// Room looks whether the host has room for the network, and what will be made of it. subnet
// is the host's, where its agent has said so. uncompared are warnings of networks that may be
// in the way.
func Room(host module.Host, s overlay.Settings, subnet string) (k plan.Kernel, uncompared []string, err error) {
	byStore := len(s.Peers) == 0
	if host.Missing != nil && (byStore || s.Underlay == "") {
		return k, nil, host.Missing
	}
	if byStore && host.Config.OwnStore() == "" {
		return k, nil, errors.New("peers: host.json has neither etcd.endpoints nor consul.address, so there is no store, and the hosts of the network have to be given")
	}
	under, err := Underlay(host.Config, s)
	if err != nil {
		return k, nil, err
	}
	if uncompared, err = apart(s, under); err != nil {
		return k, uncompared, err
	}
	k, err = readKernel(s, under, subnet)
	return k, uncompared, err
}

// Underlay is where other hosts reach this one at this moment.
func Underlay(config hostconfig.Config, s overlay.Settings) (overlay.Underlay, error) {
	where := s.Underlay
	if where == "" {
		a, err := config.PrivateAddress()
		if err != nil {
			return overlay.Underlay{}, fmt.Errorf("underlay: %s: %w", hostconfig.Path, err)
		}
		where = a.String()
	}
	return overlay.FindUnderlay(where)
}

// apart returns an error if another network of this host has the VNI, or a
// part of the cidr, which may not be in the kernel yet, or is the underlay.
func apart(s overlay.Settings, under overlay.Underlay) (uncompared []string, err error) {
	files, err := filepath.Glob(filepath.Join(overlay.SettingsDir, "*.json"))
	for _, f := range files {
		name := strings.TrimSuffix(filepath.Base(f), ".json")
		if name == s.Name {
			continue
		}
		other, err := overlay.ReadSettings(overlay.SettingsDir, name)
		if err != nil {
			uncompared = append(uncompared, fmt.Sprintf("network %s is not compared with this one: %v", name, err))
			continue
		}
		all := []overlay.Network{other.Network}
		if err := errors.Join(s.CheckConflicts(all), under.CheckConflicts(all)); err != nil {
			return uncompared, err
		}
	}
	return uncompared, err
}
