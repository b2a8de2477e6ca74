package e2e

import (
	"fmt"
	"strings"
	"testing"

	"rundock/internal/await"
)

// TestRollback brings back what was well when its successor is not: with its
// files, and with its image by id though its tag has moved on.
func TestRollback(t *testing.T) {
	s := need(t)
	s.remove(t, back1, "roll")
	tag := func(image string) { s.sh(t, back1, "docker tag "+images+image+" local/app:1") }
	s.sh(t, back1, "docker pull -q "+images+"influxdb:latest; docker pull -q "+images+"never-healthy:latest")
	t.Cleanup(func() { s.try(back1, "docker rmi local/app:1") })
	tag("influxdb:latest")
	good := s.sh(t, back1, "docker image inspect -f '{{.Id}}' local/app:1")
	call := func(state, args string) string {
		return `{"state":"` + state + `","name":"roll","image":"local/app:1","pull":"never","announces":[{"port":8086,"check":{"type":"docker"}}],"wait":"healthy","wait_timeout":8,"rollback":true,"args":"` + args + `"}`
	}
	// What the first install makes of an image that is never well.
	tag("never-healthy:latest")
	r := s.rundock(t, back1, call("enabled", ""))
	r.wantFailure(t, "it was stopped, as there is nothing to roll back to", "unhealthy", "last log lines", "listening on :80")
	if id := s.id(t, back1, "roll"); id != "" || r.Service.Enabled {
		t.Errorf("container %q runs, enabled=%v, after a first install that failed", id, r.Service.Enabled)
	}
	tag("influxdb:latest")
	s.install(t, back1, call("enabled", ""))
	s.resolves(t, back2, "roll", record(back1, "roll"))

	image := func() string { return s.sh(t, back1, "docker inspect -f '{{.Image}}' roll") }
	tag("never-healthy:latest")
	s.sh(t, back1, "docker image prune -f >/dev/null")
	r = s.rundock(t, back1, call("restarted", "-e MARK=2"))
	r.wantFailure(t, "roll", "it was rolled back to the service directory of before and image "+good[:19], "last log lines", "listening on :80")
	if !r.Changed || !r.Service.Running || image() != good {
		t.Errorf("changed=%v running=%v image=%s, want the image of before, %s", r.Changed, r.Service.Running, image(), good)
	}
	s.resolves(t, back2, "roll", record(back1, "roll"))
	s.neverFlapped(t, back1, "roll")
	if got := s.sh(t, back1, "docker inspect -f '{{.Config.Env}}' roll"); strings.Contains(got, "MARK=") {
		t.Errorf("the environment is still %s", got)
	}
	// By id also after a crash, a reboot's worth of forgetting, and a clean-up.
	before := s.id(t, back1, "roll")
	s.sh(t, back1, "docker image prune -f >/dev/null; docker kill roll")
	await.Empty(t, "the container is there again", func() string {
		if id := s.id(t, back1, "roll"); id == "" || id == before {
			return fmt.Sprintf("%q runs", id)
		}
		return ""
	})
	if image() != good {
		t.Errorf("after a crash it runs image %s, want %s", image(), good)
	}

	// Killed before it can roll back: the next call does.
	if err := s.put(back1, s.module(), "/usr/local/bin/module-alone"); err != nil {
		t.Fatal(err)
	}
	bad := strings.Replace(call("enabled", "-e MARK=3"), `"wait_timeout":8`, `"wait_timeout":60`, 1)
	s.sh(t, back1, `cat >/run/args <<'E'
`+bad+`
E
setsid /usr/local/bin/module-alone /run/args >/run/answer 2>&1 & echo $! >/run/module.pid`)
	await.Empty(t, "the wanted container runs", func() string {
		return s.sh(t, back1, "docker inspect -f '{{.State.Running}}{{.Config.Env}}' roll 2>&1 | grep -v '^true.*MARK=3' && cat /run/answer || true")
	})
	s.sh(t, back1, "kill -9 $(cat /run/module.pid); rm /usr/local/bin/module-alone")
	r = s.rundock(t, back1, call("enabled", "-e MARK=3"))
	r.wantFailure(t, "it was rolled back", good[:19])
	if image() != good {
		t.Errorf("it runs image %s, want %s", image(), good)
	}
	// One that crashes again and again, which would be damped as flapping for half a minute.
	crashing := strings.NewReplacer(`"healthy"`, `"announced"`, `"wait_timeout":8`, `"wait_timeout":60`).Replace(call("enabled", "-e APP_EXIT=3"))
	r = s.rundock(t, back1, crashing)
	r.wantFailure(t, "it was rolled back", "exit code 3")
	if strings.Contains(r.Msg, "not well either") {
		t.Errorf("what it was rolled back to is held the crashes against: %s", r.Msg)
	}
	s.neverFlapped(t, back1, "roll")
	tag("influxdb:latest")
	if r := s.install(t, back1, call("enabled", "")); !r.Changed {
		t.Error("the next call, which ends the rollback, says that it changes nothing")
	}
	if r := s.install(t, back1, call("enabled", "")); r.Changed {
		t.Errorf("and again it changes %q", r.Actions)
	}
}

// neverFlapped fails if the sidecar has damped the service.
func (s *setup) neverFlapped(t *testing.T, host, name string) {
	t.Helper()
	if out := s.sh(t, host, "grep flapping /var/log/docker-"+name+"/announce/current || true"); out != "" {
		t.Errorf("what was deployed before is held against it:\n%s", out)
	}
}
