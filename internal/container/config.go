package container

import (
	"bufio"
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/docker/cli/pkg/kvfile"
	"github.com/docker/docker/api/types/container"
	"github.com/docker/go-connections/nat"

	"rundock/internal/spec"
)

// configs translates a spec into the Engine API's terms.
func configs(want spec.Container, o Options) (*container.Config, *container.HostConfig, error) {
	exposed, bindings, err := ports(want)
	if err != nil {
		return nil, nil, err
	}
	cfg, err := containerConfig(want, o)
	if err != nil {
		return nil, nil, err
	}
	cfg.ExposedPorts = exposed
	host, err := hostConfig(want)
	if err != nil {
		return nil, nil, err
	}
	host.PortBindings = bindings
	for _, v := range want.Volumes {
		if strings.Contains(v, ":") {
			host.Binds = append(host.Binds, v)
		} else {
			cfg.Volumes[v] = struct{}{} // anonymous
		}
	}
	return cfg, host, nil
}

// ports are those that the container listens on, and where the host publishes
// them.
func ports(want spec.Container) (nat.PortSet, nat.PortMap, error) {
	exposed, bindings, err := nat.ParsePortSpecs(want.Ports)
	if err != nil {
		return nil, nil, fmt.Errorf("ports: %w", err)
	}
	unpublished, _, err := nat.ParsePortSpecs(want.Expose)
	if err != nil {
		return nil, nil, fmt.Errorf("expose: %w", err)
	}
	maps.Copy(exposed, unpublished)
	return exposed, bindings, nil
}

// containerConfig is what does not depend on the host, but for ports and volumes.
func containerConfig(want spec.Container, o Options) (*container.Config, error) {
	env, err := environment(want, o.Secrets)
	if err != nil {
		return nil, err
	}
	health, err := healthcheck(want.Healthcheck)
	if err != nil {
		return nil, err
	}
	return &container.Config{
		Hostname:    want.Hostname,
		Domainname:  want.Domainname,
		User:        want.User,
		Env:         env,
		Cmd:         want.Command,
		Entrypoint:  want.Entrypoint,
		Healthcheck: health,
		Image:       cmp.Or(o.Image, want.Image),
		Volumes:     map[string]struct{}{},
		WorkingDir:  want.Workdir,
		Labels:      labels(want, o),
		StopSignal:  want.StopSignal,
		StopTimeout: &o.StopTimeout,
	}, nil
}

// labels are the spec's own, and those by which we know the container.
func labels(want spec.Container, o Options) map[string]string {
	all := map[string]string{}
	maps.Copy(all, want.Labels)
	all[LabelService], all[LabelSpec], all[LabelDeployment] = o.Service, o.Hash, o.Deployment
	maps.Copy(all, o.Origins.labels())
	if o.Contents != "" {
		all[LabelContents] = o.Contents
	}
	return all
}

// hostConfig is what the container has of the host, but for ports and volumes.
func hostConfig(want spec.Container) (*container.HostConfig, error) {
	resources, err := resources(want)
	if err != nil {
		return nil, err
	}
	host := &container.HostConfig{
		NetworkMode: container.NetworkMode(want.Network),
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
	if err := setSecurity(host, want.SecurityOpt); err != nil {
		return nil, err
	}
	if host.Mounts, err = mounts(want.Mounts); err != nil {
		return nil, err
	}
	if want.Init {
		host.Init = &want.Init
	}
	return host, nil
}

// badLine is what is wrong with an env file that Docker's own reader has refused: the same,
// without a word of what stands there, as that reader's errors hold whole lines.
func badLine(data []byte) error {
	for i, line := range bytes.Split(data, []byte("\n")) {
		name, _, _ := bytes.Cut(bytes.TrimLeftFunc(line, unicode.IsSpace), []byte("="))
		switch {
		case !utf8.Valid(line):
			return fmt.Errorf("line %d is not UTF-8", i+1)
		case len(line) > bufio.MaxScanTokenSize-2:
			return fmt.Errorf("line %d has %d bytes, and docker takes %d", i+1, len(line), bufio.MaxScanTokenSize-2)
		case bytes.HasPrefix(name, []byte("#")):
		case len(name) == 0 && bytes.ContainsRune(line, '='):
			return fmt.Errorf("line %d has no name before =", i+1)
		case bytes.ContainsAny(name, " \t"):
			return fmt.Errorf("line %d: a blank is in the name, or no = in the line", i+1)
		}
	}
	return errors.New("no env file")
}

// environment is NAME=value, sorted: of the files, over which the spec's own
// and the secrets win.
func environment(want spec.Container, secrets map[string]string) ([]string, error) {
	values := map[string]string{}
	for _, path := range want.EnvFiles {
		data, err := os.ReadFile(path)
		if err != nil {
			return nil, fmt.Errorf("env file %s: %w", path, err)
		}
		lines, err := kvfile.ParseFromReader(bytes.NewReader(data), nil)
		if err != nil {
			return nil, fmt.Errorf("env file %s: %w", path, badLine(data))
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
