package ctl

import (
	"fmt"
	"path/filepath"

	"rundock/internal/container"
	"rundock/internal/hostconfig"
	"rundock/internal/runit"
	"rundock/supervisor"
	"rundock/supervisor/servicecontainer"
)

// owned returns an error that names the service whose port one of ports is: an
// enabled one that publishes it as soon as its container runs, which at this
// moment it may not do (a call that did not wait, a crash, sv down). Otherwise
// whoever starts first would keep the other from running. Ports that own, the
// container of service, holds are its by right.
func owned(host hostconfig.Config, service string, ports []container.HostPort, own container.State) error {
	if len(ports) == 0 {
		return nil
	}
	folders, err := runit.Detect(host.Runit.SV, host.Runit.Service)
	if err != nil {
		return err
	}
	dirs, err := processFolders(folders)
	if err != nil {
		return err
	}
	vars := map[string]string{}
	for _, name := range []string{"PRIVATE_IP", "PUBLIC_IP"} {
		if one, err := servicecontainer.Variables(host, []string{name}); err == nil {
			vars[name] = one[name]
		}
	}
	for _, dir := range dirs {
		// What cannot be read, or expanded, cannot be started either.
		s, err := supervisor.ReadService(filepath.Join(dir, "service.json"))
		if err != nil || s.Name == service || s.Container.Network == "host" {
			continue
		}
		theirs, err := container.HostPorts(s.Container.Expand(vars))
		if err != nil {
			continue
		}
		for _, p := range ports {
			for _, q := range theirs {
				if p.Port != 0 && p.Conflicts(q) && !own.Publishes(p) {
					return fmt.Errorf("port %s is service %s's, which is enabled, but does not run at this moment: disable it, or have it leave the port", p, s.Name)
				}
			}
		}
	}
	return nil
}
