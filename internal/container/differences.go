package container

import (
	"context"
	"fmt"
	"maps"
	"path"
	"slices"
	"strings"

	"github.com/docker/docker/api/types/container"
	"github.com/docker/docker/api/types/mount"
	"github.com/docker/docker/api/types/strslice"
	"github.com/docker/go-connections/nat"

	"rundock/internal/spec"
)

// Differences lists in what the container id, which somebody else made, differs
// from one that is made of want, an expanded spec; nothing where it is as good
// as the same. Compared are image reference, entrypoint, command, environment,
// user, working directory, mounts, published ports, networks, and what the
// container may do and use. Not compared are what rundock has its own way for
// (restart policy, log driver, stop timeout), labels, and values of the spec's
// EnvSecrets. No value of a variable is told.
func (c *Client) Differences(ctx context.Context, id string, want spec.Container) ([]string, error) {
	made, err := c.api().ContainerInspect(ctx, id)
	if err != nil {
		return nil, fmt.Errorf("inspect container %s: %w", short(id), err)
	}
	image, err := c.api().ImageInspect(ctx, made.Image)
	if err != nil {
		return nil, fmt.Errorf("inspect image of container %s: %w", short(id), err)
	}
	cfg, host, err := configs(want, Options{})
	if err != nil {
		return nil, err
	}
	var own inherited
	if i := image.Config; i != nil {
		own = inherited{i.Entrypoint, i.Cmd, i.Env, i.User, i.WorkingDir}
	}
	return differences(made, own, want, cfg, host), nil
}

// inherited is what a container has from its image.
type inherited struct {
	entrypoint, command, env []string
	user, workdir            string
}

// traits are what two containers can have in common, by their names.
type traits map[string]string

func differences(made container.InspectResponse, image inherited, want spec.Container, cfg *container.Config, host *container.HostConfig) []string {
	inherit(cfg, image, want)
	has, wanted := traitsOf(made.Config, made.HostConfig), traitsOf(cfg, host)
	if spec.SameImage(made.Config.Image, want.Image) {
		wanted["image"] = has["image"]
	}
	for _, m := range made.Mounts {
		if m.Type == mount.TypeVolume || m.Type == mount.TypeBind {
			has["mount "+m.Destination] = shownMount(string(m.Type), m.Name, m.Source, m.RW)
		}
	}
	for name := range made.NetworkSettings.Networks {
		has["network "+name] = "joined"
	}
	for _, n := range want.Joined() {
		wanted["network "+n.Name] = "joined"
	}
	if mode := host.NetworkMode; len(want.Joined()) == 0 && !mode.IsContainer() {
		wanted["network "+networkName(mode)] = "joined"
	}
	for name := range want.EnvSecrets { // whose values are elsewhere
		wanted["env "+name] = has["env "+name]
	}
	return has.differences(wanted)
}

// differences names in what has differs from wanted.
func (has traits) differences(wanted traits) []string {
	names := slices.Collect(maps.Keys(has))
	for name := range wanted {
		if _, both := has[name]; !both {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	var list []string
	for _, name := range names {
		was, there := has[name]
		is, asked := wanted[name]
		switch {
		case there && asked && was == is:
		case strings.HasPrefix(name, "env ") && there && asked:
			list = append(list, name+" has another value")
		case !asked:
			list = append(list, name+withValue(name, was)+" is not asked for")
		case !there:
			list = append(list, name+withValue(name, is)+" is missing in it")
		default:
			list = append(list, fmt.Sprintf("%s is %s, and %s is wanted", name, was, is))
		}
	}
	return list
}

// withValue is a trait's value behind its name, where that may be told and says
// more than the name.
func withValue(name, value string) string {
	if strings.HasPrefix(name, "env ") || value == "joined" || value == "published" || value == "yes" {
		return ""
	}
	return " (" + value + ")"
}

// inherit fills into cfg what a container has from its image.
func inherit(cfg *container.Config, image inherited, want spec.Container) {
	if cfg.Entrypoint == nil {
		cfg.Entrypoint = image.entrypoint
		if len(cfg.Cmd) == 0 {
			cfg.Cmd = image.command
		}
	}
	if cfg.User == "" {
		cfg.User = image.user
	}
	if cfg.WorkingDir == "" {
		cfg.WorkingDir = image.workdir
	}
	own := map[string]bool{}
	for _, v := range cfg.Env {
		name, _, _ := strings.Cut(v, "=")
		own[name] = true
	}
	for _, v := range image.env {
		if name, _, _ := strings.Cut(v, "="); !own[name] {
			cfg.Env = append(cfg.Env, v)
		}
	}
}

// traitsOf are those of a container that is, or is to be, made of cfg and host.
func traitsOf(cfg *container.Config, host *container.HostConfig) traits {
	t := traits{}
	t.ofProgram(cfg)
	t.ofHost(host)
	t.ofMounts(host)
	t.ofLimits(host)
	return t
}

// set leaves out what is as it is without being asked for.
func (t traits) set(name, value string) {
	if value != "" && value != "0" && value != "false" && value != "[]" {
		t[name] = value
	}
}

func (t traits) ofProgram(cfg *container.Config) {
	t.set("image", cfg.Image)
	t.set("entrypoint", quoted(strslice.StrSlice(cfg.Entrypoint)))
	t.set("command", quoted(strslice.StrSlice(cfg.Cmd)))
	t.set("user", cfg.User)
	t.set("working directory", path.Clean("/"+cfg.WorkingDir))
	for _, v := range cfg.Env {
		name, value, _ := strings.Cut(v, "=")
		t["env "+name] = value
	}
}

func (t traits) ofMounts(host *container.HostConfig) {
	for _, b := range host.Binds {
		parts := strings.Split(b+"::", ":")
		kind := "volume"
		if strings.HasPrefix(parts[0], "/") {
			kind = "bind"
		}
		t.set("mount "+parts[1], shownMount(kind, parts[0], parts[0], !slices.Contains(strings.Split(parts[2], ","), "ro")))
	}
	for _, m := range host.Mounts {
		if m.Type != mount.TypeTmpfs {
			t.set("mount "+m.Target, shownMount(string(m.Type), m.Source, m.Source, !m.ReadOnly))
		}
	}
	for path, options := range host.Tmpfs {
		t["tmpfs "+path] = options
	}
}

// ofHost takes what the container has of the host.
func (t traits) ofHost(host *container.HostConfig) {
	for port, bindings := range host.PortBindings {
		for _, b := range bindings {
			t.set("port "+published(b, port), "published")
		}
	}
	for _, each := range []struct {
		name string
		list []string
	}{
		{"added capability", capabilityNames(host.CapAdd)}, {"dropped capability", capabilityNames(host.CapDrop)}, {"group", host.GroupAdd},
		{"line of /etc/hosts", host.ExtraHosts}, {"security option", host.SecurityOpt}, {"volumes from", host.VolumesFrom},
	} {
		for _, v := range each.list {
			t.set(each.name+" "+v, "yes")
		}
	}
	for name, v := range host.Sysctls {
		t.set("sysctl "+name, v)
	}
	for _, d := range host.Devices {
		t.set("device "+d.PathInContainer, d.PathOnHost+":"+d.CgroupPermissions)
	}
	t.set("privileged", fmt.Sprint(host.Privileged))
	t.set("read-only root", fmt.Sprint(host.ReadonlyRootfs))
	t.set("init", fmt.Sprint(host.Init != nil && *host.Init))
	t.set("PID namespace", string(host.PidMode))
	t.set("UTS namespace", string(host.UTSMode))
	t.set("user namespace", string(host.UsernsMode))
	if mode := host.IpcMode; !mode.IsPrivate() && !mode.IsShareable() {
		t.set("IPC namespace", string(mode))
	}
	if host.NetworkMode.IsContainer() {
		t.set("network of", string(host.NetworkMode))
	}
}

func (t traits) ofLimits(host *container.HostConfig) {
	for _, u := range host.Ulimits {
		t.set("ulimit "+u.Name, fmt.Sprintf("%d:%d", u.Soft, u.Hard))
	}
	t.set("memory", fmt.Sprint(host.Memory))
	t.set("cpus", fmt.Sprint(float64(host.NanoCPUs)/1e9))
}

func quoted(list []string) string {
	var out []string
	for _, w := range list {
		out = append(out, fmt.Sprintf("%q", w))
	}
	return strings.Join(out, " ")
}

// networkName is a network mode as the name that the container's network has.
func networkName(mode container.NetworkMode) string {
	if mode == "" || mode.IsDefault() {
		return "bridge"
	}
	return string(mode)
}

func published(b nat.PortBinding, port nat.Port) string {
	ip := b.HostIP
	if ip == "0.0.0.0" || ip == "::" {
		ip = ""
	}
	return strings.TrimPrefix(ip+":", ":") + b.HostPort + ":" + string(port)
}

func shownMount(kind, name, source string, writable bool) string {
	text := kind + " " + source
	if kind == "volume" {
		text = "volume " + name
	}
	if !writable {
		text += ", read-only"
	}
	return text
}

func capabilityNames(list []string) []string {
	var out []string
	for _, c := range list {
		out = append(out, strings.TrimPrefix(strings.ToUpper(c), "CAP_"))
	}
	return out
}
