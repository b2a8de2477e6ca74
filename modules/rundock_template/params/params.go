// Package params is what a call of rundock_template takes, as ansible-doc shows it, and the
// template that it asks for.
package params

import (
	"fmt"
	"time"

	"rundock/internal/ansible"
	"rundock/supervisor"
)

// Spec is what the module takes, as ansible-doc shows it: after a
// change, go test .. -run TestDocs -update.
var Spec = ansible.Spec{
	Module: "rundock_template",
	Root:   true,
	Short:  "Keep a file of a host as a template and the store say",
	Description: []string{
		"Renders a template, which has the functions of consul-template, from the records and keys in etcd or Consul, and keeps the file so: C(rundockd render) under runit follows the store, has a command check each new content, replaces the file, and reloads whoever reads it.",
		"The last good file stays while the template is broken, its check fails, a service has fewer instances than its floor, or the store is away.",
		"A second call changes nothing and executes nothing. Check mode shows how the file would change.",
		"I(state=absent) needs I(name) and ignores the rest but I(wait_timeout). The file that was rendered stays.",
	},
	Requirements: []string{"runit, rundockd and rundock-render on the host, as C(playbooks/site.yml) installs them; no Python"},
	Examples:     examples,
	Returns:      returned,
	Params: []ansible.Param{
		{Name: "name", Required: true, Description: []string{"Name of the template: two or more letters, digits, C(-), C(_) and C(.). It is that of its definition, its status and in messages."}},
		{Name: "state", Default: "present", Choices: []string{"present", "absent"}, Description: []string{
			"C(present): the file is kept, now and after a boot.",
			"C(absent): it is not kept any more. It stays as it is.",
		}},
		{Name: "src", Description: []string{
			"Absolute path of the template on the host, put there by an earlier task (C(copy)): a module that is one binary gets no files from the machine that Ansible runs on. Where the template itself is to come in the call, give I(content).",
		}},
		{Name: "content", Description: []string{
			"The template itself, such as C({{ lookup('file', 'haproxy.cfg.tmpl') }}), which is a file beside the playbook. Write braces of the template into a task as C({% raw %}).",
		}},
		{Name: "dest", Description: []string{"Absolute path of the file that is kept."}},
		{Name: "owner", Description: []string{"User who owns the file, by name or number; root unless given."}},
		{Name: "group", Description: []string{"Group of the file, by name or number; root's unless given."}},
		{Name: "mode", Description: []string{"Mode of the file, three or four octal digits in quotes; C(0644) unless given. The diff hides what only the owner may read."}},
		{Name: "check", Description: []string{"Shell command that judges each new content before it gets to I(dest); C(%s) is a file with it, in the same folder."}},
		{Name: "reload", Description: []string{"Shell command after the file was replaced."}},
		{Name: "signal", Type: ansible.Dict, Description: []string{"Besides I(reload), or instead: a signal to a service of runit's."}, Options: []ansible.Param{
			{Name: "service", Required: true, Description: []string{"Name of its service directory, such as C(haproxy) or C(docker-haproxy)."}},
			{Name: "signal", Default: "HUP", Choices: []string{"HUP", "INT", "QUIT", "TERM", "USR1", "USR2", "ALRM"}, Description: []string{"The signal."}},
		}},
		{Name: "wait", Description: []string{
			"C(MIN:MAX), such as C(250ms:2s): take changes up when nothing more has changed for MIN, and after MAX at the latest. Unset, a change that comes alone is taken up at once, and further ones within a second by C(150ms:1s).",
		}},
		{Name: "floor", Type: ansible.Dict, Values: ansible.Int, Description: []string{
			"Least instances by service, named as the template names it; C(*) is each other. With fewer the last good file stays. C(0) allows for none at all, for which else the last good file stays as well.",
		}},
		{Name: "backup", Type: ansible.Bool, Default: false, Description: []string{"Keep the file before as I(dest) and C(~)."}},
		{Name: "wait_for", Default: "rendered", Choices: []string{"rendered", "none"}, Description: []string{
			"C(rendered): before anything is written the template is tried on the store and checked, and the call returns when the file is as it should be and reloaded.",
			"C(none): only whether the template can be parsed is looked at; the store may be away, keys missing, and the file comes when it can.",
		}},
		{Name: "wait_timeout", Type: ansible.Int, Default: 60, Description: []string{"Seconds to wait for the store, and until the file is rendered; also for another call at a template of this host."}},
	},
	Rules: ansible.Rules{
		MutuallyExclusive: [][]string{{"src", "content"}},
		RequiredIf: []ansible.RequiredIf{
			{Param: "state", Value: "present", Params: []string{"dest"}},
			{Param: "state", Value: "present", Params: []string{"src", "content"}, Any: true},
		},
	},
	Elsewhere: []ansible.Elsewhere{
		{Names: "source template", Advice: "say src, which is a path on the host, or content"},
		{Names: "destination path", Advice: "say dest"},
		{Names: "validate check_cmd", Advice: "say check"},
		{Names: "command reload_cmd notify", Advice: "say reload, or signal"},
		{Names: "service", Advice: "say signal: {service: NAME, signal: HUP}"},
		{Names: "perms", Advice: "say mode"},
		{Names: "user", Advice: "say owner"},
	},
}

// Params are the parameters as given.
type Params struct {
	Name        string                     `json:"name"`
	State       string                     `json:"state"`
	Src         string                     `json:"src"`
	Content     string                     `json:"content"`
	Dest        string                     `json:"dest"`
	Owner       string                     `json:"owner"`
	Group       string                     `json:"group"`
	Mode        string                     `json:"mode"`
	Check       string                     `json:"check"`
	Reload      string                     `json:"reload"`
	Signal      *supervisor.TemplateSignal `json:"signal"`
	Wait        string                     `json:"wait"`
	Floor       map[string]int             `json:"floor"`
	Backup      bool                       `json:"backup"`
	WaitFor     string                     `json:"wait_for"`
	WaitTimeout int                        `json:"wait_timeout"`
}

func (p Params) Patience() time.Duration { return time.Duration(p.WaitTimeout) * time.Second }

const day = 24 * 60 * 60

// Definition is what p asks for, and right as far as can be said without
// looking at the host.
func (p Params) Definition() (supervisor.Template, error) {
	t := supervisor.Template{
		Version: supervisor.Version, Name: p.Name, Src: p.Src, Content: p.Content, Dest: p.Dest, Owner: p.Owner, Group: p.Group, Mode: p.Mode,
		Check: p.Check, Reload: p.Reload, Signal: p.Signal, Wait: p.Wait, Floor: p.Floor, Backup: p.Backup,
	}
	if err := ansible.Between("wait_timeout", p.WaitTimeout, 1, day); err != nil {
		return t, err
	}
	if p.State == "absent" {
		if !supervisor.IsName(p.Name) {
			return t, fmt.Errorf("name %q: want letters, digits, -, _ and .", p.Name)
		}
		return t, nil
	}
	if p.Wait == "rendered" || p.Wait == "none" {
		return t, fmt.Errorf("wait %q: want MIN:MAX such as 250ms:2s; how long the call waits is said by wait_for", p.Wait)
	}
	return t, t.Validate()
}
