package switching

import (
	"context"

	"rundock/internal/container"
	"rundock/internal/control"
	"rundock/supervisor/report"
)

// imageHere is the image that this host runs of a service's colour: as its image
// registry knows it, or by id where it came from none or dockerd does not say; ""
// where the host runs none.
func imageHere(ctx context.Context, service, colour string) string {
	status, err := control.ReadRunner(control.Dir, service+"-"+colour)
	if err != nil || status.Image == "" {
		return ""
	}
	docker, err := container.Open()
	if err != nil {
		return status.Image
	}
	ctx, cancel := context.WithTimeout(ctx, report.Patience)
	defer cancel()
	digest, err := docker.Digest(ctx, status.Image)
	if err != nil {
		return status.Image
	}
	return digest
}
