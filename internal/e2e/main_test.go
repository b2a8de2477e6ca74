// Package e2e tests rundock whole: real ssh, Ansible, runit, dockerd, etcd
// and image registry on the hosts of a lab. The lab is prepared once by
// playbooks/site.yml and shared; tests run in series, since many break
// something on purpose, and each leaves the lab as it found it.
//
// RUNDOCK_LAB=1 runs them, after `make build`. A lab that was up before stays
// up; RUNDOCK_LAB_KEEP=1 keeps it in any case, for looking around.
// RUNDOCK_LAB_READY=1 spares preparing one that a run before has left so.
package e2e

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"rundock/internal/await"
	"rundock/internal/lab"
)

const (
	front = "node-front-1"
	back1 = "node-back-1"
	back2 = "node-back-2"
	zone  = lab.Label + "." + lab.Domain
)

// here is the lab and the checkout under test; nil without RUNDOCK_LAB.
var here *setup

type setup struct {
	*lab.Lab
	checkout  string
	inventory string
	ansible   command
}

// command makes one of Ansible's commands, to be run in folder dir.
type command func(dir, name string, args ...string) *exec.Cmd

func TestMain(m *testing.M) {
	os.Exit(testMain(m))
}

func testMain(m *testing.M) int {
	if os.Getenv("RUNDOCK_LAB") != "1" {
		return m.Run()
	}
	checkout, err := lab.Checkout()
	if err != nil {
		fmt.Fprintln(os.Stderr, "e2e:", err)
		return 1
	}
	ansible, stop, err := warm(checkout)
	if err != nil {
		fmt.Fprintln(os.Stderr, "e2e:", err)
		return 1
	}
	defer stop()
	s, down, err := prepare(context.Background(), checkout, ansible)
	if down != nil && os.Getenv("RUNDOCK_LAB_KEEP") != "1" {
		defer down()
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "e2e:", err)
		return 1
	}
	here = s
	return m.Run()
}

// prepare brings the lab up, with rundock installed and test images pushed.
// down is nil where the lab was up before.
func prepare(ctx context.Context, checkout string, ansible command) (s *setup, down func(), err error) {
	l, err := lab.New(lab.ConfigFrom(os.Getenv))
	if err != nil {
		return nil, nil, err
	}
	if hosts, err := l.Hosts(); err != nil || len(hosts) == 0 {
		down = func() {
			if _, err := l.Down(); err != nil {
				fmt.Fprintln(os.Stderr, "e2e:", err)
			}
		}
	}
	s = &setup{l, checkout, filepath.Join(l.Dir, "inventory"), ansible}
	if os.Getenv("RUNDOCK_LAB_READY") == "1" && down == nil {
		return s, nil, nil
	}
	return s, down, s.fill(ctx, lab.Options{})
}

// own is a command of the machine's own Ansible that runs in folder dir.
func own(dir, name string, args ...string) *exec.Cmd {
	cmd := exec.Command(name, args...)
	cmd.Dir = dir
	return cmd
}

// fill brings the lab up, installs rundock and pushes the test images.
func (s *setup) fill(ctx context.Context, o lab.Options) error {
	if _, err := s.Up(ctx, o); err != nil {
		return err
	}
	var out string
	err := s.hidingPython(func() (err error) {
		out, err = s.playbook("playbooks/site.yml")
		return err
	})
	if err != nil {
		return fmt.Errorf("playbooks/site.yml: %w\n%s", err, out)
	}
	archives, err := s.Images(ctx)
	if err != nil {
		return err
	}
	_, err = s.Push(ctx, archives)
	return err
}

// hidingPython calls do while no host has a Python, which tests need and
// rundock does not.
func (s *setup) hidingPython(do func() error) (err error) {
	rename := func(script string) error {
		for _, host := range []string{front, back1, back2} {
			if out, err := s.try(host, script); err != nil {
				return fmt.Errorf("%s on %s: %w: %s", script, host, err, out)
			}
		}
		return nil
	}
	if err := rename("for p in /usr/bin/python3*; do mv $p $p.away; done"); err != nil {
		return err
	}
	defer func() { // also where do ends the test
		err = errors.Join(err, rename("for p in /usr/bin/python3*.away; do mv $p ${p%.away}; done"))
	}()
	return do()
}

// playbook runs ansible-playbook in the checkout.
func (s *setup) playbook(args ...string) (string, error) {
	out, err := s.ansible(s.checkout, "ansible-playbook", append([]string{"-i", s.inventory}, args...)...).CombinedOutput()
	return string(out), err
}

// need skips without a lab.
func need(t *testing.T) *setup {
	t.Helper()
	if here == nil {
		t.Skip("needs a lab: RUNDOCK_LAB=1, as root")
	}
	return here
}

// result is what a module answers.
type result struct {
	Changed bool     `json:"changed"`
	Failed  bool     `json:"failed"`
	Msg     string   `json:"msg"`
	Actions []string `json:"actions"`
	Service struct {
		Enabled   bool   `json:"enabled"`
		Running   bool   `json:"running"`
		Container string `json:"container"`
		Announced bool   `json:"announced"`
	} `json:"service"`

	Warnings []string `json:"-"` // Ansible prints them, and takes them out of the answer
	shown    string   // what ansible prints before the answer: the diff
	answer   string   // all of it, as JSON
}

// rundock is the ad-hoc call: ansible HOST -b -m rundock -a ARGS. The module
// may fail; no answer from it is fatal.
func (s *setup) rundock(t *testing.T, host, args string, flags ...string) result {
	t.Helper()
	return s.call(t, host, "rundock", args, flags...)
}

// call is rundock for any module.
func (s *setup) call(t *testing.T, host, module, args string, flags ...string) result {
	t.Helper()
	cmd := s.ansible(s.checkout, "ansible", append([]string{"-i", s.inventory, host, "-b", "-m", module, "-a", args}, flags...)...)
	var stderr strings.Builder
	cmd.Stderr = &stderr
	out, _ := cmd.Output() // fails with the module
	shown, answer, found := strings.Cut(string(out), "=> ")
	r := result{shown: shown, answer: answer, Warnings: warnings(stderr.String())}
	if !found {
		t.Fatalf("ansible %s -m %s -a '%s' gave no answer:\n%s%s", host, module, args, out, &stderr)
	}
	if err := json.NewDecoder(strings.NewReader(answer)).Decode(&r); err != nil {
		t.Fatalf("ansible %s -m %s -a '%s': %v:\n%s", host, module, args, err, out)
	}
	// Ansible says in words, not in the answer, that a module failed.
	r.Failed = r.Failed || strings.Contains(shown, "| FAILED!") || strings.Contains(shown, "| UNREACHABLE!")
	return r
}

// warnings returns those that Ansible printed, each broken into lines.
func warnings(stderr string) []string {
	parts := strings.Split(stderr, "[WARNING]: ")
	for i, p := range parts {
		parts[i] = strings.NewReplacer("-\n", "-", "\n", " ").Replace(strings.TrimSpace(p))
	}
	return parts[1:]
}

// install is rundock where failure is fatal.
func (s *setup) install(t *testing.T, host, args string) result {
	t.Helper()
	r := s.rundock(t, host, args)
	if r.Failed {
		t.Fatalf("rundock on %s with %s failed: %s", host, args, r.Msg)
	}
	return r
}

// remove takes services away when the test ends.
func (s *setup) remove(t *testing.T, host string, names ...string) {
	t.Cleanup(func() { s.absent(t, host, names...) })
}

// absent takes services away by the module without Ansible, which is quicker:
// on the host itself, with its arguments on stdin.
func (s *setup) absent(t *testing.T, host string, names ...string) {
	t.Helper()
	module := fmt.Sprintf("/run/module-%d", time.Now().UnixNano())
	if err := s.put(host, s.module(), module); err != nil {
		t.Errorf("remove %v from %s: %v", names, host, err)
		return
	}
	args := `{"state":"absent","services":[{"name":"` + strings.Join(names, `"},{"name":"`) + `"}]}`
	if out, err := s.try(host, "echo '"+args+"' | "+module+"; code=$?; rm "+module+"; exit $code"); err != nil {
		t.Errorf("remove %v from %s: %v: %s", names, host, err, out)
	}
}

// sh runs a shell script on host, entering it without its network.
func (s *setup) sh(t *testing.T, host, script string) string {
	t.Helper()
	out, err := s.try(host, script)
	if err != nil {
		t.Fatalf("on %s: %s: %v", host, script, err)
	}
	return out
}

// try is sh that may fail; the error holds what was written to stderr.
func (s *setup) try(host, script string) (string, error) {
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Minute)
	defer cancel()
	out, err := s.Exec(ctx, host, "sh", "-c", script)
	return strings.TrimSpace(out), err
}

// heard is what came instead of what is awaited, for await.Empty: nothing is no success.
func heard(text string) string { return fmt.Sprintf("it is %q", text) }

// dig asks host's own dnsd, and returns the answer in short form: "" where there is no
// such name or record, and what went wrong where that was not answered.
func (s *setup) dig(t *testing.T, host, question string) string {
	t.Helper()
	return answer(s.sh(t, host, "dig +noall +comments +answer +tries=1 +time=10 "+question+" || true"))
}

// answer is dig's output in short form, as dig says it.
func answer(printed string) string {
	status := "no answer: " + printed
	var records []string
	for line := range strings.Lines(printed) {
		if _, rest, found := strings.Cut(line, "status: "); found {
			status, _, _ = strings.Cut(rest, ",")
		}
		// NAME TTL CLASS TYPE DATA
		if fields := strings.Fields(line); len(fields) > 4 && !strings.HasPrefix(line, ";") {
			records = append(records, strings.Join(fields[4:], " "))
		}
	}
	if status != "NOERROR" && status != "NXDOMAIN" {
		return status
	}
	return strings.Join(records, "\n")
}

// id is the container a service runs on host, with the time it was started;
// "" when it does not run. It is asked for often, and curl takes a quarter of
// what the docker command does.
func (s *setup) id(t *testing.T, host, service string) string {
	t.Helper()
	out := s.sh(t, host, "curl -s --unix-socket /run/docker.sock http://docker/containers/"+service+"/json || true")
	var c struct {
		ID    string `json:"Id"`
		State struct {
			Running   bool
			StartedAt string
		}
	}
	if json.Unmarshal([]byte(out), &c) != nil || !c.State.Running {
		return ""
	}
	return c.ID + " " + c.State.StartedAt
}

// resolves waits until host finds service with this SRV answer; "" is none.
func (s *setup) resolves(t *testing.T, host, service, want string) {
	t.Helper()
	arrived := false
	defer func() {
		if !arrived {
			t.Log(s.story(service[strings.LastIndex(service, ".")+1:])) // of _metrics._tcp.shop, too
		}
	}()
	await.Equal(t, fmt.Sprintf("%s sees SRV of %s as %q", host, service, want), want, func() string { return s.dig(t, host, "SRV "+service+"."+zone) })
	arrived = true
}

// story is what each host that has the service says about it.
func (s *setup) story(service string) string {
	var told strings.Builder
	for _, host := range []string{front, back1, back2} {
		out, _ := s.try(host, "[ -e /etc/sv/docker-"+service+" ] || exit 0; date -u +%T; rundockd explain "+service+" || true; tail -n 30 /var/log/docker-"+service+"/announce/current /var/log/docker-"+service+"/current")
		if out != "" {
			fmt.Fprintf(&told, "%s:\n%s\n", host, out)
		}
	}
	return told.String()
}
