package switching

import (
	"rundock/internal/control"
)

// imageHere is the image that this host runs of a service's colour; "" where it
// runs none.
func imageHere(service, colour string) string {
	status, err := control.ReadRunner(control.Dir, service+"-"+colour)
	if err != nil {
		return ""
	}
	return status.Image
}
