// Package container runs containers through the Docker Engine API (1.41 and
// later): pull, create, start, stop, follow state and logs. It is the only
// importer of the Docker client.
//
// What is ours is known by labels, never by comparing the daemon's inflated
// inspect output with what was asked for: daemons add fields with every
// release.
package container

import (
	"context"
	"fmt"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"rundock/internal/pause"

	"github.com/containerd/errdefs"
	"github.com/docker/docker/api/types/container"
	"github.com/docker/docker/api/types/filters"
	"github.com/docker/docker/api/types/mount"
	"github.com/docker/docker/client"
)

// Labels of the containers we create.
const (
	LabelService    = "rundock.service"    // name of the service
	LabelSpec       = "rundock.spec"       // hash of its spec
	LabelAddresses  = "rundock.addresses"  // host addresses that were filled in, "PRIVATE_IP=10.0.0.2"
	LabelResolver   = "rundock.resolver"   // the host's private address, where that is the container's resolver
	LabelPartners   = "rundock.partners"   // containers that it shares something with, as they were
	LabelDeployment = "rundock.deployment" // what it was made for: the same for all that were made after crashes
	LabelContents   = "rundock.contents"   // digests of what the files held that it was made from; not there where it is made from none
)

// Client speaks to one Docker daemon.
type Client struct {
	engine  atomic.Pointer[client.Client]
	meeting sync.Mutex // guards daemon, and the replacement of engine
	daemon  string     // API version that the daemon named last; "": not met yet
	limits  limits
}

// Open returns a client of the daemon that DOCKER_HOST names, by default the
// one at /var/run/docker.sock. It does not connect: a daemon that is down
// shows with the first call.
func Open() (*Client, error) {
	api, err := newEngine()
	if err != nil {
		return nil, fmt.Errorf("open Docker client: %w", err)
	}
	c := &Client{limits: defaultLimits}
	c.engine.Store(api)
	return c, nil
}

func newEngine() (*client.Client, error) {
	return client.NewClientWithOpts(client.FromEnv, client.WithAPIVersionNegotiation())
}

func (c *Client) api() *client.Client { return c.engine.Load() }

// State is what a container looks like now. The zero State is a container
// that does not exist.
type State struct {
	Exists      bool
	Running     bool // also while it is paused
	Paused      bool
	ID          string
	Name        string // as created or last renamed
	Image       string // id of its image
	Labels      map[string]string
	Health      string                // "" without a HEALTHCHECK; starting, healthy, unhealthy
	HealthLog   string                // output of the last check
	Unchecked   bool                  // unhealthy only as the daemon itself could not run the checks
	Addresses   map[string]netip.Addr // by network name
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

	// Unknown says that the daemon could not be asked; nothing else is set.
	Unknown error
}

// Inspect returns the state of the container with this name or id.
func (c *Client) Inspect(ctx context.Context, name string) (State, error) {
	var r container.InspectResponse
	err := bounded(ctx, c.limits.inspect, func(ctx context.Context) error {
		id, err := c.exactly(ctx, name)
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

// exactly returns what the daemon takes for the container with this name or
// id and for no other. It takes a name that no container has for the beginning
// of an id, so that with a service called db, some other container would be
// found now and then.
func (c *Client) exactly(ctx context.Context, name string) (string, error) {
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
		Volumes:     map[string]string{},
	}
	if r.Config.StopTimeout != nil {
		s.StopTimeout = *r.Config.StopTimeout
	}
	if st := r.State; st != nil {
		s.Running, s.Paused, s.ExitCode, s.Error, s.OOMKilled = st.Running, st.Paused, st.ExitCode, st.Error, st.OOMKilled
		s.StartedAt, _ = time.Parse(time.RFC3339Nano, st.StartedAt)
		s.FinishedAt, _ = time.Parse(time.RFC3339Nano, st.FinishedAt)
		if st.Health != nil && st.Health.Status != container.NoHealthcheck {
			s.Health = string(st.Health.Status)
			if n := len(st.Health.Log); n > 0 {
				s.HealthLog = st.Health.Log[n-1].Output
			}
			s.Unchecked = st.Health.Status == container.Unhealthy && unchecked(st.Health)
		}
	}
	if n := r.NetworkSettings; n != nil {
		for name, ep := range n.Networks {
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

// Start starts a created container.
func (c *Client) Start(ctx context.Context, id string) error {
	err := c.api().ContainerStart(ctx, id, container.StartOptions{})
	if err == nil {
		return nil
	}
	if why := c.WhyNotExecutable(ctx, id, err.Error()); why != "" {
		return fmt.Errorf("start container %s: %s: %w", short(id), why, err)
	}
	return fmt.Errorf("start container %s: %w", short(id), err)
}

// Stop sends the container its stop signal and, timeout seconds later, KILL.
// It returns when the container has stopped; one that is gone or stopped
// already is no error.
func (c *Client) Stop(ctx context.Context, id string, timeout int) error {
	err := c.api().ContainerStop(ctx, id, container.StopOptions{Timeout: &timeout})
	if err != nil && !errdefs.IsNotFound(err) {
		return fmt.Errorf("stop container %s: %w", short(id), err)
	}
	return nil
}

// Remove removes the container with its anonymous volumes, killing it if it
// still runs; named volumes stay. One that is gone already is no error.
func (c *Client) Remove(ctx context.Context, id string) error { return c.remove(ctx, id, true) }

// RemoveAlone is Remove without the anonymous volumes, which stay.
func (c *Client) RemoveAlone(ctx context.Context, id string) error { return c.remove(ctx, id, false) }

func (c *Client) remove(ctx context.Context, id string, volumes bool) error {
	ctx, cancel := context.WithTimeout(ctx, c.limits.remove)
	defer cancel()
	var busy error // what the daemon said last
	for {
		err := c.api().ContainerRemove(ctx, id, container.RemoveOptions{RemoveVolumes: volumes, Force: true})
		switch {
		case err == nil || errdefs.IsNotFound(err):
			return nil
		case errdefs.IsConflict(err):
			// Somebody else removes it at this moment, or the daemon thinks so
			// ever since a removal that failed.
			if busy = err; pause.For(ctx, 100*time.Millisecond) == nil {
				continue
			}
		case busy != nil && ctx.Err() != nil:
			err = busy
		}
		return fmt.Errorf("remove container %s: %w", short(id), err)
	}
}

// Rename gives the container another name.
func (c *Client) Rename(ctx context.Context, id, name string) error {
	if err := c.api().ContainerRename(ctx, id, name); err != nil {
		return fmt.Errorf("rename container %s to %s: %w", short(id), name, err)
	}
	return nil
}

// Wait returns the container's exit code once it has stopped. A daemon that
// restarts meanwhile is waited for; only ctx ends the wait early. A container
// that was removed counts as exited with 137, as removal kills it.
func (c *Client) Wait(ctx context.Context, id string) (int, error) {
	for {
		done, failed := c.api().ContainerWait(ctx, id, container.WaitConditionNotRunning)
		select {
		case r := <-done:
			if r.Error == nil {
				return int(r.StatusCode), nil
			}
		case <-failed:
		}
		if ctx.Err() != nil {
			return 0, ctx.Err()
		}
		if c.Ping(ctx) == nil { // another daemon may have taken its place
			if s, err := c.Inspect(ctx, id); err == nil && !s.Exists {
				return 137, nil
			}
		}
		if err := pause.For(ctx, 250*time.Millisecond); err != nil {
			return 0, err
		}
	}
}

// short is the form of an id that docker ps prints; names stay whole.
func short(id string) string {
	if len(id) == 64 {
		return id[:12]
	}
	return id
}
