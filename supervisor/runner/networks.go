package runner

import (
	"cmp"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"rundock/internal/complaint"
	"rundock/internal/control"
	"rundock/internal/overlay"
	"rundock/internal/spec"
	"rundock/supervisor/overlaydir"
	"rundock/supervisor/process"
)

// overlays are those of the networks that c is in which an agent of this host
// makes: other ones are there, or the container cannot be started.
func overlays(c spec.Container, settings string) []spec.Network {
	var kept []spec.Network
	for _, n := range c.Joined() {
		if _, err := os.Stat(filepath.Join(settings, n.Name+".json")); err == nil {
			kept = append(kept, n)
		}
	}
	return kept
}

// networks waits until the overlay networks of the container are there, as
// mounts does. What else is wrong with them is for the start to find out.
func (r *runner) networks(ctx context.Context) error {
	return r.await(ctx, func() string { return r.missing(ctx) })
}

// missing names a network that is awaited, and says why it is not there.
func (r *runner) missing(ctx context.Context) string {
	for _, n := range overlays(r.service.Container, overlay.SettingsDir) {
		if there, err := r.docker.HasNetwork(ctx, n.Name); err == nil && !there {
			s, _ := control.ReadOverlay(control.Dir, n.Name)
			return fmt.Sprintf("network %s is not there yet: %s", n.Name, whyNoNetwork(n.Name, s))
		}
	}
	return ""
}

// whyNoNetwork is what a network's agent says of one that is not there.
func whyNoNetwork(name string, s control.OverlayStatus) string {
	switch {
	case s.State == "":
		return "its agent has said nothing: see sv status " + overlaydir.Prefix + name
	case s.Reason != "" && s.Registry != "":
		return s.Reason + "; " + s.Registry
	}
	return cmp.Or(s.Reason, s.Registry, "its agent says that it is "+string(s.State))
}

// networkLook is how often the runner looks whether the container still is
// in its overlay networks.
const networkLook = 5 * time.Second

// rejoin puts the running container back into overlay networks that it has
// lost, as when one was taken away and made anew.
func (r *runner) rejoin(ctx context.Context, id string) {
	var said complaint.Memory
	for process.Wait(ctx, networkLook) == nil {
		kept := overlays(r.service.Container, overlay.SettingsDir)
		if len(kept) == 0 {
			continue
		}
		s, err := r.docker.Inspect(ctx, id)
		if err != nil || !s.Running || s.HostNetwork {
			continue
		}
		for _, n := range kept {
			if _, in := s.Addresses[n.Name]; in {
				continue
			}
			if there, err := r.docker.HasNetwork(ctx, n.Name); err != nil || !there {
				continue
			}
			err := r.docker.Join(ctx, id, n)
			if err == nil {
				r.log.Info("the container is back in a network that was made anew", "network", n.Name)
			} else if text := err.Error(); ctx.Err() == nil && said.News(time.Now(), text) {
				r.log.Error("the container cannot be brought back into a network", "err", text)
			}
		}
	}
}
