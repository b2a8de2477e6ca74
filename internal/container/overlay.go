package container

import (
	"context"
	"fmt"
	"net/netip"
	"slices"
	"strconv"
	"strings"

	"github.com/containerd/errdefs"
	"github.com/docker/docker/api/types/network"
)

// LabelOverlay marks Docker networks that stand for one of our overlays.
const LabelOverlay = "rundock.overlay"

// Overlay is Docker's part of an overlay network: an ordinary network of its
// bridge driver, over a bridge that is there already. Docker hands out
// addresses and attaches containers; it does not translate addresses, which
// would hide one host's containers from another's.
type Overlay struct {
	Name    string
	Bridge  string
	Subnet  netip.Prefix
	Gateway netip.Addr
	MTU     int
}

func (o Overlay) options() map[string]string {
	return map[string]string{
		"com.docker.network.bridge.name":                 o.Bridge,
		"com.docker.network.bridge.enable_ip_masquerade": "false",
		"com.docker.network.driver.mtu":                  strconv.Itoa(o.MTU),
	}
}

// EnsureOverlay creates the network if there is none. One that is ours and
// differs, such as in its subnet, is made anew if no container is attached.
// It reports whether it changed anything.
func (c *Client) EnsureOverlay(ctx context.Context, o Overlay) (changed bool, err error) {
	there, err := c.removeIf(ctx, o.Name, func(r network.Inspect) (bool, error) {
		if differs := o.differs(r); differs == "" {
			return false, nil
		} else if r.Labels[LabelOverlay] != o.Name {
			return false, fmt.Errorf("docker network %s is there already, and is not ours: %s", o.Name, differs)
		} else if names := attached(r); len(names) > 0 {
			return false, fmt.Errorf("docker network %s cannot be made anew (%s) while containers are attached: %s", o.Name, differs, strings.Join(names, ", "))
		}
		return true, nil
	})
	if err != nil || there {
		return false, err
	}
	_, err = c.api().NetworkCreate(ctx, o.Name, network.CreateOptions{
		Driver:  "bridge",
		IPAM:    &network.IPAM{Driver: "default", Config: []network.IPAMConfig{{Subnet: o.Subnet.String(), Gateway: o.Gateway.String()}}},
		Options: o.options(),
		Labels:  map[string]string{LabelOverlay: o.Name},
	})
	if err != nil {
		return false, fmt.Errorf("create docker network %s: %w", o.Name, err)
	}
	return true, nil
}

// OverlayFree returns an error if there is a network of that name that is not
// ours, or if the daemon cannot tell.
func (c *Client) OverlayFree(ctx context.Context, name string) error {
	_, err := c.removeIf(ctx, name, func(r network.Inspect) (bool, error) {
		if r.Labels[LabelOverlay] != name {
			return false, fmt.Errorf("docker network %s is there already, and is not ours", name)
		}
		return false, nil
	})
	return err
}

// OverlayContainers returns the names of containers that are on the network
// now, if it is ours. Docker does not count those that are stopped.
func (c *Client) OverlayContainers(ctx context.Context, name string) ([]string, error) {
	var names []string
	_, err := c.removeIf(ctx, name, func(r network.Inspect) (bool, error) {
		if r.Labels[LabelOverlay] == name {
			names = attached(r)
		}
		return false, nil
	})
	return names, err
}

// RemoveOverlay removes the network if it is ours. It refuses while
// containers are attached, and names them, unless it is to take them off.
func (c *Client) RemoveOverlay(ctx context.Context, name string, detach bool) error {
	_, err := c.removeIf(ctx, name, func(r network.Inspect) (bool, error) {
		if r.Labels[LabelOverlay] != name {
			return false, nil
		}
		if names := attached(r); len(names) > 0 && !detach {
			return false, fmt.Errorf("docker network %s still has containers: %s", name, strings.Join(names, ", "))
		}
		for id, e := range r.Containers {
			if err := c.api().NetworkDisconnect(ctx, r.ID, id, true); err != nil && !errdefs.IsNotFound(err) {
				return false, fmt.Errorf("take container %s off docker network %s: %w", e.Name, name, err)
			}
		}
		return true, nil
	})
	return err
}

// removeIf reports whether there is, after it, a network of that name.
func (c *Client) removeIf(ctx context.Context, name string, remove func(network.Inspect) (bool, error)) (there bool, err error) {
	r, err := c.api().NetworkInspect(ctx, name, network.InspectOptions{})
	if errdefs.IsNotFound(err) {
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("docker network %s: %w", name, err)
	}
	ok, err := remove(r)
	if err != nil || !ok {
		return true, err
	}
	if err := c.api().NetworkRemove(ctx, r.ID); err != nil && !errdefs.IsNotFound(err) {
		return true, fmt.Errorf("remove docker network %s: %w", name, err)
	}
	return false, nil
}

// differs says in what r is not o; "" if it is.
func (o Overlay) differs(r network.Inspect) string {
	switch {
	case r.Driver != "bridge":
		return "its driver is " + r.Driver
	case r.Labels[LabelOverlay] != o.Name:
		return "it has no label " + LabelOverlay
	}
	subnet := fmt.Sprintf("subnet %s, gateway %s", o.Subnet, o.Gateway)
	has := "no subnet"
	if len(r.IPAM.Config) == 1 {
		has = fmt.Sprintf("subnet %s, gateway %s", r.IPAM.Config[0].Subnet, r.IPAM.Config[0].Gateway)
	}
	if has != subnet {
		return "it has " + has + ", want " + subnet
	}
	for option, want := range o.options() {
		if got := r.Options[option]; got != want {
			return fmt.Sprintf("its option %s is %q, want %q", option, got, want)
		}
	}
	return ""
}

// attached returns the names of containers on the network.
func attached(r network.Inspect) []string {
	var names []string
	for _, e := range r.Containers {
		names = append(names, e.Name)
	}
	slices.Sort(names)
	return names
}
