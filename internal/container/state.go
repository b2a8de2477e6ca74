package container

import (
	"cmp"
	"context"
	"fmt"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/containerd/errdefs"
	"github.com/docker/docker/api/types/container"
	"github.com/docker/docker/api/types/filters"
	"github.com/docker/docker/api/types/mount"
)

// State is what a container looks like now. The zero State is a container
// that does not exist.
type State struct {
	Exists      bool
	Running     bool // also while it is paused
	Paused      bool
	ID          string
	PID         int    // of its first process, as the daemon's host counts; 0 where it does not run
	Name        string // as created or last renamed
	Image       string // id of its image
	Labels      map[string]string
	Health      string                // "" without a HEALTHCHECK; starting, healthy, unhealthy
	Checked     bool                  // it has a HEALTHCHECK, also where it does not run
	LastCheck   time.Time             // when the last check that the daemon knows of ended; zero: it knows of none
	CheckWithin time.Duration         // a check ends within that of the one before it: interval and timeout
	HealthLog   string                // output of the last check
	Unchecked   bool                  // unhealthy only as the daemon itself could not run the checks
	Addresses   map[string]netip.Addr // by network name
	NetworkIDs  map[string]string     // of the networks that it is in, by name
	HostNetwork bool
	Resolvers   []string // that it was given
	Published   []HostPort
	Volumes     map[string]string // names by path in the container
	ExitCode    int
	Error       string // why it could not be started
	OOMKilled   bool
	StopTimeout int // seconds
	StartedAt   time.Time
	FinishedAt  time.Time

	// Unreachable says why the daemon could not be asked; nothing else is set.
	Unreachable error

	// Unwatched says why Follow knows of its end by the daemon alone.
	Unwatched error
}

// Inspect returns the state of the container with this name or id.
func (c *Client) Inspect(ctx context.Context, name string) (State, error) {
	var r container.InspectResponse
	err := withLimit(ctx, c.limits.inspect, func(ctx context.Context) error {
		id, err := c.resolve(ctx, name)
		if err == nil {
			r, err = c.api().ContainerInspect(ctx, id)
		}
		return err
	})
	if errdefs.IsNotFound(err) {
		return State{}, nil
	}
	if err != nil {
		return State{}, fmt.Errorf("inspect container %s: %w", name, err)
	}
	return stateOf(r), nil
}

// resolve returns what the daemon takes for the container with this name or id
// alone. The daemon takes a name that no container has for the beginning of an
// id: for a service called db it would now and then find another container.
func (c *Client) resolve(ctx context.Context, name string) (string, error) {
	if len(name) >= 64 || strings.Trim(name, "0123456789abcdef") != "" {
		return name, nil
	}
	named := filters.NewArgs(filters.Arg("name", "^/"+name+"$"))
	list, err := c.api().ContainerList(ctx, container.ListOptions{All: true, Filters: named})
	if err != nil {
		return "", err
	}
	if len(list) == 0 {
		return "", errdefs.ErrNotFound.WithMessage("no container is called " + name)
	}
	return list[0].ID, nil
}

// unchecked reports whether none of the failures in a row that are still in
// the log of h is the container's: with containerd away, the daemon counts
// each check that it cannot start as a failure (seen with 20.10).
func unchecked(h *container.Health) bool {
	failures := h.Log[max(0, len(h.Log)-h.FailingStreak):]
	return len(failures) > 0 && !slices.ContainsFunc(failures, func(r *container.HealthcheckResult) bool {
		return r.ExitCode != -1 || !strings.HasSuffix(r.Output, ": unavailable")
	})
}

// checkDefault is the interval, and the timeout, of a HEALTHCHECK that names none.
const checkDefault = 30 * time.Second

func stateOf(r container.InspectResponse) State {
	s := State{
		Exists:      true,
		ID:          r.ID,
		Name:        r.Name[1:], // "/influxdb"
		Image:       r.Image,
		Labels:      r.Config.Labels,
		HostNetwork: r.HostConfig.NetworkMode.IsHost(),
		Resolvers:   r.HostConfig.DNS,
		StopTimeout: 10,
		Addresses:   map[string]netip.Addr{},
		NetworkIDs:  map[string]string{},
		Volumes:     map[string]string{},
	}
	if r.Config.StopTimeout != nil {
		s.StopTimeout = *r.Config.StopTimeout
	}
	if h := r.Config.Healthcheck; h != nil {
		s.Checked = len(h.Test) > 0 && h.Test[0] != "NONE"
		s.CheckWithin = cmp.Or(h.Interval, checkDefault) + cmp.Or(h.Timeout, checkDefault)
	}
	if st := r.State; st != nil {
		s.Running, s.Paused, s.ExitCode, s.Error, s.OOMKilled = st.Running, st.Paused, st.ExitCode, st.Error, st.OOMKilled
		s.PID = st.Pid
		s.StartedAt, _ = time.Parse(time.RFC3339Nano, st.StartedAt)
		s.FinishedAt, _ = time.Parse(time.RFC3339Nano, st.FinishedAt)
		if st.Health != nil && st.Health.Status != container.NoHealthcheck {
			s.Health = string(st.Health.Status)
			if n := len(st.Health.Log); n > 0 {
				s.HealthLog, s.LastCheck = st.Health.Log[n-1].Output, st.Health.Log[n-1].End
			}
			s.Unchecked = st.Health.Status == container.Unhealthy && unchecked(st.Health)
		}
	}
	if n := r.NetworkSettings; n != nil {
		for name, ep := range n.Networks {
			s.NetworkIDs[name] = ep.NetworkID
			if a, err := netip.ParseAddr(ep.IPAddress); err == nil {
				s.Addresses[name] = a
			}
		}
	}
	for _, m := range r.Mounts {
		if m.Type == mount.TypeVolume {
			s.Volumes[m.Destination] = m.Name
		}
	}
	for port, bindings := range r.HostConfig.PortBindings {
		for _, b := range bindings {
			if n, err := strconv.Atoi(b.HostPort); err == nil {
				s.Published = append(s.Published, hostPort(b.HostIP, n, port.Proto()))
			}
		}
	}
	return s
}
