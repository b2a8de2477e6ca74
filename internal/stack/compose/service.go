package compose

import (
	"cmp"
	"maps"
	"slices"
	"strings"

	"github.com/compose-spec/compose-go/v2/types"
	"github.com/distribution/reference"

	"rundock/internal/stack"
)

// service is the model's form of c.
func (p *project) service(name string, c types.ServiceConfig) stack.Service {
	v := &servicing{project: p, name: name, c: c, job: awaitedToEnd(p.loaded, name)}
	v.image()
	v.command()
	v.environment()
	v.labels()
	v.identity()
	v.shares()
	v.networks()
	v.ports()
	v.volumes()
	v.files()
	v.limits()
	v.kernel()
	v.health()
	v.log()
	v.placement()
	v.lifetime()
	v.dependencies()
	v.container()
	v.sort()
	return v.s
}

// sort gives lists whose order means nothing the one that they have in a model.
func (v *servicing) sort() {
	for _, rules := range []*[]stack.Rule{&v.s.Constraints, &v.s.Affinities} {
		slices.SortFunc(*rules, func(a, b stack.Rule) int { return strings.Compare(a.String(), b.String()) })
		*rules = slices.Compact(*rules)
	}
	slices.SortFunc(v.s.Ports, func(a, b stack.Port) int {
		return cmp.Or(a.First-b.First, a.Last-b.Last, strings.Compare(a.String(), b.String()))
	})
	for _, uses := range [][]stack.Use{v.s.Configs, v.s.Secrets} {
		slices.SortFunc(uses, func(a, b stack.Use) int { return strings.Compare(a.Target, b.Target) })
	}
	slices.Sort(v.s.Pod.VolumesFrom)
}

// awaitedToEnd reports whether a service waits for name to be completed.
func awaitedToEnd(loaded *types.Project, name string) bool {
	for _, other := range loaded.Services {
		if d, ok := other.DependsOn[name]; ok && d.Condition == types.ServiceConditionCompletedSuccessfully {
			return true
		}
	}
	return false
}

// container puts what was built into the model.
func (v *servicing) container() {
	if v.broken {
		return
	}
	c, err := v.b.Container()
	if err != nil {
		key, text, _ := strings.Cut(err.Error(), " ")
		v.fail(strings.TrimSuffix(key, ":"), "%s", text)
		return
	}
	c.Image = v.s.Container.Image
	// What it shares with others of its pod is known of a slot alone.
	if strings.HasPrefix(c.Network, shared) {
		c.Network = ""
	}
	if strings.HasPrefix(c.IPC, shared) {
		c.IPC = ""
	}
	if strings.HasPrefix(c.PID, shared) {
		c.PID = ""
	}
	v.s.Container = c
}

// image is what the container is made from.
func (v *servicing) image() {
	if v.c.Image == "" && v.c.Build != nil {
		v.c.Image = v.in.BuiltAs + strings.ToLower(v.name)
	}
	if v.c.Image == "" && v.c.Provider == nil {
		v.fail("", "it has no image")
	}
	if _, err := reference.ParseDockerRef(v.c.Image); v.c.Image != "" && err != nil {
		v.fail("image", "%s: %v", v.c.Image, err)
	}
	v.s.Container.Image = v.c.Image
	v.build()
	v.s.Pull = v.pull()
}

func (v *servicing) pull() string {
	switch policy := v.c.PullPolicy; {
	case policy == "" || policy == "always" || policy == "build":
	case policy == "missing" || policy == "if_not_present":
		return "missing"
	case policy == "never":
		return "never"
	default:
		v.note("pull_policy", "%s is taken for always: the image is asked for whenever a container is started", policy)
	}
	return ""
}

func (v *servicing) command() {
	if v.c.Entrypoint != nil && !v.broken {
		v.report("entrypoint", v.b.SetEntrypoint("entrypoint", v.c.Entrypoint))
	}
	if len(v.c.Command) > 0 && !v.broken {
		v.report("command", v.b.SetCommand("command", v.c.Command))
	}
}

// identity is what the container is called and runs as.
func (v *servicing) identity() {
	v.set("user", "user", v.c.User)
	v.setEach("group_add", "group-add", v.c.GroupAdd)
	v.set("working_dir", "workdir", v.c.WorkingDir)
	v.set("hostname", "hostname", v.c.Hostname)
	v.set("domainname", "domainname", v.c.DomainName)
	v.set("platform", "platform", v.c.Platform)
	if parts := strings.Split(v.c.Platform, "/"); len(parts) > 1 {
		v.s.Constraints = append(v.s.Constraints, stack.Rule{Key: stack.KeyArch, Value: archOf(parts[1]), Match: stack.Word})
	}
	v.set("runtime", "runtime", v.c.Runtime)
	v.setTrue("init", "init", v.c.Init != nil && *v.c.Init)
	v.setTrue("read_only", "read-only", v.c.ReadOnly)
	v.setTrue("privileged", "privileged", v.c.Privileged)
	v.set("stop_signal", "stop-signal", v.c.StopSignal)
}

// labels are the container's, without those that hold rules of placement.
func (v *servicing) labels() {
	labels := map[string]string{}
	for _, f := range v.c.LabelFiles {
		maps.Copy(labels, v.variablesOf("label_file", f, true, "", labels))
	}
	maps.Copy(labels, v.c.Labels)
	maps.DeleteFunc(labels, func(name, _ string) bool { return slices.Contains(hintLabels, name) })
	v.setPairs("labels", "label", "=", labels)
	v.setPairs("annotations", "annotation", "=", v.c.Annotations)
	if d := v.c.Deploy; d != nil && len(d.Labels) > 0 {
		v.s.Labels = map[string]string{}
		for name, value := range d.Labels {
			if !slices.Contains(hintLabels, name) {
				v.s.Labels[name] = value
			}
		}
	}
}
