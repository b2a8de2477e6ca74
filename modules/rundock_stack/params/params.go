// Package params is what a call of rundock_stack takes, as ansible-doc shows it.
package params

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"slices"

	"rundock/internal/ansible"
	"rundock/internal/control"
	"rundock/supervisor"
)

// Spec is what the module takes, as ansible-doc shows it: after a
// change, go test .. -run TestDocs -update.
var Spec = ansible.Spec{
	Module: "rundock_stack",
	Root:   true,
	Short:  "Plan the release of a stack of compose files, and lead its run",
	Description: []string{
		"Makes of compose files and of what all hosts say of themselves a release: which instances are where, and in which order hosts are changed. It changes no other host itself: role C(stack) calls it once for the whole site, and its action plugin carries out what it answers. C(playbooks/stack.yml) is what users call.",
		"A run (I(step=run)) is several calls with one I(run): C(begin), C(wave) before each wave, C(commit), C(done), C(end); where something fails, C(fail), the waves of the way back, C(undone), C(end).",
		"In check mode C(begin) is C(plan), and all other steps do nothing.",
	},
	Requirements: []string{"rundockd and rundock-stack on the host, as C(playbooks/site.yml) installs them; no Python"},
	Examples:     examples,
	Returns:      returned,
	Params: []ansible.Param{
		{Name: "name", Required: true, Description: []string{"Name of the stack: a DNS label."}},
		{Name: "step", Default: "plan", Choices: steps, Description: []string{
			"C(plan): say what a run would do. C(begin): take the stack's lock and write the release, or say how to settle what an earlier run has left.",
			"C(wave): I(wave) begins. C(commit): the release is current. C(done): what left is stopped. C(fail): say how the release is undone. C(undone): it is. C(end): give the lock back.",
			"C(secrets): what secrets hold. C(pull): have I(images) on this host, whichever that is. C(build): build I(build) on this host, and push it.",
			"C(run): do what a plan says, on all hosts. The action plugin does that, by the others of these steps and the modules that hosts need; the task is delegated to the host that leads.",
		}},
		{Name: "run", Description: []string{"Any word that no other run has; needed but for C(plan), C(run), C(pull) and C(build)."}},
		{Name: "who", Description: []string{"Who asks, for C(rundockd stack history) and for others who are refused meanwhile."}},
		{Name: "state", Default: "present", Choices: []string{"present", "absent"}, Description: []string{"C(absent): the stack is to go, with its releases. Named volumes stay."}},
		{Name: "compose", Type: ansible.List, Elements: ansible.Str, Description: []string{"Compose files on the machine that Ansible runs on, the later ones over the earlier ones. What they name is read there as well."}},
		{Name: "files", Type: ansible.Dict, Description: []string{"Set by the action plugin: the files that were read so far."}},
		{Name: "trees", Type: ansible.Dict, Description: []string{"Set by the action plugin: what folders hold that images are built of."}},
		{Name: "env", Type: ansible.Dict, Values: ansible.Str, Description: []string{"Variables for C(${NAME}) in the files; they win over C(.env) beside the first one."}},
		{Name: "profiles", Type: ansible.List, Elements: ansible.Str, Description: []string{"Services of other profiles are left out; C(*) is all."}},
		{Name: "scale", Type: ansible.Dict, Values: ansible.Int, Description: []string{"Instances by service; they win over the files."}},
		{Name: "configs", Type: ansible.Dict, Values: ansible.Str, Description: []string{"What configs hold, by name; they win over the files."}},
		{Name: "secrets", Type: ansible.Dict, Values: ansible.Str, Description: []string{"What secrets hold, by name; they win over the files."}},
		{Name: "strategy", Default: "spread", Choices: []string{"spread", "binpack", "random"}, Description: []string{"Which of the hosts that would do gets an instance: the emptiest, the fullest, or any."}},
		{Name: "release", Type: ansible.Int, Description: []string{"A former release to go back to, instead of I(compose): its images by digest, variables, configs and secrets. Jobs do not run."}},
		{Name: "lost", Type: ansible.List, Elements: ansible.Str, Description: []string{"Hosts that will not come back by themselves: what was there starts elsewhere."}},
		{Name: "rebalance", Type: ansible.Bool, Default: false, Description: []string{"Move instances that are better off elsewhere."}},
		{Name: "expect", Description: []string{"Hash of the plan that was shown: with another one nothing is done."}},
		{Name: "hosts", Type: ansible.Dict, Description: []string{"The C(facts) that M(rundock_info) returns, by host of the inventory; empty for one that cannot be reached."}},
		{Name: "pool", Description: []string{"Where the stack's networks are taken from; C(10.192.0.0/11) unless given."}},
		{Name: "registry", Default: "", Description: []string{"The image registry for images that are built, C(registry.example.com:5000) or with a path, or C(site), which is C(registry.s.prod.example.com:5000) by the names of the site; they are called I(registry)/I(name)/SERVICE. Without it none is built."}},
		{Name: "builder", Default: "", Description: []string{"The host of the inventory that builds images; the first by name unless given, of those of the architecture that are not drained."}},
		{Name: "build", Type: ansible.Dict, Description: []string{"With C(build): one of C(builds) of a plan, with C(time) in seconds, C(memory) in MiB and C(cpus). The action plugin sends its C(folder)."}},
		{Name: "timeout", Type: ansible.Int, Default: 300, Description: []string{"Seconds that an instance has to become well, and a job to end."}},
		{Name: "patience", Type: ansible.Int, Default: 900, Description: []string{"Seconds until the run's next call at the most: then it is taken for dead, and gives its lock back."}},
		{Name: "wave", Type: ansible.Int, Default: 0, Description: []string{"With C(wave): its C(number)."}},
		{Name: "why", Default: "", Description: []string{"With C(fail): why."}},
		{Name: "images", Type: ansible.List, Elements: ansible.Dict, Description: []string{"With C(pull): the images."}, Options: []ansible.Param{
			{Name: "name", Required: true, Description: []string{"Image reference."}},
			{Name: "platform", Default: "", Description: []string{"Its platform; the host's own unless given."}},
			{Name: "pull", Default: "", Description: []string{"C(always), C(missing) or C(never); C(always) unless given."}},
		}},
	},
	Elsewhere: []ansible.Elsewhere{
		{Names: "project_name stack", Advice: "say name"},
		{Names: "project_src definition compose_file", Advice: "say compose"},
		{Names: "environment", Advice: "say env"},
	},
}

var steps = []string{
	string(control.StackPlan), string(control.StackBegin), string(control.StackWave), string(control.StackCommit), string(control.StackDone),
	string(control.StackFail), string(control.StackUndone), string(control.StackEnd), string(control.StackSecret), string(control.StackPull), string(control.StackBuilds), byPlugin,
}

// byPlugin is a whole run, of which the action plugin makes calls of the other steps.
const byPlugin = "run"

// free are the steps that are of no run.
var free = []control.StackStep{control.StackPlan, control.StackPull, control.StackBuilds}

// Params are the parameters as given.
type Params struct {
	Name      string                       `json:"name"`
	Step      control.StackStep            `json:"step"`
	Run       string                       `json:"run"`
	Who       string                       `json:"who"`
	State     string                       `json:"state"`
	Compose   []string                     `json:"compose"`
	Files     map[string]control.StackFile `json:"files"`
	Env       map[string]string            `json:"env"`
	Profiles  []string                     `json:"profiles"`
	Scale     map[string]int               `json:"scale"`
	Configs   map[string]string            `json:"configs"`
	Secrets   map[string]string            `json:"secrets"`
	Strategy  string                       `json:"strategy"`
	Release   int                          `json:"release"`
	Lost      []string                     `json:"lost"`
	Rebalance bool                         `json:"rebalance"`
	Expect    string                       `json:"expect"`
	Hosts     map[string]json.RawMessage   `json:"hosts"`
	Pool      string                       `json:"pool"`
	Timeout   int                          `json:"timeout"`
	Patience  int                          `json:"patience"`
	Wave      int                          `json:"wave"`
	Why       string                       `json:"why"`
	Images    []control.StackImage         `json:"images"`
	Trees     map[string]control.StackTree `json:"trees"`
	Registry  string                       `json:"registry"`
	Builder   string                       `json:"builder"`
	Build     *control.StackBuild          `json:"build"`
}

// Request is what rundockd is asked for.
func (p Params) Request(check bool) (q control.StackRequest, err error) {
	if err := supervisor.CheckStack(p.Name); err != nil {
		return q, err
	}
	if check && p.Step == control.StackBegin {
		p.Step = control.StackPlan
	}
	plans := p.Step == control.StackPlan || p.Step == control.StackBegin
	switch {
	case p.Step == byPlugin:
		return q, errors.New("step run is done by the action plugin of rundock_stack alone")
	case check && !plans:
		return q, fmt.Errorf("step %s: check mode has plan and begin alone", p.Step)
	case plans && p.State == "present" && p.Release == 0 && len(p.Compose) == 0:
		return q, fmt.Errorf("step %s of state=present needs compose, or release", p.Step)
	case plans && len(p.Hosts) == 0:
		return q, fmt.Errorf("step %s needs hosts", p.Step)
	case p.Step == control.StackBuilds && (p.Build == nil || p.Build.Upload == "" || len(p.Build.Names) == 0 || len(p.Build.Services) != len(p.Build.Names)):
		return q, fmt.Errorf("step %s needs build, as a plan says it, and the action plugin", p.Step)
	case !slices.Contains(free, p.Step) && p.Run == "":
		return q, fmt.Errorf("step %s needs run", p.Step)
	}
	return control.StackRequest{
		Version: control.Version, Step: p.Step, Name: p.Name, Run: p.Run, Who: p.Who, Absent: p.State == "absent", Compose: p.Compose, Files: p.Files, Env: p.Env,
		Profiles: p.Profiles, Scale: p.Scale, Configs: p.Configs, Secrets: p.Secrets, Strategy: p.Strategy, Back: p.Release, Lost: p.Lost, Rebalance: p.Rebalance,
		Expect: p.Expect, Hosts: p.hosts(), Pool: p.Pool, Timeout: p.Timeout, Patience: cmp.Or(p.Patience, 900), Wave: p.Wave, Why: p.Why, Images: p.Images,
		Trees: p.Trees, Registry: p.Registry, Builder: p.Builder, Build: p.Build,
	}, nil
}

// hosts are p's, of which one that says nothing is null.
func (p Params) hosts() map[string]json.RawMessage {
	all := map[string]json.RawMessage{}
	for name, facts := range p.Hosts {
		if text := string(facts); text == "{}" || text == `""` || text == "null" {
			facts = nil
		}
		all[name] = facts
	}
	return all
}
