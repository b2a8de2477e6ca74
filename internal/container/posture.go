package container

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/containerd/errdefs"
	"github.com/docker/docker/api/types/container"
	"github.com/docker/docker/api/types/network"
	"github.com/docker/docker/api/types/registry"
	"github.com/docker/docker/api/types/swarm"
)

// DaemonPosture is what an audit looks at of a daemon.
type DaemonPosture struct {
	Version      string
	Root         string   // folder with its images, containers and volumes
	Storage      string   // storage driver
	LogDriver    string   // of containers that name none
	Security     []string // such as name=seccomp,profile=builtin
	LiveRestore  bool
	Experimental bool
	Swarm        bool
	Separate     bool     // containers of the network bridge do not reach each other
	Authorizers  []string // plugins that are asked about each request
	Insecure     []string // image registries, and networks of them, that are spoken with without TLS; not loopback
}

// Posture is what an audit looks at of a container.
type Posture struct {
	ID, Name, Service string   // Service: of rundock; "": somebody else has made it
	Image, ImageID    string   // as it was asked for, and what that was
	Digests           []string // by which image registries know the image, NAME@sha256:...
	User              string   // "" is root
	AppArmor          string   // profile
	Privileged        bool
	CapAdd            []string // without CAP_
	Security          []string // as docker run --security-opt has them
	ReadOnly          bool
	Memory            int64 // bytes; 0: no limit
	Processes         int64 // 0: no limit
	CPULimited        bool  // by share, quota or processors
	Checked           bool  // it has a HEALTHCHECK

	HostNetwork, HostPID, HostIPC, HostUTS, HostUser bool // what of the host's it has

	DefaultBridge bool // its network is docker0
	CgroupParent  string
	Restart       string // restart policy of Docker
	Restarts      int    // at the most; 0: no limit
	LogDriver     string
	LogOptions    map[string]string
	Devices       []string
	Mounts        []MountPosture
	Published     []PublishedPort
}

// MountPosture is a folder or file that a container has.
type MountPosture struct {
	Source, Target string
	Writable       bool
	Volume         bool   // of Docker's, with a name
	Propagation    string // "" for volumes
}

// PublishedPort is a port of the host.
type PublishedPort struct {
	Address  string // "": all
	Port     string
	Protocol string
}

func (p PublishedPort) String() string { return p.Address + ":" + p.Port + "/" + p.Protocol }

// DaemonPosture asks the daemon about itself.
func (c *Client) DaemonPosture(ctx context.Context) (d DaemonPosture, err error) {
	err = withLimit(ctx, c.limits.ping, func(ctx context.Context) error {
		info, err := c.api().Info(ctx)
		if err != nil {
			return fmt.Errorf("ask dockerd about itself: %w", err)
		}
		d = DaemonPosture{
			Version: info.ServerVersion, Root: info.DockerRootDir, Storage: info.Driver, LogDriver: info.LoggingDriver,
			Security: info.SecurityOptions, LiveRestore: info.LiveRestoreEnabled, Experimental: info.ExperimentalBuild,
			Swarm:       info.Swarm.LocalNodeState == swarm.LocalNodeStateActive || info.Swarm.LocalNodeState == swarm.LocalNodeStateLocked,
			Authorizers: info.Plugins.Authorization,
			Insecure:    insecure(info.RegistryConfig),
		}
		bridge, err := c.api().NetworkInspect(ctx, "bridge", network.InspectOptions{})
		switch {
		case errdefs.IsNotFound(err): // dockerd was told to have none
			d.Separate = true
			return nil
		case err != nil:
			return fmt.Errorf("inspect the network bridge: %w", err)
		}
		d.Separate = bridge.Options["com.docker.network.bridge.enable_icc"] == "false"
		return nil
	})
	return d, err
}

// insecure are the image registries that are spoken with without TLS. Those at loopback
// always are.
func insecure(c *registry.ServiceConfig) (all []string) {
	if c == nil {
		return nil
	}
	for _, n := range c.InsecureRegistryCIDRs {
		if text := n.String(); text != "127.0.0.0/8" && text != "::1/128" {
			all = append(all, text)
		}
	}
	for name, index := range c.IndexConfigs {
		if index != nil && !index.Secure {
			all = append(all, name)
		}
	}
	slices.Sort(all)
	return all
}

// Postures are those of all containers that run, by name. One that has ended meanwhile is
// left out.
func (c *Client) Postures(ctx context.Context) (all []Posture, err error) {
	err = withLimit(ctx, c.limits.inspect, func(ctx context.Context) error {
		list, err := c.api().ContainerList(ctx, container.ListOptions{})
		if err != nil {
			return fmt.Errorf("list the containers of Docker: %w", err)
		}
		for _, one := range list {
			r, err := c.api().ContainerInspect(ctx, one.ID)
			if errdefs.IsNotFound(err) {
				continue
			}
			if err != nil {
				return fmt.Errorf("inspect container %s: %w", short(one.ID), err)
			}
			all = append(all, postureOf(r))
		}
		return nil
	})
	slices.SortFunc(all, func(a, b Posture) int { return strings.Compare(a.Name, b.Name) })
	return all, err
}

func postureOf(r container.InspectResponse) Posture {
	h := r.HostConfig
	p := Posture{
		ID: r.ID, Name: strings.TrimPrefix(r.Name, "/"), Service: r.Config.Labels[LabelService], Image: r.Config.Image, ImageID: r.Image,
		User: r.Config.User, AppArmor: r.AppArmorProfile, Privileged: h.Privileged, CapAdd: capabilityNames(h.CapAdd), Security: h.SecurityOpt,
		ReadOnly: h.ReadonlyRootfs, Memory: h.Memory, CPULimited: h.CPUShares != 0 || h.NanoCPUs != 0 || h.CPUQuota > 0 || h.CpusetCpus != "",
		HostNetwork: h.NetworkMode.IsHost(), HostPID: h.PidMode.IsHost(), HostIPC: h.IpcMode.IsHost(), HostUTS: h.UTSMode.IsHost(), HostUser: h.UsernsMode.IsHost(),
		DefaultBridge: h.NetworkMode == "" || h.NetworkMode.IsDefault() || h.NetworkMode.IsBridge(),
		CgroupParent:  h.CgroupParent, Restart: string(h.RestartPolicy.Name), Restarts: h.RestartPolicy.MaximumRetryCount,
		LogDriver: h.LogConfig.Type, LogOptions: h.LogConfig.Config,
	}
	if h.PidsLimit != nil && *h.PidsLimit > 0 {
		p.Processes = *h.PidsLimit
	}
	if t := r.Config.Healthcheck; t != nil {
		p.Checked = len(t.Test) > 0 && t.Test[0] != "NONE"
	}
	for _, d := range h.Devices {
		p.Devices = append(p.Devices, d.PathOnHost)
	}
	for _, m := range r.Mounts {
		if m.Source != "" {
			p.Mounts = append(p.Mounts, MountPosture{Source: m.Source, Target: m.Destination, Writable: m.RW, Volume: m.Name != "", Propagation: string(m.Propagation)})
		}
	}
	for port, bindings := range h.PortBindings {
		for _, b := range bindings {
			p.Published = append(p.Published, PublishedPort{b.HostIP, b.HostPort, port.Proto()})
		}
	}
	slices.SortFunc(p.Published, func(a, b PublishedPort) int { return strings.Compare(a.String(), b.String()) })
	return p
}
