package sidecar

import (
	"strings"

	"rundock/internal/announce"
	"rundock/internal/hostconfig"
	"rundock/supervisor"
	"rundock/supervisor/announcing"
)

// addresses are those that are announced, in the order of the ports.
func addresses(cfg announce.Config) string {
	var list []string
	for _, p := range cfg.Ports {
		list = append(list, p.Address.String())
	}
	return strings.Join(list, " ")
}

// addressesNow are those that a sidecar started now would announce.
func addressesNow(wanted supervisor.Announce) (string, error) {
	host, err := hostconfig.Load(hostconfig.Path)
	if err != nil {
		return "", err
	}
	cfg, err := announcing.Config(wanted, host)
	return addresses(cfg), err
}
