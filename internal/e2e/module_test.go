package e2e

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"rundock/internal/await"
)

// What modules/rundock/README.md promises, against real hosts. That a service
// survives its container's end by other hands, and a restart of dockerd
// without a change, is in recovery_test.go; what is refused, in badinput_test.go.

const (
	grafana      = "image=" + images + "grafana:latest"
	neverHealthy = "image=" + images + "never-healthy:latest"
	crash        = "image=" + images + "crash:latest"
)

// claim is a subtest.
type claim struct {
	name string
	test func(t *testing.T)
}

// together runs claims at once: most of their time is spent waiting.
func together(t *testing.T, claims ...claim) {
	var all sync.WaitGroup
	for _, c := range claims {
		all.Go(func() { t.Run(c.name, c.test) })
	}
	all.Wait()
}

// leave is remove that looks for what is left.
func (s *setup) leave(t *testing.T, host string, names ...string) {
	t.Cleanup(func() {
		s.absent(t, host, names...)
		if got := s.remains(t, host, names...); got != "" {
			t.Errorf("absent leaves on %s:\n%s", host, got)
		}
	})
}

// module is the module's binary for the hosts of the lab.
func (s *setup) module() string {
	return filepath.Join(s.checkout, "bin/linux_"+runtime.GOARCH, "rundock")
}

// put copies a program to a host.
func (s *setup) put(host, from, to string) error {
	data, err := os.ReadFile(from)
	if err != nil {
		return err
	}
	cmd, err := s.Command(context.Background(), host, "sh", "-c", "cat > "+to+" && chmod 0755 "+to)
	if err != nil {
		return err
	}
	cmd.Stdin = strings.NewReader(string(data))
	return cmd.Run()
}

// remains lists what there is of services: folders, links, containers,
// processes. Logs, and the lock of a module's call, are not of it.
func (s *setup) remains(t *testing.T, host string, names ...string) string {
	t.Helper()
	var script strings.Builder
	for _, n := range names {
		fmt.Fprintf(&script, "ls -d /etc/sv/docker-%[1]s /etc/sv/.docker-%[1]s* /etc/service/docker-%[1]s /run/rundock/%[1]s /var/lib/rundock/%[1]s 2>/dev/null\n", n)
		fmt.Fprintf(&script, "%s\n", running(n))
	}
	return s.sh(t, host, script.String()+"true")
}

// running is a script that lists containers and processes of a service.
func running(name string) string {
	return fmt.Sprintf(`docker ps -a --format '{{.Names}} {{.Status}}' -f label=rundock.service=%[1]s; pgrep -fa '[d]ocker-%[1]s(/|$)' || true`, name)
}

// applied makes args so, in the pattern check, run, check again, run again: the
// first two say the same, the others that nothing is to do.
func (s *setup) applied(t *testing.T, host, args string) result {
	t.Helper()
	planned := s.rundock(t, host, args, "--check", "--diff")
	done := s.rundock(t, host, args, "--diff")
	if planned.Failed || done.Failed {
		t.Fatalf("%s: check: %s; run: %s", args, planned.Msg, done.Msg)
	}
	if !done.Changed || !planned.Changed || planned.shown != done.shown || planned.Msg != done.Msg || !slices.Equal(planned.Actions, done.Actions) {
		t.Errorf("%s:\ncheck says changed=%v %s\n%s\nrun says changed=%v %s\n%s", args, planned.Changed, planned.Msg, planned.shown, done.Changed, done.Msg, done.shown)
	}
	if !strings.Contains(done.shown, "+++ after") {
		t.Errorf("%s shows no diff: %s", args, done.shown)
	}
	for _, flags := range [][]string{{"--check", "--diff"}, {"--diff"}} {
		if r := s.rundock(t, host, args, flags...); r.Failed || r.Changed || strings.Contains(r.shown, "+++ after") {
			t.Errorf("%s again with %v: changed=%v: %s\n%s", args, flags, r.Changed, r.Msg, r.shown)
		}
	}
	return done
}

// wantActions fails unless a call has done exactly this.
func (r result) wantActions(t *testing.T, want ...string) {
	t.Helper()
	if !slices.Equal(r.Actions, want) {
		t.Errorf("actions = %q, want %q", r.Actions, want)
	}
}

// wantFailure fails unless a call failed with all of these words.
func (r result) wantFailure(t *testing.T, words ...string) {
	t.Helper()
	for _, w := range words {
		if !r.Failed || !strings.Contains(r.Msg, w) {
			t.Errorf("failed=%v with\n     %s\nwant %s", r.Failed, r.Msg, w)
		}
	}
}

// runnerSays reads one field of a runner's status.
func (s *setup) runnerSays(t *testing.T, host, service, field string) string {
	t.Helper()
	var status map[string]any
	text := s.sh(t, host, "cat /run/rundock/"+service+"/runner.json")
	if err := json.Unmarshal([]byte(text), &status); err != nil {
		t.Fatalf("status of %s: %v: %s", service, err, text)
	}
	if status[field] == nil {
		return ""
	}
	return fmt.Sprint(status[field])
}

// TestModule_pull has the image registry stopped, then deaf.
func TestModule_pull(t *testing.T) {
	s := need(t)
	const absent = images + "influxdb:absent"
	s.leave(t, back1, "asks", "asks-not", "asks-never")
	s.sh(t, back1, "docker pull -q "+images+"grafana:latest")

	t.Cleanup(func() {
		s.sh(t, front, "sv up registry")
		s.registryAnswers(t)
	})
	s.sh(t, front, "sv -w 60 down registry")
	together(t,
		claim{"always warns, and runs the image that is there", func(t *testing.T) {
			r := s.install(t, back1, "state=enabled name=asks "+grafana)
			if len(r.Warnings) != 1 || !strings.Contains(r.Warnings[0], "pull image "+images+"grafana:latest: ") || !r.Service.Running {
				t.Errorf("running=%v with warnings %q, want one that names the image", r.Service.Running, r.Warnings)
			}
		}},
		claim{"missing does not ask", func(t *testing.T) {
			if r := s.install(t, back1, "state=enabled name=asks-not pull=missing "+grafana); len(r.Warnings) > 0 || !r.Service.Running {
				t.Errorf("running=%v with warnings %q", r.Service.Running, r.Warnings)
			}
		}},
		claim{"never refuses an image that is not there", func(t *testing.T) {
			r := s.rundock(t, back1, "state=enabled name=asks-never pull=never image="+absent)
			r.wantFailure(t, absent, "never")
			if got := s.remains(t, back1, "asks-never"); got != "" || r.Changed {
				t.Errorf("changed=%v, and there is\n%s", r.Changed, got)
			}
		}},
	)

	s.sh(t, front, "sv up registry")
	s.registryAnswers(t)
	t.Run("disabled ends a pull that hangs", func(t *testing.T) {
		s.freeze(t, front, "$(cat /etc/service/registry/supervise/pid)")
		s.sh(t, back1, "docker rm -f asks")
		await.Equal(t, "the runner pulls", "pulling", func() string { return s.runnerSays(t, back1, "asks", "phase") })
		if r := s.install(t, back1, "state=disabled name=asks"); len(r.Warnings) > 0 {
			t.Errorf("disabled warns: %q", r.Warnings)
		}
		// A pull that had failed would have left a warning.
		if phase, warning := s.runnerSays(t, back1, "asks", "phase"), s.runnerSays(t, back1, "asks", "warning"); phase != "stopped" || warning != "" {
			t.Errorf("the runner left in phase %q with warning %q, want it stopped while it pulled", phase, warning)
		}
		if got := s.sh(t, back1, running("asks")); got != "" {
			t.Errorf("disabled leaves\n%s", got)
		}
	})
}

// registryAnswers waits until images can be pulled everywhere.
func (s *setup) registryAnswers(t *testing.T) {
	t.Helper()
	for _, host := range []string{front, back1, back2} {
		await.Empty(t, "the image registry answers "+host, func() string {
			// Without certificates it answers; with them docker-registry asks who is calling.
			ask := func(curl string) string {
				status, _ := s.try(host, "curl -s -m 5 -o /dev/null -w '%{http_code}' "+curl+images+"v2/")
				return status
			}
			if plain, certified := ask("http://"), ask("--cacert /etc/rundock/pki/ca.crt https://"); plain != "200" && certified != "401" {
				return "status " + plain + ", by TLS " + certified
			}
			return ""
		})
	}
}

// TestModule_wait is when a call returns, and what it says of a service that
// does not come up.
func TestModule_wait(t *testing.T) {
	s := need(t)
	s.leave(t, back1, "well", "sickly", "unfound")
	s.leave(t, back2, "found", "crashy", "unchecked")
	together(t,
		claim{"healthy returns when the container is", func(t *testing.T) {
			const call = "state=enabled name=well wait=healthy image=" + images + "influxdb:latest"
			health := func() string { return s.sh(t, back1, "docker inspect -f '{{.State.Health.Status}}' well") }
			s.install(t, back1, call)
			if got := health(); got != "healthy" {
				t.Errorf("it returned while the container is %s", got)
			}
			s.sh(t, back1, "sv -w 60 down docker-well")
			if got := s.sh(t, back1, running("well")); strings.Contains(got, "Up") {
				t.Fatalf("down, there is %s", got)
			}
			s.install(t, back1, call).wantActions(t, "runner started")
			if got := health(); got != "healthy" {
				t.Errorf("after sv down, it returned while the container is %s", got)
			}
		}},
		claim{"healthy says so where there is no HEALTHCHECK", func(t *testing.T) {
			r := s.install(t, back2, "state=enabled name=unchecked wait=healthy "+grafana)
			if len(r.Warnings) != 1 || !strings.Contains(r.Warnings[0], "it has no HEALTHCHECK, so that healthy is only that it runs") {
				t.Errorf("warnings are %q, want one that it has none", r.Warnings)
			}
		}},
		claim{"announced returns when it is in DNS", func(t *testing.T) {
			r := s.install(t, back2, "state=enabled name=found wait=announced announce=8110 port=80 "+grafana)
			if !r.Service.Announced {
				t.Error("it returned before")
			}
			s.resolves(t, front, "found", "10 100 8110 node-back-2.found."+zone+".")
		}},
		claim{"healthy says why a container is not", func(t *testing.T) {
			// Once Docker has given it up, no waiting helps.
			r := s.rundock(t, back1, "state=enabled name=sickly wait=healthy wait_timeout=600 "+neverHealthy)
			r.wantFailure(t, "sickly: container is unhealthy: ", "unwell", "its last log lines:")
			r.wantEnd(t, "\nnever-healthy listening on :80")
		}},
		claim{"announced says why a service is not", func(t *testing.T) {
			// Its sidecar goes by what Docker has given up, too.
			r := s.rundock(t, back1, "state=enabled name=unfound wait=announced wait_timeout=600 announce=8111 port=80 "+neverHealthy)
			r.wantFailure(t, "unfound: it is not announced: container is unhealthy: ", "unwell", "its last log lines:")
			r.wantEnd(t, "\nnever-healthy listening on :80")
		}},
		claim{"a container that crashes is told with its exit code", func(t *testing.T) {
			r := s.rundock(t, back2, "state=enabled name=crashy "+crash)
			r.wantFailure(t, "crashy: container ended with exit code 7", "its last log lines:")
			r.wantEnd(t, "\ncrash leaving with 7")
			s.endsInBackoff(t, back2, "crashy", func() {
				r := s.rundock(t, back2, "state=enabled name=crashy "+crash)
				r.wantFailure(t, "crashy: container ended with exit code 7", "its last log lines:")
				r.wantEnd(t, "\ncrash leaving with 7")
				if r.Changed {
					t.Errorf("the same call again changes %q", r.Actions)
				}
			})
		}},
	)
}

// wantEnd fails unless a failure's message ends with these words.
func (r result) wantEnd(t *testing.T, words string) {
	t.Helper()
	if !strings.HasSuffix(r.Msg, words) {
		t.Errorf("the message\n     %s\ndoes not end with %s", r.Msg, words)
	}
}

// endsInBackoff disables a crashing service while its runner waits for the
// next start, the longest time there is. Before that it calls meanwhile.
func (s *setup) endsInBackoff(t *testing.T, host, name string, meanwhile func()) {
	t.Helper()
	status := "/run/rundock/" + name + "/runner.json"
	// The next runner takes over what the last one said of the crashes.
	s.sh(t, host, "until grep -q '\"phase\":\"backoff\"' "+status+"; do sleep 0.05; done; "+
		"kill -9 $(sed 's/.*\"pid\":\\([0-9]*\\).*/\\1/' "+status+"); sed -i 's/\"crashes\":[0-9]*/\"crashes\":20/' "+status)
	await.Empty(t, "the back-off is long", func() string {
		crashes, _ := strconv.Atoi(s.runnerSays(t, host, name, "crashes"))
		if phase := s.runnerSays(t, host, name, "phase"); crashes <= 20 || phase != "backoff" {
			return fmt.Sprintf("phase %s, %d crashes", phase, crashes)
		}
		return ""
	})
	next, err := time.Parse(time.RFC3339Nano, s.runnerSays(t, host, name, "next_start"))
	if err != nil {
		t.Fatal(err)
	}
	meanwhile()
	r := s.install(t, host, "state=disabled name="+name)
	if len(r.Warnings) > 0 {
		t.Errorf("disabled warns: %q", r.Warnings)
	}
	if now := time.Now(); !now.Before(next) {
		t.Errorf("disabled in back-off ended at %s, after the next start at %s", now, next)
	}
	if got := s.sh(t, host, running(name)); got != "" {
		t.Errorf("disabled in back-off leaves\n%s", got)
	}
}

// TestModule_change is what a call costs the container.
func TestModule_change(t *testing.T) {
	s := need(t)
	s.leave(t, back1, "parts", "shelved", "shape")
	s.leave(t, back2, "moving", "snakeless")
	together(t,
		claim{"only what changed restarts", func(t *testing.T) {
			const args = ` args="-p $PRIVATE_IP:8120:8083 -p $PRIVATE_IP:8121:8086 -e A=%d"`
			call := func(announce, port, env int) string {
				return fmt.Sprintf("state=enabled name=parts wait=announced image="+images+"influxdb:latest announce=%d port=%d"+args, announce, port, env)
			}
			s.applied(t, back1, call(8120, 8083, 1)).wantActions(t, "installed", "enabled")
			container, runner, sidecar := s.id(t, back1, "parts"), s.pid(t, back1, "parts", "runner"), s.pid(t, back1, "parts", "announce")

			s.applied(t, back1, call(8121, 8086, 1)).wantActions(t, "files updated", "announcer handed over")
			if now := s.id(t, back1, "parts"); now != container {
				t.Errorf("another announcement: container was %s, is %s", container, now)
			}
			if now := s.pid(t, back1, "parts", "runner"); now != runner {
				t.Errorf("another announcement: runner was %s, is %s", runner, now)
			}
			if now := s.pid(t, back1, "parts", "announce"); now == sidecar {
				t.Errorf("another announcement: sidecar is still %s", now)
			}
			s.resolves(t, front, "parts", "10 100 8121 node-back-1.parts."+zone+".")

			sidecar = s.pid(t, back1, "parts", "announce")
			s.applied(t, back1, call(8121, 8086, 2)).wantActions(t, "files updated", "container replaced")
			if now := s.id(t, back1, "parts"); now == "" || now == container {
				t.Errorf("another environment: container was %s, is %s", container, now)
			}
			if now := s.pid(t, back1, "parts", "announce"); now != sidecar {
				t.Errorf("another environment: sidecar was %s, is %s", sidecar, now)
			}
		}},
		claim{"a sidecar comes and goes beside the same container", func(t *testing.T) {
			const flat = "state=enabled name=shape " + grafana + ` args="-p $PRIVATE_IP:8122:80"`
			s.install(t, back1, flat)
			container := s.id(t, back1, "shape")
			for _, c := range []struct{ call, found string }{
				{flat + " announce=8122 port=80 wait=announced", "10 100 8122 node-back-1.shape." + zone + "."},
				{flat, ""},
			} {
				s.install(t, back1, c.call).wantActions(t, "files updated", "supervision exchanged")
				s.resolves(t, front, "shape", c.found)
				if now := s.id(t, back1, "shape"); now != container {
					t.Errorf("%s: container was %s, is %s", c.call, container, now)
				}
			}
		}},
		claim{"restarted deploys a new image under an old tag", func(t *testing.T) {
			const call = "name=moving image=" + images + "moving:1"
			push := func(of string) {
				s.sh(t, front, "docker tag "+images+"influxdb:"+of+" "+images+"moving:1 && docker push -q "+images+"moving:1")
			}
			runs := func() string {
				return s.sh(t, back2, `docker inspect -f '{{index .Config.Labels "rundock.test"}}' moving`)
			}
			push("latest")
			s.install(t, back2, "state=enabled "+call)
			push("2")
			if r := s.install(t, back2, "state=enabled "+call); r.Changed || runs() != "influxdb:latest" {
				t.Errorf("enabled: changed=%v, and %s runs", r.Changed, runs())
			}
			if r := s.install(t, back2, "state=restarted "+call); !r.Changed || runs() != "influxdb:2" {
				t.Errorf("restarted: changed=%v, and %s runs", r.Changed, runs())
			}
		}},
		claim{"present only writes where the service is disabled", func(t *testing.T) {
			const call = "state=present name=shelved " + grafana
			s.install(t, back1, call).wantActions(t, "installed")
			r := s.install(t, back1, call+" args='-e A=1'")
			r.wantActions(t, "files updated")
			if r.Service.Enabled || s.sh(t, back1, running("shelved")) != "" {
				t.Errorf("enabled=%v, and there is %s", r.Service.Enabled, s.sh(t, back1, running("shelved")))
			}
		}},
		claim{"a host needs no Python", func(t *testing.T) {
			s.sh(t, back2, "mv /usr/bin/python3.11 /usr/bin/away.python3.11")
			t.Cleanup(func() { s.sh(t, back2, "mv /usr/bin/away.python3.11 /usr/bin/python3.11") })
			if out, err := s.try(back2, "python3 -c 1"); err == nil {
				t.Fatalf("the host still has Python: %s", out)
			}
			s.applied(t, back2, "state=enabled name=snakeless "+grafana)
			if r := s.install(t, back2, "state=absent name=snakeless"); !r.Changed || s.remains(t, back2, "snakeless") != "" {
				t.Errorf("absent: changed=%v, and there is %s", r.Changed, s.remains(t, back2, "snakeless"))
			}
		}},
	)
}

func TestModule_two_calls_at_once(t *testing.T) {
	s := need(t)
	s.leave(t, back1, "twice", "left", "right")
	results := make(map[string]result)
	var mu sync.Mutex
	var all sync.WaitGroup
	for key, args := range map[string]string{
		"twice 1": "name=twice",
		"twice 2": "name=twice",
		"left":    "name=left args='-p $PRIVATE_IP:8130:80'",
		"right":   "name=right args='-p $PRIVATE_IP:8130:80'",
	} {
		all.Go(func() {
			r := s.rundock(t, back1, "state=enabled "+grafana+" "+args)
			mu.Lock()
			defer mu.Unlock()
			results[key] = r
		})
	}
	all.Wait()
	if a, b := results["twice 1"], results["twice 2"]; a.Failed || b.Failed || a.Changed == b.Changed {
		t.Errorf("for one service: changed=%v %s; changed=%v %s; want that one of them changes", a.Changed, a.Msg, b.Changed, b.Msg)
	}
	winner, loser := "left", "right"
	if results["left"].Failed {
		winner, loser = loser, winner
	}
	if results[winner].Failed || s.id(t, back1, winner) == "" {
		t.Errorf("for two services on a port: %s: %s", winner, results[winner].Msg)
	}
	results[loser].wantFailure(t, ":8130/tcp", winner)
	if got := s.remains(t, back1, loser); got != "" || results[loser].Changed {
		t.Errorf("the service that was refused: changed=%v, and there is\n%s", results[loser].Changed, got)
	}
}

func TestModule_ports_belong_to_a_service(t *testing.T) {
	s := need(t)
	s.leave(t, back1, "tenant", "successor", "squatter")
	call := func(tenant, successor int) string {
		one := func(name string, port int) string {
			return fmt.Sprintf(`{"name":"%s","image":"%sgrafana:latest","published_ports":["$PRIVATE_IP:%d:80"]}`, name, images, port)
		}
		return `{"state":"enabled","services":[` + one("successor", successor) + `,` + one("tenant", tenant) + `]}`
	}
	s.install(t, back1, call(8140, 8141))
	t.Run("which can leave it to another in the same call", func(t *testing.T) {
		s.install(t, back1, call(8142, 8140))
		if got := s.sh(t, back1, "docker port successor"); !strings.HasSuffix(got, ":8140") {
			t.Errorf("successor has %q", got)
		}
	})
	t.Run("also while its container does not run", func(t *testing.T) {
		s.sh(t, back1, "sv -w 60 down docker-successor")
		r := s.rundock(t, back1, "state=enabled name=squatter "+grafana+" args='-p $PRIVATE_IP:8140:80'")
		r.wantFailure(t, ":8140/tcp is service successor's")
		if got := s.remains(t, back1, "squatter"); got != "" || r.Changed {
			t.Errorf("changed=%v, and there is\n%s", r.Changed, got)
		}
	})
}
