package e2e

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"rundock/internal/await"
)

// farm is a stack of some services, of the lab's images; the last of them has a version of its own.
func farm(services int, version string) string {
	var b strings.Builder
	b.WriteString("services:\n")
	for i := range services {
		v := "1"
		if i == services-1 {
			v = version
		}
		fmt.Fprintf(&b, "  s%d:\n    image: %sinfluxdb:latest\n    environment: {APP_VERSION: %q}\n    deploy: {update_config: {monitor: 1ms, parallelism: 0}}\n", i, images, v)
	}
	return b.String()
}

// deploy runs stack.yml for a compose file, and returns how long it took and what it said.
func (s *setup) deploy(name, file string, more ...string) (time.Duration, string, error) {
	since := time.Now()
	out, err := s.playbook(stackArgs(name, file, nil, more...)...)
	return time.Since(since), out, err
}

func (s *setup) mustDeploy(t *testing.T, name, file string, more ...string) time.Duration {
	t.Helper()
	took, out, err := s.deploy(name, file, more...)
	if err != nil {
		t.Fatalf("stack %s: %v\n%s", name, err, out)
	}
	return took
}

// composeFile is a compose file in a folder of the test's.
func composeFile(t *testing.T, text string) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "compose.yaml")
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}

// TestBenchStack measures a stack's deployments beside a playbook that has a task with the docker
// command for each service, and beside one that waits until all of them are healthy, as a stack does: from
// nothing, again with nothing to do, and with one image's settings changed.
func TestBenchStack(t *testing.T) {
	s := need(t)
	rounds, services := 1, 3
	if benching() {
		rounds, services = 5, 10
	}
	first, changed := composeFile(t, farm(services, "1")), composeFile(t, farm(services, "2"))
	for _, host := range []string{front, back1, back2} {
		s.sh(t, host, "docker pull -q "+images+"influxdb:latest >/dev/null")
	}
	t.Cleanup(func() { s.deploy("farm", first, "-e", "stack_state=absent") })
	var ours, idle, one, started, healthy []time.Duration
	for range rounds {
		ours = append(ours, s.mustDeploy(t, "farm", first))
		idle = append(idle, s.mustDeploy(t, "farm", first))
		before := s.farmed(t)
		one = append(one, s.mustDeploy(t, "farm", changed))
		s.replacedOne(t, before)
		if benching() { // once it is removed at the end alone
			s.mustDeploy(t, "farm", first, "-e", "stack_state=absent")
		}

		started = append(started, s.byDocker(t, services))
		healthy = append(healthy, s.byDocker(t, services, "-e", "healthy=yes"))
	}
	versus(fmt.Sprintf("a stack of %d services, from nothing", services), ours, "a docker command for each service", started, 0.7)
	versus(fmt.Sprintf("a stack of %d services, from nothing", services), ours, "a docker command for each service, until all are healthy", healthy, 0)
	distribution("a run with nothing to do", idle, "3 s")
	distribution("one service changed", one, "")
}

// byDocker starts services by the docker command, takes them away again, and returns how long their start took.
func (s *setup) byDocker(t *testing.T, services int, more ...string) time.Duration {
	t.Helper()
	since := time.Now()
	args := append([]string{"internal/e2e/testdata/bench/docker.yml", "-e", "services=" + strconv.Itoa(services), "-e", "image=" + images + "influxdb:latest"}, more...)
	if out, err := s.playbook(args...); err != nil {
		t.Fatalf("a docker command for each service: %v\n%s", err, out)
	}
	took := time.Since(since)
	for _, host := range []string{front, back1, back2} {
		s.sh(t, host, "docker ps -q -f label=beside | xargs -r docker rm -f >/dev/null; docker network rm beside >/dev/null 2>&1; true")
	}
	return took
}

// farmed are the ids of the stack's containers, by their names.
func (s *setup) farmed(t *testing.T) map[string]string {
	t.Helper()
	has := map[string]string{}
	for _, host := range []string{front, back1, back2} {
		for line := range strings.Lines(s.sh(t, host, `docker ps --no-trunc --filter label=com.docker.compose.project=farm --format '{{.Names}} {{.ID}}'`) + "\n") {
			if name, id, ok := strings.Cut(strings.TrimSpace(line), " "); ok {
				has[name] = id
			}
		}
	}
	return has
}

// replacedOne holds that of the containers before one alone becomes another one. Its predecessor is stopped
// behind the run, as it was started first.
func (s *setup) replacedOne(t *testing.T, before map[string]string) {
	t.Helper()
	await.Empty(t, "one container is another one, and there are as many", func() string {
		after, n := s.farmed(t), 0
		for name, id := range before {
			if after[name] != id {
				n++
			}
		}
		if n == 1 && len(after) == len(before) {
			return ""
		}
		return fmt.Sprintf("%d of %d are others, and there are %d", n, len(before), len(after))
	})
}

// TestBenchStacks_side_by_side deploys, scales and removes stacks at the same time, after which nothing is left
// of them.
func TestBenchStacks_side_by_side(t *testing.T) {
	s := need(t)
	stacks, services, atOnce := 2, 2, 2
	if benching() {
		stacks, services, atOnce = 40, 5, 8
	}
	// Each check is a process in the container, of some 50 ms: of 200 containers, one a second, they would be five times what two
	// processors do.
	file := composeFile(t, strings.ReplaceAll(farm(services, "1"), "    deploy:", "    healthcheck: {disable: true}\n    deploy:"))
	before := s.leftovers(t)
	name := func(i int) string { return fmt.Sprintf("farm%d", i) }
	t.Cleanup(func() {
		if t.Failed() {
			for i := range stacks {
				s.deploy(name(i), file, "-e", "stack_state=absent")
			}
		}
	})
	for _, step := range []struct {
		what string
		args []string
	}{
		{"deployed", nil}, {"scaled", []string{"-e", `{"stack_scale": {"s0": 2}}`}}, {"removed", []string{"-e", "stack_state=absent"}},
	} {
		if step.what == "scaled" && !benching() {
			continue
		}
		var all sync.WaitGroup
		slots := make(chan struct{}, atOnce)
		took := make([]time.Duration, stacks)
		since := time.Now()
		for i := range stacks {
			all.Go(func() {
				slots <- struct{}{}
				defer func() { <-slots }()
				d, out, err := s.deploy(name(i), file, step.args...)
				if took[i] = d; err != nil {
					t.Errorf("%s is not %s: %v\n%s", name(i), step.what, err, out)
				}
			})
		}
		all.Wait()
		if t.Failed() {
			return
		}
		fmt.Printf("measured: %d stacks of %d services %s, %d at a time, in %s\n", stacks, services, step.what, atOnce, time.Since(since).Round(time.Second/10))
		distribution("each "+step.what, took, "")
	}
	if after := s.leftovers(t); after != before {
		t.Errorf("after they were removed, hosts and store have\n%s\nwant as before\n%s", after, before)
	}
}

// leftovers are what hosts and store have of stacks called farm..., but for files of /run that processes lock: one that
// is removed while another process opens it is locked by both.
func (s *setup) leftovers(t *testing.T) string {
	t.Helper()
	var all []string
	for _, host := range []string{front, back1, back2} {
		all = append(all, host+": "+s.sh(t, host, `docker ps -a --format '{{.Names}}' | grep farm; docker network ls --format '{{.Name}}' | grep farm; docker volume ls -q | grep farm
find /etc/sv /etc/service /etc/rundock /var/lib/rundock /run/rundock -name '*farm*' ! -name '*.lock' 2>/dev/null | sort; true`))
	}
	all = append(all, s.sh(t, front, etcdctl+"get --prefix --keys-only / | grep farm; true"))
	return strings.Join(all, "\n")
}
