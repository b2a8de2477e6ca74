package container

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/containerd/errdefs"
	"github.com/docker/docker/api/types/network"
)

// recreateLimit bounds how long the containers of a network are without it while
// it gets another subnet.
const recreateLimit = time.Minute

// Ensured is what became of Docker's part of an overlay network.
type Ensured struct {
	Changed   bool       // it was made, or made anew
	Tried     bool       // that was tried: what Docker builds on may be another now
	Moved     []string   // names of the containers that got another address by that
	Endpoints []Endpoint // the containers in the network, where nothing was to change
	Deferred  string     // what is to change once no container is attached, and does no harm until then
}

// EnsureOverlay creates the network if there is none. It makes one anew that is
// ours and differs, if no container is attached.
//
// A network with another subnet it makes anew in any case, as its containers
// have addresses that lead elsewhere: it takes them off the old network and puts
// them into the new one, even if ctx is done meanwhile, and an error says which
// were not. Another MTU can wait: containers begin with it, and routers tell them
// what passes.
func (c *Client) EnsureOverlay(ctx context.Context, o Overlay) (done Ensured, err error) {
	options, err := c.requiredOptions(ctx, o)
	if err != nil {
		return done, err
	}
	var movers []mover
	there, err := c.removeIf(ctx, o.Name, func(r network.Inspect) (bool, error) {
		differs, late, names := o.differs(r, options), o.deferredChange(r), attached(r)
		switch {
		case differs == "" && (late == "" || len(names) > 0):
			done.Endpoints, done.Deferred = endpointsOf(r), late
			return false, nil
		case r.Labels[LabelOverlay] != o.Name:
			return false, fmt.Errorf("docker network %s is there already, and is not ours: %s", o.Name, differs)
		case len(names) == 0:
			return true, nil
		case addressing(r) == o.addressing():
			return false, fmt.Errorf("docker network %s cannot be made anew (%s) while containers are attached: %s; stop them all for a moment, or take them off: docker network disconnect -f %[1]s CONTAINER",
				o.Name, differs, strings.Join(names, ", "))
		}
		var err error
		movers, err = c.moversOf(ctx, r)
		return false, err
	})
	switch {
	case err != nil:
		return done, err
	case len(movers) > 0:
		return c.recreateBeneath(ctx, o, options, movers)
	case there:
		return done, nil
	}
	err = c.createOverlay(ctx, o, options)
	done.Changed, done.Tried = err == nil, true
	return done, err
}

func (c *Client) createOverlay(ctx context.Context, o Overlay, options map[string]string) error {
	_, err := c.api().NetworkCreate(ctx, o.Name, network.CreateOptions{
		Driver:  "bridge",
		IPAM:    &network.IPAM{Driver: "default", Config: []network.IPAMConfig{{Subnet: o.Subnet.String(), Gateway: o.Gateway.String()}}},
		Options: options,
		Labels:  map[string]string{LabelOverlay: o.Name},
	})
	if err != nil {
		return fmt.Errorf("create docker network %s: %w", o.Name, explainLostChains(err))
	}
	return nil
}

// mover is a container that is put from one network into another of its name.
type mover struct {
	id, name string
	as       *network.EndpointSettings // without an address, which the other network does not have
}

func (c *Client) moversOf(ctx context.Context, r network.Inspect) (all []mover, err error) {
	for id, e := range r.Containers {
		s, err := c.api().ContainerInspect(ctx, id)
		if errdefs.IsNotFound(err) {
			continue // what is left of one
		}
		if err != nil {
			return nil, fmt.Errorf("container %s: %w", e.Name, err)
		}
		m := mover{id: id, name: e.Name, as: &network.EndpointSettings{}}
		if s.NetworkSettings != nil && s.NetworkSettings.Networks[r.Name] != nil {
			was := s.NetworkSettings.Networks[r.Name]
			m.as.Aliases, m.as.DriverOpts, m.as.GwPriority = was.Aliases, was.DriverOpts, was.GwPriority
		}
		all = append(all, m)
	}
	slices.SortFunc(all, func(a, b mover) int { return cmp.Compare(a.name, b.name) })
	return all, nil
}

// recreateBeneath makes the network anew beneath its containers. Whatever goes
// wrong, it puts those that were taken off into the network that is there then.
func (c *Client) recreateBeneath(ctx context.Context, o Overlay, options map[string]string, movers []mover) (done Ensured, err error) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), recreateLimit)
	defer cancel()
	if err = c.RemoveOverlay(ctx, o.Name, true); err == nil {
		err = c.createOverlay(ctx, o, options)
		done.Changed, done.Tried = err == nil, true
	}
	for _, m := range movers {
		if e := c.connectMover(ctx, o.Name, m); e != nil {
			err = errors.Join(err, e)
		} else if done.Changed {
			done.Moved = append(done.Moved, m.name)
		}
	}
	return done, err
}

// connectMover puts m into the network; that somebody else has done so is no error.
func (c *Client) connectMover(ctx context.Context, name string, m mover) error {
	err := c.api().NetworkConnect(ctx, name, m.id, m.as)
	if err == nil || errdefs.IsNotFound(err) {
		return nil
	}
	if r, e := c.api().NetworkInspect(ctx, name, network.InspectOptions{}); e == nil {
		if _, in := r.Containers[m.id]; in {
			return nil
		}
	}
	return fmt.Errorf("put container %s back into docker network %s: %w", m.name, name, err)
}

// addressing is the subnet and the gateway of a network, as text.
func (o Overlay) addressing() string {
	return fmt.Sprintf("subnet %s, gateway %s", o.Subnet, o.Gateway)
}

func addressing(r network.Inspect) string {
	if len(r.IPAM.Config) != 1 {
		return "no subnet"
	}
	return fmt.Sprintf("subnet %s, gateway %s", r.IPAM.Config[0].Subnet, r.IPAM.Config[0].Gateway)
}

// differs says in what r differs from o; "" where it does not.
func (o Overlay) differs(r network.Inspect, options map[string]string) string {
	switch {
	case r.Driver != "bridge":
		return "its driver is " + r.Driver
	case r.Labels[LabelOverlay] != o.Name:
		return "it has no label " + LabelOverlay
	}
	if has := addressing(r); has != o.addressing() {
		return "it has " + has + ", want " + o.addressing()
	}
	for _, option := range slices.Sorted(maps.Keys(options)) {
		if got := r.Options[option]; got != options[option] && option != optionMTU {
			return fmt.Sprintf("its option %s is %q, want %q", option, got, options[option])
		}
	}
	return ""
}

// deferredChange says in what r differs from o and may for a while; "" where it
// does not.
func (o Overlay) deferredChange(r network.Inspect) string {
	if got, want := r.Options[optionMTU], strconv.Itoa(o.MTU); got != want {
		return fmt.Sprintf("containers begin with an MTU of %s, and the network has %s", got, want)
	}
	return ""
}
