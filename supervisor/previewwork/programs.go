package previewwork

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"rundock/internal/control"
	"rundock/internal/hostconfig"
	"rundock/supervisor/previewlog"
	"rundock/supervisor/report"
)

// programs are those that a job runs.
type programs struct {
	rundockd string // path
	previewd string // path: this one, which has modules rundock and rundock_overlay in it
}

// answerAtMost is how long a call that has been ended may take to end, before it is left.
const answerAtMost = 10 * time.Second

// run runs a program, with all that it starts, until its end or that of ctx. What it prints on
// stderr is the error where it fails without an answer.
func run(ctx context.Context, path string, stdin []byte, args ...string) (stdout []byte, err error) {
	cmd := exec.CommandContext(ctx, path, args...)
	var out, complaint bytes.Buffer
	cmd.Stdin, cmd.Stdout, cmd.Stderr = bytes.NewReader(stdin), &out, &complaint
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) }
	cmd.WaitDelay = answerAtMost
	err = cmd.Run()
	if ctx.Err() != nil {
		return nil, context.Cause(ctx)
	}
	var exit *exec.ExitError
	if errors.As(err, &exit) {
		err = fmt.Errorf("%s %s: %s", filepath.Base(path), strings.Join(args, " "), report.OneLine(complaint.String()+" ("+exit.Error()+")"))
	}
	return out.Bytes(), err
}

// ask has rundockd stack ctl do a step.
func (p programs) ask(ctx context.Context, q control.StackRequest) (a control.StackAnswer, err error) {
	in, err := json.Marshal(q)
	if err != nil {
		return a, err
	}
	out, err := run(ctx, p.rundockd, in, "stack", "ctl")
	if err != nil {
		return a, err
	}
	if err := json.Unmarshal(out, &a); err != nil {
		return a, fmt.Errorf("the answer of rundockd stack ctl cannot be read: %w", err)
	}
	if a.Version != control.Version {
		return a, fmt.Errorf("rundockd stack ctl answers in version %d, not %d: install the same release of both (playbooks/site.yml)", a.Version, control.Version)
	}
	if a.Error != "" {
		return a, errors.New(report.OneLine(a.Error))
	}
	if a.KeyFrom != "" {
		return a, fmt.Errorf("this host lacks the key of stacks' secrets, which %s has: copy %s from there, or run playbooks/site.yml", a.KeyFrom, hostconfig.StackKeyPath)
	}
	return a, nil
}

// module calls a module, as Ansible would.
func (p programs) module(ctx context.Context, name string, args map[string]any) error {
	return p.moduleMasked(ctx, name, args, nil)
}

// moduleMasked is module, whose error hides values: it may have the last lines of a container's log.
func (p programs) moduleMasked(ctx context.Context, name string, args map[string]any, values map[string]string) error {
	in, err := json.Marshal(args)
	if err != nil {
		return err
	}
	out, err := run(ctx, p.previewd, in, "module", name)
	var said struct {
		Failed bool   `json:"failed"`
		Msg    string `json:"msg"`
	}
	if json.Unmarshal(out, &said) == nil && said.Failed {
		// Lines are hidden before they are one: a value of several lines has a time before each there.
		return errors.New(report.OneLine(previewlog.Mask(values).Replace(said.Msg)))
	}
	return err
}

// facts are what this host says of itself; parts are those of rundockd facts.
func (p programs) facts(ctx context.Context, parts ...string) (raw json.RawMessage, f facts, err error) {
	out, err := run(ctx, p.rundockd, nil, append([]string{"facts", "--json"}, parts...)...)
	if len(out) == 0 && err != nil { // it fails where something cannot be found out, and says the rest
		return nil, f, err
	}
	if err := json.Unmarshal(out, &f); err != nil {
		return nil, f, fmt.Errorf("the answer of rundockd facts cannot be read: %w", err)
	}
	return out, f, nil
}

// facts are what a worker reads of this host's.
type facts struct {
	Private  string    `json:"private_address"`
	Unknown  []string  `json:"unknown"`
	Services []service `json:"services"`
}

type service struct {
	Name     string   `json:"name"`
	Enabled  bool     `json:"enabled"`
	Stack    string   `json:"stack"`
	Networks []string `json:"networks"`
	Ports    []struct {
		Port int `json:"port"`
	} `json:"ports"`
}

// taken are the ports of the host that services have.
func (f facts) taken() map[int]bool {
	all := map[int]bool{}
	for _, s := range f.Services {
		for _, p := range s.Ports {
			all[p.Port] = true
		}
	}
	return all
}

// of are the services of a stack.
func (f facts) of(stackName string) (all []service) {
	for _, s := range f.Services {
		if s.Stack == stackName {
			all = append(all, s)
		}
	}
	return all
}
