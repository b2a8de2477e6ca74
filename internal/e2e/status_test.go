package e2e

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"rundock/internal/await"
)

// asked is what a command for people printed, and its exit code.
func (s *setup) asked(t *testing.T, host, command string) (out, code string) {
	t.Helper()
	all := s.sh(t, host, command+" 2>&1; echo \"exit $?\"")
	i := strings.LastIndex(all, "exit ")
	return all[:i], all[i+len("exit "):]
}

// says waits until command exits with code and prints all of texts.
func (s *setup) says(t *testing.T, host, command, code string, texts ...string) {
	t.Helper()
	await.Empty(t, command+" says what is so", func() string {
		out, got := s.asked(t, host, command)
		for _, text := range texts {
			if !strings.Contains(out, text) {
				return fmt.Sprintf("it does not say %q:\n%s", text, out)
			}
		}
		if got != code {
			return fmt.Sprintf("it exits with %s, want %s:\n%s", got, code, out)
		}
		return ""
	})
}

// TestStatus asks status, explain and logs about services in many situations.
func TestStatus(t *testing.T) {
	s := need(t)
	s.remove(t, back2, "web", "looper", "sickly", "idle")
	s.install(t, back2, "state=enabled name=web image="+images+"influxdb:latest announce=8086 port=8086 wait=announced")
	s.install(t, back2, "state=enabled name=looper image="+images+"crash:latest wait=none")
	s.install(t, back2, "state=enabled name=sickly image="+images+"never-healthy:latest announce=8090 port=80 wait=none")
	s.install(t, back2, "state=present name=idle image="+images+"grafana:latest")

	t.Run("tells services that are well from others", func(t *testing.T) {
		await.Empty(t, "all are as they are to be", func() string {
			out, _ := s.asked(t, back2, "rundockd status --json")
			var report struct {
				Services []struct {
					Name, Verdict, Problem string
					Runner                 struct{ Crashes int }
				}
			}
			if err := json.Unmarshal([]byte(out), &report); err != nil {
				t.Fatalf("status --json: %v:\n%s", err, out)
			}
			want := map[string]string{"web": "ok ", "idle": "disabled ", "looper": "wrong runner: container ended with exit code 7", "sickly": "wrong container: HEALTHCHECK: unhealthy"}
			for _, service := range report.Services {
				if service.Name == "looper" && service.Runner.Crashes < 6 {
					continue // it is not yet down for long enough to be looked at
				}
				if w, ok := want[service.Name]; ok && strings.HasPrefix(service.Verdict+" "+service.Problem, w) {
					delete(want, service.Name)
				}
			}
			if len(want) > 0 {
				return heard(out)
			}
			return ""
		})
		s.says(t, back2, "rundockd status", "3", "NAME ", "web ", "failed", "unwell")
		s.says(t, back2, "rundockd status docker-web idle", "0", "web.s.prod", "idle ")
		s.says(t, back2, "rundockd status nope", "4", "no service nope on this host; there are: ", "looper")
		s.says(t, back2, "rundockd explain web", "0", "etcd has /skydns/com/example/prod/s/web/node-back-2", "web."+zone+" is ", "Nothing is wrong.")
		s.says(t, back2, "rundockd explain idle", "0", "the service is disabled")
		s.says(t, back2, "rundockd explain looper", "3", "crash leaving with 7", "Wrong: runner: ", "exit code 7", "Next: rundockd logs looper")
		s.says(t, back2, "rundockd explain sickly", "3", "Wrong: container: HEALTHCHECK: unhealthy", "| testapp: unwell")
		s.says(t, back2, "rundockd logs looper -n 5", "0", "crash leaving with 7")
		s.says(t, back2, "rundockd logs looper --json", "0", `"log":"service","line":"rundock: looper ended with exit code 7"`)
		s.says(t, back2, "rundockd logs sickly announce", "0", "state=waiting", "HEALTHCHECK: unhealthy")
		s.says(t, back2, "rundockd logs nope", "4", "no service nope")
	})

	t.Run("says what only root could read", func(t *testing.T) {
		s.says(t, back2, "su nobody -s /bin/sh -c 'rundockd status web'", "1", "running", "not root", "/etc/sv/docker-web/")
		s.says(t, back2, "su nobody -s /bin/sh -c 'rundockd explain web'", "1", "announced for", "Next: run it as root")
		s.says(t, back2, "su nobody -s /bin/sh -c 'rundockd logs web announce'", "1", "permission denied: run it as root")
	})

	t.Run("notices what was done by hand", func(t *testing.T) {
		dir := "/etc/sv/docker-web/services/announce/"
		s.sh(t, back2, "cp -p "+dir+"run /tmp/run.before; echo '# mine' >>"+dir+"run")
		s.says(t, back2, "rundockd explain web", "0", "edited by hand or written by another release: services/announce/run")
		s.sh(t, back2, "mv /tmp/run.before "+dir+"run")

		s.sh(t, back2, "sv -w 60 down docker-web")
		s.says(t, back2, "rundockd status web", "3", "it was stopped by hand, by sv down")
		s.says(t, back2, "rundockd explain web", "3", "Next: sv up docker-web, or state=enabled")
		s.sh(t, back2, "sv up docker-web")
		s.well(t, "web")

		s.sh(t, back2, "docker network disconnect bridge web")
		s.says(t, back2, "rundockd status web", "3", "container: it is not in network bridge, in which its settings have it: it was taken off")
		s.says(t, back2, "rundockd explain web", "3", "Wrong: container: it is not in network bridge", "Next: sv 1 /etc/service/docker-web/services/service,")
		s.sh(t, back2, "sv 1 /etc/service/docker-web/services/service")
		s.well(t, "web")
		const apart = "state=enabled name=apart image=" + images + "influxdb:latest args='--network apart'"
		s.sh(t, back2, "docker network create apart")
		s.install(t, back2, apart)
		s.says(t, back2, "rundockd explain apart", "0", "Nothing is wrong.")
		s.failsUntilMended(t, apart, "docker pause apart", "the container is paused: docker unpause apart")
		s.sh(t, back2, "docker unpause apart")
		s.well(t, "apart")
		s.failsUntilMended(t, apart, "docker network disconnect -f apart apart", "the container was taken off network apart, in which its settings have it: state=restarted")
		s.sh(t, back2, "docker network rm apart")
		s.says(t, back2, "rundockd explain apart", "3", "Wrong: container: it is not in network apart, in which its settings have it: there is no such network. Next: make it as it was made before (docker network create apart)")
		s.remove(t, back2, "apart")
	})

	t.Run("tells of a cut between hosts that both reach etcd", func(t *testing.T) {
		s.remove(t, back1, "web")
		s.install(t, back1, "state=enabled name=web image="+images+"influxdb:latest announce=8086 port=8086 wait=announced")
		s.says(t, back2, "rundockd explain web", "0", "1 other instance of the service, asked from here: all answer", "whether other hosts reach "+s.Addr(back2).String()+" port 8086 is not known here")
		cut := " OUTPUT -d " + s.Addr(back1).String() + " -p tcp --dport 8086 -j DROP"
		s.sh(t, back2, "iptables -I"+cut)
		defer s.sh(t, back2, "iptables -D"+cut)
		s.says(t, back2, "rundockd explain web", "1", "announced, and silent when asked from here: node-back-1 at "+s.Addr(back1).String()+":8086 (no answer within 3s)", "cut off from each other")
		s.says(t, back2, "rundockd status web", "0")
	})

	t.Run("answers while dockerd is silent", func(t *testing.T) {
		s.freeze(t, back2, "$(pidof dockerd)")
		s.says(t, back2, "rundockd status web", "3", "dockerd does not answer within 3s", "running")
		s.says(t, back2, "rundockd explain web", "3", "Wrong: container: dockerd does not answer within 3s. Next: ")
	})
	s.well(t, "web")

	t.Run("answers while etcd is stopped", func(t *testing.T) {
		s.sh(t, front, "sv -w 30 down dnsd; dnsd store stop --dir /var/lib/dnsd/etcd")
		defer s.sh(t, front, "sv up dnsd")
		// While it ends, it resets connections that it has taken.
		await.Empty(t, "connections are refused", func() string {
			if out, _ := s.asked(t, back2, "rundockd status web"); !strings.Contains(out, "connection refused") {
				return heard(out)
			}
			return ""
		})
		s.says(t, back2, "rundockd status web", "3", "the store cannot be asked", "connection refused")
		// The store agent says it as well, once it has noticed.
		s.says(t, back2, "rundockd explain web", "3", "Wrong: ", "connection refused", "sv status dnsd")
	})
	s.well(t, "web")

	t.Run("logs -f ends when the service is removed", func(t *testing.T) {
		s.sh(t, back2, "rundockd logs web -f >/tmp/follow 2>&1 </dev/null & echo $! >/tmp/follow.pid")
		s.install(t, back2, "state=absent name=web")
		await.Empty(t, "it ends", func() string {
			return s.sh(t, back2, "kill -0 $(cat /tmp/follow.pid) 2>/dev/null && echo still follows || true")
		})
		if got := s.sh(t, back2, "cat /tmp/follow; rm /tmp/follow /tmp/follow.pid"); !strings.Contains(got, "listening on") || !strings.Contains(got, "the service was removed") {
			t.Errorf("logs -f printed\n%s", got)
		}
		s.says(t, back2, "rundockd explain web", "4")
		s.says(t, back2, "rundockd logs web", "0", "listening on") // logs outlive their service
	})
}

// well waits until status finds nothing wrong with a service of back2.
func (s *setup) well(t *testing.T, service string) {
	t.Helper()
	await.Empty(t, service+" is well again", func() string {
		if out, code := s.asked(t, back2, "rundockd status "+service); code != "0" {
			return heard(out)
		}
		return ""
	})
}

// failsUntilMended does something to a service on back2 by hand, and waits until a call
// that would change nothing fails and says what was done.
func (s *setup) failsUntilMended(t *testing.T, call, byHand, want string) {
	t.Helper()
	s.sh(t, back2, byHand)
	await.Empty(t, "the module says what "+byHand+" did", func() string {
		if r := s.rundock(t, back2, call); !r.Failed || r.Changed || !strings.Contains(r.Msg, want) {
			return fmt.Sprintf("failed %v, changed %v: %s", r.Failed, r.Changed, r.Msg)
		}
		return ""
	})
}
