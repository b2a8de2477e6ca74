package container

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"

	"github.com/containerd/errdefs"
	"github.com/docker/docker/api/types/build"
	"github.com/docker/docker/api/types/container"
	"github.com/docker/docker/api/types/image"
	"github.com/docker/docker/api/types/network"
	"github.com/docker/docker/api/types/registry"
	"github.com/docker/docker/pkg/jsonmessage"
)

// BuildOptions are what an image is built of, and what that may use. It is built by
// the builder that every daemon has, which is not BuildKit.
type BuildOptions struct {
	Context    io.Reader // a tar of the folder, without what .dockerignore leaves out
	Dockerfile string    // path in it
	Target     string    // stage; "" is the last
	Args       map[string]string
	Labels     map[string]string
	Tag        string // name of the image
	NoCache    bool
	Registries []string // whose images it may be built on, by the credentials of this host, which go to the daemon alone
	Pull       bool     // ask for newer images to build on
	Network    string   // of RUN: none, host, or the name of one; "" is the daemon's bridge
	ExtraHosts []string // of RUN: lines of /etc/hosts, name:ip
	ShmSize    int64    // bytes; 0 is the daemon's

	Memory int64  // bytes that a RUN may have; there is no swap besides
	CPU    int    // thousandths of a processor that it may have
	Parent string // cgroup of its containers, by which they are known: see BuildContainers
}

// Build builds an image and returns its id. said is called with what the daemon tells on
// the way, in pieces. The end of ctx ends the build, and Build returns once the daemon has ended it, or with ErrNoEnd.
func (c *Client) Build(ctx context.Context, o BuildOptions, said func(string)) (id string, err error) {
	args := map[string]*string{}
	for name, value := range o.Args {
		args[name] = &value
	}
	logins := map[string]registry.AuthConfig{}
	for _, host := range o.Registries {
		a, err := credentialsAt(host)
		if err != nil {
			return "", fmt.Errorf("build %s: %w", o.Tag, err)
		}
		if a != (registry.AuthConfig{}) {
			logins[host] = a
		}
	}
	request, done := endable(ctx)
	defer done()
	answer, err := c.api().ImageBuild(request, o.Context, build.ImageBuildOptions{
		Version: build.BuilderV1, Tags: []string{o.Tag}, Dockerfile: o.Dockerfile, Target: o.Target, BuildArgs: args, Labels: o.Labels, AuthConfigs: logins,
		NoCache: o.NoCache, PullParent: o.Pull, NetworkMode: o.Network, ExtraHosts: o.ExtraHosts, ShmSize: o.ShmSize, Remove: true, ForceRemove: true,
		Memory: o.Memory, MemorySwap: o.Memory, CPUPeriod: cpuPeriod, CPUQuota: int64(o.CPU) * cpuPeriod / 1000, CgroupParent: o.Parent,
	})
	if err != nil {
		return "", fmt.Errorf("build %s: %w", o.Tag, err)
	}
	defer answer.Body.Close()
	err = readMessages(answer.Body, func(m jsonmessage.JSONMessage) {
		var made struct{ ID string }
		if m.Aux != nil && json.Unmarshal(*m.Aux, &made) == nil && made.ID != "" {
			id = made.ID
		}
		if said != nil && (m.Stream != "" || m.Status != "" && m.Progress == nil) {
			said(m.Stream + lineOf(m))
		}
	})
	switch {
	case errors.Is(context.Cause(request), ErrNoEnd):
		err = ErrNoEnd
	case err == nil && id == "":
		err = errors.New("the daemon names no image")
	}
	if err != nil {
		return "", fmt.Errorf("build %s: %w", o.Tag, err)
	}
	return id, nil
}

// EnsureNetwork makes a network of the bridge driver, with a subnet of the daemon's choice, unless there is one of this name.
func (c *Client) EnsureNetwork(ctx context.Context, name string) error {
	return withLimit(ctx, c.limits.inspect, func(ctx context.Context) error {
		_, err := c.api().NetworkInspect(ctx, name, network.InspectOptions{})
		if errdefs.IsNotFound(err) {
			_, err = c.api().NetworkCreate(ctx, name, network.CreateOptions{Driver: "bridge"})
		}
		if err != nil {
			return fmt.Errorf("docker network %s: %w", name, explainLostChains(err))
		}
		return nil
	})
}

// cpuPeriod is in what time a container has its share of processors, in microseconds: the
// kernel's own.
const cpuPeriod = 100_000

// lineOf is what a message says of pulling or pushing, as a line.
func lineOf(m jsonmessage.JSONMessage) string {
	if m.Status == "" {
		return ""
	}
	if m.ID != "" {
		return m.ID + ": " + m.Status + "\n"
	}
	return m.Status + "\n"
}

// readMessages gives the messages of a stream of the daemon's, until its end or the
// first that is an error.
func readMessages(r io.Reader, on func(jsonmessage.JSONMessage)) error {
	for dec := json.NewDecoder(r); ; {
		var m jsonmessage.JSONMessage
		if err := dec.Decode(&m); errors.Is(err, io.EOF) {
			return nil
		} else if err != nil {
			return err
		}
		if m.Error != nil {
			return m.Error
		}
		on(m)
	}
}

// Push has the image registry that ref names keep the image, and returns its digest there.
func (c *Client) Push(ctx context.Context, ref string) (digest string, err error) {
	auth, err := credentials(ref)
	if err != nil {
		return "", err
	}
	if auth == "" {
		auth = "e30=" // {}: the daemon wants a header
	}
	body, err := c.api().ImagePush(ctx, ref, image.PushOptions{RegistryAuth: auth})
	if err != nil {
		return "", fmt.Errorf("push image %s: %w", ref, err)
	}
	defer body.Close()
	err = readMessages(body, func(m jsonmessage.JSONMessage) {
		var kept struct{ Digest string }
		if m.Aux != nil && json.Unmarshal(*m.Aux, &kept) == nil && kept.Digest != "" {
			digest = kept.Digest
		}
	})
	if err == nil && digest == "" {
		err = errors.New("the daemon names no digest")
	}
	if err != nil {
		return "", fmt.Errorf("push image %s: %w", ref, err)
	}
	return digest, nil
}

// BuildContainers lists the containers of builds with this Parent, which the daemon gives no
// other mark, by their ids. One that is just being made may be missing.
func (c *Client) BuildContainers(ctx context.Context, parent string) (ids []string, err error) {
	list, err := c.api().ContainerList(ctx, container.ListOptions{All: true})
	if err != nil {
		return nil, fmt.Errorf("list containers of builds: %w", err)
	}
	for _, one := range list {
		if one.Labels[LabelService] != "" {
			continue
		}
		r, err := c.api().ContainerInspect(ctx, one.ID)
		if err == nil && r.HostConfig != nil && r.HostConfig.CgroupParent == parent {
			ids = append(ids, one.ID)
		}
	}
	return ids, nil
}

// CgroupOf is a cgroup called name as the daemon's driver wants it.
func (c *Client) CgroupOf(ctx context.Context, name string) (parent string, err error) {
	err = withLimit(ctx, c.limits.ping, func(ctx context.Context) error {
		info, err := c.api().Info(ctx)
		if parent = "/" + name; info.CgroupDriver == "systemd" {
			parent = name + ".slice"
		}
		return err
	})
	if err != nil {
		return "", fmt.Errorf("ask dockerd for its cgroups: %w", err)
	}
	return parent, nil
}

// Base is an image that a build begins with.
type Base struct {
	ID       string
	Triggers []string // the instructions of its ONBUILD, that a build on it does first
}

// Base makes an image present as Build does for a FROM, and returns it: it is pulled where it is missing or of another
// platform ("" is the host's own), or with pull in any case. registries are as BuildOptions.Registries.
func (c *Client) Base(ctx context.Context, ref, platform string, pull bool, registries []string) (none Base, err error) {
	here, err := c.image(ctx, ref)
	if err != nil {
		return none, err
	}
	if pull || here.ID == "" || !isOf(here, platform) {
		host, err := registryOf(ref)
		if err != nil {
			return none, err
		}
		auth := ""
		if slices.Contains(registries, host) {
			if auth, err = credentials(ref); err != nil {
				return none, err
			}
		}
		if err := c.readPull(ctx, ref, platform, auth, func() {}); err != nil {
			return none, fmt.Errorf("pull image %s: %w", ref, explainPull(ref, err))
		}
		if here, err = c.image(ctx, ref); err == nil && here.ID == "" {
			err = fmt.Errorf("image %s is not on this host although it was just pulled", ref)
		}
		if err != nil {
			return none, err
		}
	}
	found := Base{ID: here.ID}
	if here.Config != nil {
		found.Triggers = here.Config.OnBuild
	}
	return found, nil
}
