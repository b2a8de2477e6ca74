package runner

import (
	"cmp"
	"context"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"time"

	"rundock/internal/complaint"
	"rundock/internal/container"
	"rundock/internal/control"
	"rundock/internal/overlay"
	"rundock/internal/pause"
	"rundock/internal/spec"
	"rundock/supervisor/overlaydir"
)

// overlays are the networks of c that an agent of this host makes, whose
// settings are in the folder settings. Others are there, or the container
// cannot be started.
func overlays(c spec.Container, settings string) []spec.Network {
	var kept []spec.Network
	for _, n := range c.Joined() {
		if _, err := os.Stat(filepath.Join(settings, n.Name+".json")); err == nil {
			kept = append(kept, n)
		}
	}
	return kept
}

// missingNetwork names the first of networks that is not there, and says why;
// "" where all are.
func missingNetwork(ctx context.Context, docker *container.Client, networks []spec.Network) string {
	for _, n := range networks {
		if there, err := docker.HasNetwork(ctx, n.Name); err == nil && !there {
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

// lacks are the networks of its spec that the running container s is not in, and that
// rejoin does not bring it back into. A dockerd without a network bridge of its own has
// containers in none.
func (f follower) lacks(ctx context.Context, s container.State) (names []string) {
	kept := overlays(f.origins.spec, overlay.SettingsDir)
	for _, name := range s.Lacks(f.origins.spec.NetworkNames()) {
		if slices.ContainsFunc(kept, func(n spec.Network) bool { return n.Name == name }) {
			continue
		}
		if name == "bridge" {
			if there, err := f.docker.HasNetwork(ctx, name); err != nil || !there {
				continue
			}
		}
		names = append(names, name)
	}
	return names
}

// networkLook is how often the runner looks whether the container still is
// in its overlay networks.
const networkLook = 5 * time.Second

// rejoin puts the running container id, which is of c, back into overlay
// networks that it has lost, as when one was taken away and made anew. It
// returns when ctx is done.
func rejoin(ctx context.Context, docker *container.Client, c spec.Container, id string, log *slog.Logger) {
	var complaints complaint.Memory
	for pause.For(ctx, networkLook) == nil {
		kept := overlays(c, overlay.SettingsDir)
		if len(kept) == 0 {
			continue
		}
		s, err := docker.Inspect(ctx, id)
		if err != nil || !s.Running || s.HostNetwork {
			continue
		}
		for _, n := range kept {
			if _, in := s.Addresses[n.Name]; in {
				continue
			}
			if there, err := docker.HasNetwork(ctx, n.Name); err != nil || !there {
				continue
			}
			err := docker.Join(ctx, id, n)
			if err == nil {
				log.Info("the container is back in a network that was made anew", "network", n.Name)
			} else if text := err.Error(); ctx.Err() == nil && complaints.News(time.Now(), text) {
				log.Error("the container cannot be brought back into a network", "err", text)
			}
		}
	}
}
