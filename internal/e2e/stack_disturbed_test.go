package e2e

import (
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"rundock/internal/await"
)

// roughFile is a stack of which an instance takes its time to become well, so that a run can
// be disturbed meanwhile.
const roughFile = `
services:
  web:
    image: ` + images + `influxdb:latest
    environment: {APP_VERSION: "${VERSION}", APP_DELAY: "${DELAY:-0s}"}
    healthcheck: {start_period: 2m} # without which the delay makes it unhealthy
    deploy: {replicas: 2, update_config: {monitor: 1s}, placement: {max_replicas_per_node: 1, constraints: ["node.hostname != node-front-1"]}}
`

// rough is the stack of TestStack_disturbed.
type rough struct {
	*setup
	t    *testing.T
	file string
}

// args are those of stack.yml for a version; with slow its instances take 20 s to become well.
func (r rough) args(version string, slow bool, more ...string) []string {
	env := map[string]string{"VERSION": version}
	if slow {
		env["DELAY"] = "20s"
	}
	return stackArgs("rough", r.file, map[string]any{"stack_env": env, "rundock_stack_timeout": 120}, more...)
}

// well runs it, and it has to succeed; then both hosts have the version.
func (r rough) well(what, version string, slow bool) {
	r.t.Helper()
	if out, err := r.playbook(r.args(version, slow)...); err != nil {
		r.t.Fatalf("%s: %v\n%s", what, err, out)
	}
	r.has(what, version)
}

// has awaits that both hosts run the version, and nothing else of the stack.
func (r rough) has(what, version string) {
	r.t.Helper()
	for _, host := range []string{back1, back2} {
		await.Equal(r.t, what+": "+host+" runs version "+version+" alone", "APP_VERSION="+version+" true", func() string { return r.on(host) })
	}
}

// on is what a host has of the stack.
func (r rough) on(host string) string {
	out, err := r.try(host, `for c in $(docker ps -aq --filter label=com.docker.compose.project=rough); do docker inspect -f '{{range .Config.Env}}{{println .}}{{end}}{{.State.Running}}' $c | grep -e APP_VERSION= -e '^true$' -e '^false$' | grep -v =latest; done | tr '\n' ' '`)
	if err != nil {
		return err.Error()
	}
	return strings.TrimSpace(out)
}

// disturbs begins a run of a version, and does what disturbs it once a container of that is
// there. The run is a process group of its own with the id pid, so that killing that kills it.
func (r rough) disturbs(what, version string, disturb func(pid int)) (out string, err error) {
	r.t.Helper()
	cmd := own(r.checkout, "ansible-playbook", append([]string{"-i", r.inventory}, r.args(version, true)...)...)
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	var said strings.Builder
	cmd.Stdout, cmd.Stderr = &said, &said
	if err := cmd.Start(); err != nil {
		r.t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	// The run ends by itself, however slow the machine is.
	for !strings.Contains(r.on(back2), "APP_VERSION="+version+" ") {
		select {
		case err := <-ended:
			r.t.Fatalf("%s: the run ended before %s had a container of version %s: %v\n%s", what, back2, version, err, said.String())
		case <-time.After(100 * time.Millisecond):
		}
	}
	disturb(cmd.Process.Pid)
	err = <-ended
	return said.String(), err
}

// write has the compose file hold text.
func (r rough) write(text string) {
	r.t.Helper()
	if err := os.WriteFile(r.file, []byte(text), 0o600); err != nil {
		r.t.Fatal(err)
	}
}

// unlocked awaits that nobody holds the stack's lock.
func (r rough) unlocked(what string) {
	r.t.Helper()
	await.Empty(r.t, what+": the lock is free", func() string {
		out, err := r.try(front, etcdctl+"get --keys-only /rundock/v1/stacks/rough/lock")
		if err != nil {
			return out + err.Error()
		}
		return out
	})
}

// TestStack_disturbed disturbs runs of a stack in the middle of a wave. Each leaves the stack so
// that the next run goes on.
func TestStack_disturbed(t *testing.T) {
	s := need(t)
	r := rough{s, t, filepath.Join(t.TempDir(), "compose.yaml")}
	r.write(roughFile)
	t.Cleanup(func() {
		if t.Failed() {
			s.playbook(r.args("1", false, "-e", "stack_state=absent")...)
		}
	})
	r.well("the first release", "1", false)
	r.lacksAnImage()
	r.isKilled()
	r.losesItsStore()
	if out, err := s.playbook(r.args("4", false, "-e", "stack_state=absent")...); err != nil {
		t.Errorf("absent: %v\n%s", err, out)
	}
	if has := r.on(back1) + r.on(back2); has != "" {
		t.Errorf("of a stack that is absent, hosts have %s", has)
	}
}

// lacksAnImage has a release need an image that one of three hosts cannot have.
func (r rough) lacksAnImage() {
	const only = "people/only:1"
	for _, host := range []string{front, back1} {
		r.sh(r.t, host, "docker pull -q "+images+"grafana:latest && docker tag "+images+"grafana:latest "+only)
	}
	r.write(roughFile + "  everywhere:\n    image: " + only + "\n    deploy: {mode: global}\n")
	out, err := r.playbook(r.args("2", false)...)
	if err == nil || !strings.Contains(out, "rough: "+back2+": ") || !strings.Contains(out, only) || !strings.Contains(out, "all is as before, release 1") {
		r.t.Errorf("an image that %s cannot have: %v\n%s", back2, err, out)
	}
	r.has("after that", "1")
	r.write(roughFile)
	for _, host := range []string{front, back1} {
		r.sh(r.t, host, "docker rmi "+only)
	}
}

// isKilled has the machine of whoever runs Ansible die, and what holds the lock with the memory of its host.
func (r rough) isKilled() {
	r.disturbs("killed", "3", func(pid int) {
		syscall.Kill(-pid, syscall.SIGKILL)
		r.sh(r.t, front, `kill -9 $(ps -eo pid,args | awk '$2 ~ /rundock-stack$/ && $3 == "hold" {print $1}')`)
	})
	r.unlocked("after a run that was killed")
	r.well("the run after one that was killed", "3", true)
}

// losesItsStore has the store go away: no wave can begin, and nothing is undone; the next run goes on.
func (r rough) losesItsStore() {
	out, err := r.disturbs("without store", "4", func(int) {
		r.sh(r.t, front, "sv -w 60 down dnsd >/dev/null; dnsd store stop --dir /var/lib/dnsd/etcd 2>/dev/null || true")
	})
	r.sh(r.t, front, "sv up dnsd")
	if err == nil || !strings.Contains(out, "Whoever works on rough next") {
		r.t.Errorf("a run that lost its store: %v\n%s", err, out)
	}
	r.unlocked("after a run that lost its store")
	r.well("the run after one that lost its store", "4", true)
}
