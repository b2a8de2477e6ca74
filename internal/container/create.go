package container

import (
	"context"
	"fmt"
	"maps"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/docker/cli/pkg/kvfile"
	"github.com/docker/docker/api/types/blkiodev"
	"github.com/docker/docker/api/types/container"
	"github.com/docker/go-connections/nat"
	"github.com/docker/go-units"
	ocispec "github.com/opencontainers/image-spec/specs-go/v1"

	"rundock/internal/spec"
)

// Options is what a container is created with besides its spec.
type Options struct {
	Service     string            // value of LabelService
	Hash        string            // value of LabelSpec
	Origins     Origins           // what it is made from besides the spec
	Deployment  string            // value of LabelDeployment
	Contents    string            // value of LabelContents
	Image       string            // image id or name to run; "" means the spec's
	StopTimeout int               // seconds, for `docker stop` by hand
	Secrets     map[string]string // values of the spec's EnvSecrets
	Warn        func(string)      // is told what Docker takes but ignores; nil: nobody asks
}

// Create creates a container named name from an expanded spec, without
// starting it, and returns its id. Files named by env_files, and a seccomp
// profile, are read now.
func (c *Client) Create(ctx context.Context, name string, want spec.Container, o Options) (string, error) {
	id, err := c.create(ctx, name, want, o)
	if err != nil {
		return "", fmt.Errorf("create container %s: %w", name, err)
	}
	return id, nil
}

func (c *Client) create(ctx context.Context, name string, want spec.Container, o Options) (string, error) {
	api, err := c.version(ctx)
	if err != nil {
		return "", err
	}
	if err := missing(want, api); err != nil {
		return "", err
	}
	if err := c.checkNetworks(ctx, want); err != nil {
		return "", err
	}
	cfg, host, err := configs(want, o)
	if err != nil {
		return "", err
	}
	networks, later := attach(want, cfg, host, api)
	r, err := c.api().ContainerCreate(ctx, cfg, host, networks, platform(want.Platform), name)
	if err != nil {
		return "", err
	}
	for _, w := range r.Warnings {
		if o.Warn != nil {
			o.Warn(w)
		}
	}
	return r.ID, c.connect(ctx, r.ID, later)
}

// platform parses os/architecture[/variant]; nil is the host's own.
func platform(s string) *ocispec.Platform {
	if s == "" {
		return nil
	}
	parts := append(strings.Split(s, "/"), "", "")
	return &ocispec.Platform{OS: parts[0], Architecture: parts[1], Variant: parts[2]}
}

// HostPorts lists the host ports that a container of this expanded spec
// would publish.
func HostPorts(want spec.Container) ([]HostPort, error) {
	_, bindings, err := nat.ParsePortSpecs(want.Ports)
	if err != nil {
		return nil, err
	}
	var out []HostPort
	for port, bs := range bindings {
		for _, b := range bs {
			n, _ := strconv.Atoi(b.HostPort) // "" is a port that Docker chooses: 0
			out = append(out, hostPort(b.HostIP, n, port.Proto()))
		}
	}
	return out, nil
}

// configs translates a spec into the Engine API's terms.
func configs(want spec.Container, o Options) (*container.Config, *container.HostConfig, error) {
	env, err := environment(want, o.Secrets)
	if err != nil {
		return nil, nil, err
	}
	exposed, bindings, err := nat.ParsePortSpecs(want.Ports)
	if err != nil {
		return nil, nil, fmt.Errorf("ports: %w", err)
	}
	further, _, err := nat.ParsePortSpecs(want.Expose)
	if err != nil {
		return nil, nil, fmt.Errorf("expose: %w", err)
	}
	maps.Copy(exposed, further)
	health, err := healthcheck(want.Healthcheck)
	if err != nil {
		return nil, nil, err
	}
	resources, err := resources(want)
	if err != nil {
		return nil, nil, err
	}
	image := o.Image
	if image == "" {
		image = want.Image
	}
	labels := maps.Clone(want.Labels)
	if labels == nil {
		labels = map[string]string{}
	}
	labels[LabelService], labels[LabelSpec], labels[LabelDeployment] = o.Service, o.Hash, o.Deployment
	maps.Copy(labels, o.Origins.labels())
	if o.Contents != "" {
		labels[LabelContents] = o.Contents
	}
	cfg := &container.Config{
		Hostname:     want.Hostname,
		Domainname:   want.Domainname,
		User:         want.User,
		ExposedPorts: exposed,
		Env:          env,
		Cmd:          want.Command,
		Entrypoint:   want.Entrypoint,
		Healthcheck:  health,
		Image:        image,
		Volumes:      map[string]struct{}{},
		WorkingDir:   want.Workdir,
		Labels:       labels,
		StopSignal:   want.StopSignal,
		StopTimeout:  &o.StopTimeout,
	}
	host := &container.HostConfig{
		NetworkMode:  container.NetworkMode(want.Network),
		PortBindings: bindings,
		// The daemon must not restart what runit supervises.
		RestartPolicy:  container.RestartPolicy{Name: container.RestartPolicyDisabled},
		LogConfig:      logConfig(want.LogOptions),
		VolumesFrom:    want.VolumesFrom,
		CapAdd:         want.CapAdd,
		CapDrop:        want.CapDrop,
		DNS:            want.DNS,
		ExtraHosts:     want.ExtraHosts,
		Privileged:     want.Privileged,
		ReadonlyRootfs: want.ReadOnly,
		Tmpfs:          want.Tmpfs,
		Resources:      resources,
		VolumeDriver:   want.VolumeDriver,
		Annotations:    want.Annotations,
		CgroupnsMode:   container.CgroupnsMode(want.Cgroupns),
		DNSOptions:     want.DNSOptions,
		DNSSearch:      want.DNSSearch,
		GroupAdd:       want.GroupAdd,
		IpcMode:        container.IpcMode(want.IPC),
		PidMode:        container.PidMode(want.PID),
		UTSMode:        container.UTSMode(want.UTS),
		UsernsMode:     container.UsernsMode(want.Userns),
		OomScoreAdj:    want.OOMScoreAdj,
		StorageOpt:     want.StorageOpt,
		ShmSize:        want.ShmSize,
		Sysctls:        want.Sysctls,
		Runtime:        want.Runtime,
	}
	if err := secure(host, want.SecurityOpt); err != nil {
		return nil, nil, err
	}
	if host.Mounts, err = mounts(want.Mounts); err != nil {
		return nil, nil, err
	}
	if want.Init {
		host.Init = &want.Init
	}
	for _, v := range want.Volumes {
		if strings.Contains(v, ":") {
			host.Binds = append(host.Binds, v)
		} else {
			cfg.Volumes[v] = struct{}{} // anonymous
		}
	}
	return cfg, host, nil
}

// environment is NAME=value, sorted: of the files, over which the spec's own
// and the secrets win.
func environment(want spec.Container, secrets map[string]string) ([]string, error) {
	values := map[string]string{}
	for _, path := range want.EnvFiles {
		lines, err := kvfile.Parse(path, nil)
		if err != nil {
			return nil, fmt.Errorf("env file %s: %w", path, err)
		}
		for _, l := range lines {
			k, v, _ := strings.Cut(l, "=")
			values[k] = v
		}
	}
	maps.Copy(values, want.Env)
	maps.Copy(values, secrets)
	var out []string
	for _, k := range slices.Sorted(maps.Keys(values)) {
		out = append(out, k+"="+values[k])
	}
	return out, nil
}

// logConfig is Docker's local driver, kept small: the runner copies every
// line to the service's own log as it comes.
func logConfig(options map[string]string) container.LogConfig {
	c := map[string]string{"max-size": "10m", "max-file": "2"}
	maps.Copy(c, options)
	return container.LogConfig{Type: "local", Config: c}
}

func healthcheck(h *spec.Healthcheck) (*container.HealthConfig, error) {
	if h == nil {
		return nil, nil
	}
	if h.Disable {
		return &container.HealthConfig{Test: []string{"NONE"}}, nil
	}
	out := &container.HealthConfig{Retries: h.Retries}
	switch {
	case h.Command != "":
		out.Test = []string{"CMD-SHELL", h.Command}
	case h.Exec != nil:
		out.Test = append([]string{"CMD"}, h.Exec...)
	}
	for _, d := range []struct {
		name, value string
		into        *time.Duration
	}{
		{"interval", h.Interval, &out.Interval},
		{"timeout", h.Timeout, &out.Timeout},
		{"start period", h.StartPeriod, &out.StartPeriod},
		{"start interval", h.StartInterval, &out.StartInterval},
	} {
		if d.value == "" {
			continue
		}
		v, err := time.ParseDuration(d.value)
		if err != nil {
			return nil, fmt.Errorf("healthcheck %s: %w", d.name, err)
		}
		*d.into = v
	}
	return out, nil
}

func resources(want spec.Container) (container.Resources, error) {
	r := container.Resources{
		Memory:            want.Memory,
		MemoryReservation: want.MemoryReservation,
		MemorySwap:        want.MemorySwap,
		CPUShares:         int64(want.CPUShares),
		CpusetCpus:        want.CPUSetCPUs,
		CpusetMems:        want.CPUSetMems,
		BlkioWeight:       uint16(want.BlkioWeight),
		CgroupParent:      want.CgroupParent,
		DeviceCgroupRules: want.DeviceCgroupRules,
	}
	if want.MemorySwappiness != nil {
		n := int64(*want.MemorySwappiness)
		r.MemorySwappiness = &n
	}
	if want.OOMKillDisable {
		r.OomKillDisable = &want.OOMKillDisable
	}
	if want.PidsLimit != 0 {
		n := int64(want.PidsLimit)
		r.PidsLimit = &n
	}
	for _, d := range want.DeviceRequests {
		q := container.DeviceRequest{Driver: d.Driver, Count: d.Count, DeviceIDs: d.IDs, Options: d.Options}
		if d.Capabilities != nil {
			q.Capabilities = [][]string{d.Capabilities}
		}
		r.DeviceRequests = append(r.DeviceRequests, q)
	}
	if err := diskLimits(want, &r); err != nil {
		return r, err
	}
	if want.CPUs != "" {
		n, err := strconv.ParseFloat(want.CPUs, 64)
		if err != nil {
			return r, fmt.Errorf("cpus: %w", err)
		}
		r.NanoCPUs = int64(math.Round(n * 1e9))
	}
	for _, s := range want.Ulimits {
		u, err := units.ParseUlimit(s)
		if err != nil {
			return r, fmt.Errorf("ulimit: %w", err)
		}
		r.Ulimits = append(r.Ulimits, u)
	}
	for _, s := range want.Devices {
		d, err := device(s)
		if err != nil {
			return r, err
		}
		r.Devices = append(r.Devices, d)
	}
	return r, nil
}

// diskLimits adds weights and limits of single devices.
func diskLimits(want spec.Container, r *container.Resources) error {
	for _, path := range slices.Sorted(maps.Keys(want.BlkioWeightDevice)) {
		n, err := strconv.ParseUint(want.BlkioWeightDevice[path], 10, 16)
		if err != nil {
			return fmt.Errorf("weight of %s: %w", path, err)
		}
		r.BlkioWeightDevice = append(r.BlkioWeightDevice, &blkiodev.WeightDevice{Path: path, Weight: uint16(n)})
	}
	for _, limit := range []struct {
		rates map[string]string
		into  *[]*blkiodev.ThrottleDevice
	}{
		{want.DeviceReadBps, &r.BlkioDeviceReadBps},
		{want.DeviceWriteBps, &r.BlkioDeviceWriteBps},
		{want.DeviceReadIOps, &r.BlkioDeviceReadIOps},
		{want.DeviceWriteIOps, &r.BlkioDeviceWriteIOps},
	} {
		for _, path := range slices.Sorted(maps.Keys(limit.rates)) {
			n, err := strconv.ParseUint(limit.rates[path], 10, 64)
			if err != nil {
				return fmt.Errorf("limit of %s: %w", path, err)
			}
			*limit.into = append(*limit.into, &blkiodev.ThrottleDevice{Path: path, Rate: n})
		}
	}
	return nil
}

// device parses host[:container[:permissions]].
func device(s string) (container.DeviceMapping, error) {
	parts := strings.Split(s, ":")
	d := container.DeviceMapping{PathOnHost: parts[0], PathInContainer: parts[0], CgroupPermissions: "rwm"}
	switch {
	case len(parts) == 3:
		d.PathInContainer, d.CgroupPermissions = parts[1], parts[2]
	case len(parts) == 2 && strings.HasPrefix(parts[1], "/"):
		d.PathInContainer = parts[1]
	case len(parts) == 2:
		d.CgroupPermissions = parts[1]
	case len(parts) > 3:
		return d, fmt.Errorf("device %q: want host[:container[:permissions]]", s)
	}
	return d, nil
}
