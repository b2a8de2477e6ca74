package sidecar

import (
	"rundock/internal/container"
	"rundock/internal/control"
)

// cutOff tells of the overlay networks of a container in which this host is
// cut off, by their agents' status: what is sent to the container's address
// arrives at another host.
func cutOff(dir string, s container.State) map[string]string {
	why := map[string]string{}
	for name := range s.Addresses {
		if says, err := control.ReadOverlay(dir, name); err == nil && says.State == control.OverlayFenced {
			why[name] = "this host is cut off there, see rundockd overlay status " + name
		}
	}
	return why
}
