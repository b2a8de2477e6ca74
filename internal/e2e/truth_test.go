package e2e

import (
	"strings"
	"testing"

	"rundock/internal/await"
)

// TestModule_says_what_is_so: what a call says it has done is so when it
// returns, whatever has become of the service by other hands.
func TestModule_says_what_is_so(t *testing.T) {
	s := need(t)
	s.leave(t, back1, "onward")
	s.leave(t, back2, "filed", "frozen", "mended", "alien", "wiped")
	together(t,
		claim{"disabled while dockerd is away", s.disabledWithoutDocker},
		claim{"the container is the same after a lost service.json", func(t *testing.T) {
			const call = "state=enabled name=filed " + grafana
			s.install(t, back2, call)
			container := s.id(t, back2, "filed")
			s.sh(t, back2, "rm /etc/sv/docker-filed/service.json")
			s.install(t, back2, call).wantActions(t, "files updated", "runner handed over")
			if got := s.id(t, back2, "filed"); got != container {
				t.Errorf("container was %s, is %s", container, got)
			}
		}},
		claim{"another's container has the name", func(t *testing.T) {
			s.sh(t, back2, "docker create --name alien "+images+"grafana:latest")
			t.Cleanup(func() { s.sh(t, back2, "docker rm alien") })
			for _, flags := range [][]string{{"--check", "--diff"}, {"--diff"}} {
				r := s.rundock(t, back2, "state=enabled name=alien "+grafana, flags...)
				r.wantFailure(t, "a container named alien is there that rundock did not make")
				if r.Changed || len(r.Actions) > 0 || strings.Contains(r.shown, "+++") {
					t.Errorf("%v: changed=%v, actions %q\n%s", flags, r.Changed, r.Actions, r.shown)
				}
			}
		}},
		claim{"announced, where a frozen sidecar has lost the record", func(t *testing.T) {
			const call = `{"state":"enabled","name":"frozen","wait":"announced","image":"` + images + `grafana:latest","announces":[{"port":8150,"container_port":80,"lease":5}]}`
			s.install(t, back2, call)
			s.sh(t, back2, "kill -STOP $(cat /etc/service/docker-frozen/services/announce/supervise/pid)")
			await.Empty(t, "the record goes with its lease", func() string { return s.keys(t, "frozen") })
			s.install(t, back2, call).wantActions(t, "announcer continued")
			if s.keys(t, "frozen") == "" {
				t.Error("it says announced, and etcd has no record")
			}
		}},
		claim{"a deleted service directory costs no container", s.wiped},
		claim{"a back-off is cut short, and the new start judged", s.mendedInBackoff},
	)
}

// disabledWithoutDocker has a container survive its service by live-restore.
func (s *setup) disabledWithoutDocker(t *testing.T) {
	s.install(t, back1, "state=enabled name=onward "+grafana)
	process := s.sh(t, back1, "docker inspect -f '{{.State.Pid}}' onward")
	s.sh(t, back1, "service docker stop")
	docker := func() {
		s.sh(t, back1, "service docker start")
		await.Empty(t, "dockerd answers", func() string {
			if _, err := s.try(back1, "docker version"); err != nil {
				return err.Error()
			}
			return ""
		})
	}
	t.Cleanup(docker)
	r := s.rundock(t, back1, "state=disabled name=onward")
	r.wantFailure(t, "onward is disabled, but it is not known to be stopped", "see that dockerd runs, then call again")
	r.wantActions(t, "disabled")
	s.sh(t, back1, "kill -0 "+process)
	docker()
	if told, err := s.try(back1, "rundockd explain onward | tail -n 1"); err != nil || !strings.Contains(told, "Next: call the module with state=disabled, which stops it") {
		t.Errorf("explain ends with %s, %v", told, err)
	}
	if told, err := s.try(back1, "rundockd status onward; test $? = 3"); err != nil || !strings.Contains(told, " runs although the service is disabled, and nothing stops it before state=disabled is called again") {
		t.Errorf("status says %s, %v", told, err)
	}
	s.install(t, back1, "state=disabled name=onward").wantActions(t, "container removed")
	if got := s.sh(t, back1, running("onward")); got != "" {
		t.Errorf("disabled leaves\n%s", got)
	}
	if r := s.install(t, back1, "state=disabled name=onward"); r.Changed {
		t.Errorf("and again it does %q", r.Actions)
	}
}

// mendedInBackoff has a service crash until its image is mended.
func (s *setup) mendedInBackoff(t *testing.T) {
	tag := func(image string) {
		s.sh(t, back2, "docker pull -q "+images+image+" && docker tag "+images+image+" local/mended:1")
	}
	t.Cleanup(func() { s.try(back2, "docker rmi local/mended:1") })
	const call = "state=enabled name=mended pull=never image=local/mended:1"
	tag("crash:latest")
	s.rundock(t, back2, call).wantFailure(t, "mended: container ended with exit code 7")
	await.Equal(t, "it is in back-off", "backoff", func() string { return s.runnerSays(t, back2, "mended", "phase") })
	// As after twenty crashes: a minute.
	s.sh(t, back2, `sed -i 's/"crashes":[0-9]*/"crashes":20/; s/"next_start":"[^"]*"/"next_start":"2100-01-01T00:00:00Z"/' /run/rundock/mended/runner.json
		until pid=$(cat /etc/service/docker-mended/supervise/pid) && [ "$pid" ]; do sleep 0.05; done; kill -9 $pid`)
	await.Empty(t, "another runner is in back-off", func() string {
		if got := s.runnerSays(t, back2, "mended", "crashes"); got != "20" && got != "21" {
			return got + " crashes"
		}
		return ""
	})
	tag("influxdb:latest")
	r := s.install(t, back2, call)
	if !r.Service.Running {
		t.Errorf("it returned while it does not run: %+v", r)
	}
}

// wiped deletes what a service is made of on its host, under its processes.
func (s *setup) wiped(t *testing.T) {
	const call = "state=enabled name=wiped wait=announced announce=8151 port=80 " + grafana
	s.install(t, back2, call)
	container := s.id(t, back2, "wiped")
	for folder, actions := range map[string][]string{"/etc/sv/docker-wiped": {"installed", "supervised"}, "/run/rundock/wiped": {"runner handed over"}} {
		s.sh(t, back2, "rm -rf "+folder)
		// The sidecar writes its status anew by itself, if it is there before the call.
		if got := s.install(t, back2, call).Actions; !strings.HasPrefix(strings.Join(got, ", "), strings.Join(actions, ", ")) {
			t.Errorf("without %s: actions = %q, want %q", folder, got, actions)
		}
		if got := s.id(t, back2, "wiped"); got != container {
			t.Errorf("without %s: container was %s, is %s", folder, container, got)
		}
		if got := s.processes(t, back2, "wiped"); got != onePerRole {
			t.Errorf("without %s: there are %s", folder, got)
		}
		s.resolves(t, front, "wiped", "10 100 8151 node-back-2.wiped."+zone+".")
	}
	s.sh(t, back2, "rm -rf /etc/sv/docker-wiped")
	s.install(t, back2, "state=absent name=wiped")
	if got := s.remains(t, back2, "wiped"); got != "" {
		t.Errorf("absent leaves\n%s", got)
	}
}
