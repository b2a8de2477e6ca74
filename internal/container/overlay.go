package container

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/containerd/errdefs"
	"github.com/docker/docker/api/types/network"
	"github.com/docker/docker/api/types/versions"

	"rundock/internal/pause"
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

// Versions of the Engine API: the oldest that is supported, and the first whose
// daemon may write nftables itself.
const (
	minAPI      = "1.41" // Docker 20.10
	nftablesAPI = "1.52" // 29.0
)

// optionMTU is of the interfaces that containers get.
const optionMTU = "com.docker.network.driver.mtu"

// options of the network, which are fixed as long as a container is attached:
// they are to be the same for all versions of Docker, so that it can be
// exchanged beneath running containers. Since 28 it drops what comes from
// elsewhere for a container's own address, in iptables' table raw, where
// package overlay lets its own in.
//
// nft says that the daemon writes nftables itself: what it drops there no rule
// of ours can let in. Nothing is dropped by the daemon in the mode
// nat-unprotected; our own table, which drops what comes from elsewhere, comes
// first. Source: the release notes of Docker 28.0 and 29.0.
func (o Overlay) options(nft bool) map[string]string {
	all := map[string]string{
		optionBridge: o.Bridge,
		"com.docker.network.bridge.enable_ip_masquerade": "false",
		optionMTU: strconv.Itoa(o.MTU),
	}
	if nft {
		all["com.docker.network.bridge.gateway_mode_ipv4"] = "nat-unprotected"
	}
	return all
}

// requiredOptions returns the options that the daemon of this host needs.
func (c *Client) requiredOptions(ctx context.Context, o Overlay) (map[string]string, error) {
	api, err := c.version(ctx)
	if err != nil {
		return nil, err
	}
	if versions.LessThan(api, minAPI) {
		return nil, fmt.Errorf("network %s needs Docker Engine API %s (Docker 20.10); the daemon of this host speaks %s", o.Name, minAPI, api)
	}
	nft := false
	if versions.GreaterThanOrEqualTo(api, nftablesAPI) {
		info, err := c.api().Info(ctx)
		if err != nil {
			return nil, fmt.Errorf("ask dockerd for its firewall: %w", err)
		}
		nft = info.FirewallBackend != nil && strings.HasPrefix(info.FirewallBackend.Driver, "nftables")
	}
	return o.options(nft), nil
}

// Conflict is why a network of the daemon and an overlay network cannot be
// beside each other.
type Conflict struct{ text string }

func (c *Conflict) Error() string { return c.text }

func conflict(format string, args ...any) error { return &Conflict{fmt.Sprintf(format, args...)} }

// OverlayConflict returns an error if the daemon is too old for an overlay
// network, and a Conflict if it has another network whose subnet overlaps cidr,
// or whose bridge has the underlay address: each host has such a bridge for
// itself.
func (c *Client) OverlayConflict(ctx context.Context, name string, cidr netip.Prefix, underlay netip.Addr) error {
	if _, err := c.requiredOptions(ctx, Overlay{Name: name}); err != nil {
		return err
	}
	all, err := c.api().NetworkList(ctx, network.ListOptions{})
	if err != nil {
		return fmt.Errorf("list docker networks: %w", err)
	}
	for _, n := range all {
		for _, config := range n.IPAM.Config {
			p, err := netip.ParsePrefix(config.Subnet)
			if err == nil && p.Overlaps(cidr) && n.Labels[LabelOverlay] != name {
				return conflict("cidr %s overlaps %s of docker network %s: remove that network, or make it anew elsewhere (docker network rm %[3]s); or choose another cidr", cidr, p, n.Name)
			}
			if bridge := n.Options[optionBridge]; err == nil && n.Driver == "bridge" && (bridge == "" || bridge == "docker0") && p.Contains(underlay) {
				return conflict("underlay: the address %s is that of docker network %s on this host, by which no other host reaches it: give underlay the interface, or the address, by which they do", underlay, n.Name)
			}
		}
	}
	return nil
}

// OverlayAddresses returns the names of the containers on a network, by
// address.
func (c *Client) OverlayAddresses(ctx context.Context, name string) (map[netip.Addr]string, error) {
	r, err := c.api().NetworkInspect(ctx, name, network.InspectOptions{})
	if err != nil {
		return nil, fmt.Errorf("docker network %s: %w", name, err)
	}
	found := map[netip.Addr]string{}
	for _, e := range r.Containers {
		if p, err := netip.ParsePrefix(e.IPv4Address); err == nil {
			found[p.Addr()] = e.Name
		}
	}
	return found, nil
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

// detachPause is the pause before the next try to remove a network that a
// container came into meanwhile.
const detachPause = 100 * time.Millisecond

// RemoveOverlay removes the network if it is ours. While containers are attached
// it refuses, and names them; with detach it takes them off, again and again until
// ctx is done, as runners bring their containers back into a network that they
// have lost.
func (c *Client) RemoveOverlay(ctx context.Context, name string, detach bool) error {
	for {
		err := c.removeOverlay(ctx, name, detach)
		if !detach || !errdefs.IsPermissionDenied(err) && !errdefs.IsConflict(err) {
			return err
		}
		if pause.For(ctx, detachPause) != nil {
			return err
		}
	}
}

func (c *Client) removeOverlay(ctx context.Context, name string, detach bool) error {
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

// removeIf removes the network of that name if remove says so, and reports
// whether there is one afterwards.
func (c *Client) removeIf(ctx context.Context, name string, remove func(network.Inspect) (bool, error)) (there bool, err error) {
	var r network.Inspect
	err = withLimit(ctx, c.limits.inspect, func(ctx context.Context) error {
		r, err = c.api().NetworkInspect(ctx, name, network.InspectOptions{})
		return err
	})
	if errdefs.IsNotFound(err) {
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("docker network %s: %w", name, c.explainAmbiguous(ctx, name, err))
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

// explainAmbiguous names the networks of one name, of which Docker before 25 lets there
// be several, and which of them is ours.
func (c *Client) explainAmbiguous(ctx context.Context, name string, err error) error {
	if !strings.Contains(err.Error(), "ambiguous") {
		return err
	}
	all, e := c.api().NetworkList(ctx, network.ListOptions{})
	if e != nil {
		return errors.Join(err, e)
	}
	var same []string
	for _, n := range all {
		if n.Name == name {
			whose := "not rundock's"
			if n.Labels[LabelOverlay] == name {
				whose = "rundock's"
			}
			same = append(same, fmt.Sprintf("%.12s (%s)", n.ID, whose))
		}
	}
	slices.Sort(same)
	return fmt.Errorf("there are %d of that name, %s: remove the one that is not to be there, docker network rm ID (%w)", len(same), strings.Join(same, ", "), err)
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
