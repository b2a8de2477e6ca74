package overlayctl

import (
	"context"
	"errors"
	"fmt"
	"time"

	"rundock/internal/container"
	"rundock/internal/overlay"
	"rundock/supervisor/overlayhost"
)

// dockerPatience is for all that check asks dockerd about a network.
const dockerPatience = 5 * time.Second

// poolNotes names the address pools of dockerd that overlap a network: nothing
// is wrong until a Docker network is made in one of them.
func poolNotes(ctx context.Context, docker *container.Client, n overlay.Network) ([]string, error) {
	pools, err := docker.OverlayPools(ctx, n.CIDR)
	var notes []string
	for _, pool := range pools {
		notes = append(notes, fmt.Sprintf(
			"network %s: dockerd takes the subnets of new networks from %s too, which overlaps cidr %s: a Docker network made there takes packets for other hosts away; set default-address-pools of /etc/docker/daemon.json to ranges outside the cidr",
			n.Name, pool, n.CIDR))
	}
	return notes, err
}

// askDockerAbout returns what is wrong with Docker's networks beside network
// name, as a line of check, and what may become so. A dockerd that does not
// answer tells neither: the agent's status says that it does not.
func askDockerAbout(name string) (wrong, notes []string) {
	settings, _, err := overlayhost.ReadSettings(name)
	if err != nil {
		return nil, nil // check has said so
	}
	p, err := overlayhost.PlaceOf(settings)
	if err != nil {
		return nil, nil
	}
	docker, err := container.Open()
	if err != nil {
		return nil, nil
	}
	ctx, cancel := context.WithTimeout(context.Background(), dockerPatience)
	defer cancel()
	if docker.Ping(ctx) != nil {
		return nil, nil
	}
	var conflict *container.Conflict
	if err := docker.OverlayConflict(ctx, name, p.Settings.CIDR, p.Underlay.Address); errors.As(err, &conflict) {
		wrong = append(wrong, "# "+conflict.Error())
	}
	notes, _ = poolNotes(ctx, docker, p.Settings.Network)
	return wrong, notes
}
