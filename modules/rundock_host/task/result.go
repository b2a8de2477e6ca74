package task

import (
	"errors"
	"fmt"
	"os/exec"
	"strings"

	"rundock/internal/ansible"
	"rundock/internal/hosts"
	"rundock/internal/module"
	"rundock/modules/rundock_host/params"
)

// tell adds to a result what the call asks to be told.
func tell(p params.Params, values map[string]any) error {
	if p.Facts {
		facts, err := hosts.Facts()
		if err != nil {
			return err
		}
		prefixed := map[string]any{}
		for name, value := range facts {
			prefixed["ansible_"+name] = value
		}
		values["ansible_facts"] = prefixed
	}
	if p.Look == "" {
		return nil
	}
	out, err := exec.Command("sh", "-c", p.Look).Output()
	if failed := (*exec.ExitError)(nil); errors.As(err, &failed) {
		err = fmt.Errorf("%w: %s", err, strings.TrimSpace(string(failed.Stderr)))
	}
	if err != nil {
		return fmt.Errorf("look at the host: %w", err)
	}
	values["stdout"] = string(out)
	return nil
}

// result is what was done by plan, and said of it.
func result(plan hosts.Plan, have hosts.Have, said []string, err error) ansible.Result {
	if said == nil {
		said = []string{}
	}
	r := ansible.Result{
		Changed: len(said) > 0,
		Msg:     module.Summary(said),
		Err:     err,
		Diff:    plan.Diff,
		Values:  map[string]any{"actions": said, "missing": append([]string{}, have.Missing...), "waiting": append([]string{}, plan.Waiting...)},
	}
	if len(plan.Waiting) > 0 {
		r.Warnings = []string{fmt.Sprintf("waiting in daemon.json for a restart of dockerd: %s (-e rundock_docker_restart=true restarts it; containers stay up)", strings.Join(plan.Waiting, ", "))}
	}
	return r
}

// stopped are the lines of what rundockd said that tell of a service.
func stopped(output string) []string {
	said := []string{}
	for line := range strings.Lines(output) {
		if line = strings.TrimSpace(line); strings.HasSuffix(line, "is stopped") || strings.HasSuffix(line, "is withdrawn") {
			said = append(said, line)
		}
	}
	return said
}

// drained is that the host was drained, where that has changed anything.
func drained(said []string, changed bool, err error) ansible.Result {
	actions := []string{}
	if changed {
		actions = []string{"host drained"}
	}
	return ansible.Result{
		Changed: changed, Err: err, Msg: module.Choose(changed, "host drained", "the host is drained already"),
		Values: map[string]any{"stopped": said, "actions": actions},
	}
}
