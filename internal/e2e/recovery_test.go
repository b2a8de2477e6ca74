package e2e

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/miekg/dns"

	"rundock/internal/await"
)

// serve installs a service of the influxdb image, with a HEALTHCHECK, and
// waits until another host finds it.
func (s *setup) serve(t *testing.T, host, name string) {
	t.Helper()
	s.remove(t, host, name)
	s.install(t, host, "state=enabled name="+name+" "+plain)
	s.resolves(t, back2, name, record(host, name))
}

// plain are the arguments of a service that serve installs.
const plain = "image=" + images + "influxdb:latest announce=8086 port=8086"

// record is the SRV answer for a service that serve installed.
func record(host, name string) string {
	return "10 100 8086 " + host + "." + name + "." + zone + "."
}

// watcher asks one host's dnsd for a service's SRV record again and again.
type watcher struct {
	stop context.CancelFunc
	done chan struct{}

	mu       sync.Mutex
	asked    int
	empty    int       // answers without a record
	silent   []string  // questions without an answer, and why
	lastSeen time.Time // when a record was last in an answer
}

// watch runs until the test ends, or summary is called.
func (s *setup) watch(t *testing.T, host, service string) *watcher {
	ctx, stop := context.WithCancel(context.Background())
	w := &watcher{stop: stop, done: make(chan struct{})}
	server := s.Addr(host).String() + ":53"
	go func() {
		defer close(w.done)
		for ctx.Err() == nil {
			records, err := srv(server, service)
			w.note(records, err)
			time.Sleep(2 * time.Millisecond) // how short a gap is seen
		}
	}()
	t.Cleanup(func() { stop(); <-w.done })
	return w
}

func (w *watcher) note(records int, err error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.asked++
	switch {
	case err != nil:
		w.silent = append(w.silent, err.Error())
	case records == 0:
		w.empty++
	default:
		w.lastSeen = time.Now()
	}
}

// gone reports whether an answer was empty yet.
func (w *watcher) gone() bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.empty > 0
}

// steady ends the watch; every answer must have held a record.
func (w *watcher) steady(t *testing.T) {
	t.Helper()
	w.stop()
	<-w.done
	if w.asked == 0 || w.empty > 0 || len(w.silent) > 0 {
		t.Errorf("of %d questions %d had an empty answer and %d none (%s)", w.asked, w.empty, len(w.silent), strings.Join(w.silent, "; "))
	}
}

// srv returns how many SRV records server has for service.
func srv(server, service string) (int, error) {
	m := new(dns.Msg)
	m.SetQuestion(service+"."+zone+".", dns.TypeSRV)
	c := dns.Client{Timeout: 10 * time.Second}
	answer, _, err := c.Exchange(m, server)
	if err != nil {
		return 0, err
	}
	if answer.Rcode != dns.RcodeSuccess && answer.Rcode != dns.RcodeNameError {
		return 0, errors.New(dns.RcodeToString[answer.Rcode])
	}
	return len(answer.Answer), nil
}

// pid is the process in a service's status file: of its runner or announce.
func (s *setup) pid(t *testing.T, host, service, of string) string {
	t.Helper()
	return s.sh(t, host, `sed -n 's/.*"pid":\([0-9]*\).*/\1/p' /run/rundock/`+service+"/"+of+".json")
}

// state is what the service's sidecar says of itself.
func (s *setup) state(t *testing.T, host, service string) string {
	t.Helper()
	return s.sh(t, host, `sed -n 's/.*"state":"\([a-z]*\)".*/\1/p' /run/rundock/`+service+"/announce.json")
}

// sidecarSays waits until the status of the service's sidecar has text in it.
func (s *setup) sidecarSays(t *testing.T, host, service, text string) {
	t.Helper()
	await.Empty(t, "the sidecar of "+service+" says: "+text, func() string {
		if status := s.sh(t, host, "cat /run/rundock/"+service+"/announce.json"); !strings.Contains(status, text) {
			return heard(status)
		}
		return ""
	})
}

// anew waits until the status file is of another process than old, and that
// process lives.
func (s *setup) anew(t *testing.T, host, service, of, old string) {
	t.Helper()
	await.Empty(t, fmt.Sprintf("%s of %s is another process than %s", of, service, old), func() string {
		pid := s.pid(t, host, service, of)
		if pid == "" || pid == old || pid == "0" {
			return "pid " + pid
		}
		if _, err := s.try(host, "kill -0 "+pid); err != nil {
			return "no process " + pid
		}
		return ""
	})
}

// processes counts what runs for service on host: runners, sidecars, and
// runsvdirs below the outer run script.
func (s *setup) processes(t *testing.T, host, service string) string {
	t.Helper()
	count := func(pattern string) string {
		return s.sh(t, host, "pgrep -fc '"+pattern+"' || true")
	}
	nested := s.sh(t, host, `n=0; for p in $(pgrep -x runsvdir); do
		case $(readlink /proc/$p/cwd) in */docker-`+service+`) n=$((n+1)) ;; esac; done; echo $n`)
	return fmt.Sprintf("%s runners, %s sidecars, %s nested runsvdirs",
		count("rundockd [r]un .*/docker-"+service+"/"), count("rundockd [a]nnounce .*/docker-"+service+"/"), nested)
}

const onePerRole = "1 runners, 1 sidecars, 1 nested runsvdirs"

// renewed waits until service runs in another container than old, and is
// found again as want.
func (s *setup) renewed(t *testing.T, host, service, old, want string) {
	t.Helper()
	await.Empty(t, service+" runs in a new container", func() string {
		if now := s.id(t, host, service); now == "" || strings.Fields(now)[0] == strings.Fields(old)[0] {
			return fmt.Sprintf("container %q", now)
		}
		return ""
	})
	s.resolves(t, back2, service, want)
}

// TestRecovery_of_rundocks_own_processes kills each with SIGKILL: the
// container and its announcement stay.
func TestRecovery_of_rundocks_own_processes(t *testing.T) {
	s := need(t)
	const name = "survivor"
	s.serve(t, back1, name)
	run := "/etc/service/docker-" + name

	for _, c := range []struct{ claim, of, kill string }{
		{"a killed runner's successor adopts the container", "runner", ""},
		{"a killed sidecar's successor takes the announcement over", "announce", ""},
		{"a killed outer run script's successor takes everything over", "runner", "kill -9 $(cat " + run + "/supervise/pid)"},
		{"a killed nested runsvdir's successor takes everything over", "runner", "kill -9 $(pgrep -P $(cat " + run + "/supervise/pid) -x runsvdir)"},
	} {
		t.Run(c.claim, func(t *testing.T) {
			container, old := s.id(t, back1, name), s.pid(t, back1, name, c.of)
			w := s.watch(t, back2, name)
			kill := c.kill
			if kill == "" {
				kill = "kill -9 " + old
			}
			s.sh(t, back1, kill)
			s.anew(t, back1, name, c.of, old)
			await.Equal(t, "one process in each role", onePerRole, func() string { return s.processes(t, back1, name) })
			await.Equal(t, "the sidecar says announced", "announced", func() string { return s.state(t, back1, name) })
			w.steady(t)
			if got := s.id(t, back1, name); got != container {
				t.Errorf("container was %s, is %s", container, got)
			}
		})
	}

	t.Run("sv down and up still work", func(t *testing.T) {
		s.sh(t, back1, "sv -w 60 down docker-"+name)
		s.resolves(t, back2, name, "")
		if got := s.id(t, back1, name); got != "" {
			t.Errorf("container %s runs although its service is down", got)
		}
		if got := s.processes(t, back1, name); got != "0 runners, 0 sidecars, 0 nested runsvdirs" {
			t.Errorf("a service that is down has %s", got)
		}
		s.sh(t, back1, "sv -w 60 up docker-"+name)
		s.resolves(t, back2, name, record(back1, name))
		await.Equal(t, "one process in each role afterwards", onePerRole, func() string { return s.processes(t, back1, name) })
	})

	t.Run("the module finds nothing to change", func(t *testing.T) {
		if r := s.install(t, back1, "state=enabled name="+name+" "+plain); r.Changed {
			t.Errorf("changed: %v", r.Actions)
		}
	})
}

// TestRecovery_of_the_container ends it by other hands than rundock's: it
// leaves DNS, and comes back as a new one. Each way has a service of its own,
// as flap damping and back-off would rightly slow a series down.
func TestRecovery_of_the_container(t *testing.T) {
	s := need(t)
	for _, c := range []struct{ claim, name, end string }{
		{"killed process", "crashed", "kill -9 $(docker inspect -f '{{.State.Pid}}' crashed)"},
		{"docker kill", "killed", "docker kill killed"},
		{"docker stop", "halted", "docker stop halted"},
		{"docker rm -f", "dropped", "docker rm -f dropped"},
	} {
		t.Run(c.claim, func(t *testing.T) {
			s.serve(t, back1, c.name)
			container := s.id(t, back1, c.name)
			w := s.watch(t, back2, c.name)
			s.sh(t, back1, c.end)
			w.leaves(t)
			s.renewed(t, back1, c.name, container, record(back1, c.name))
		})
	}
}

// TestRecovery_of_dnsd kills dnsd: with the embedded etcd, and without.
func TestRecovery_of_dnsd(t *testing.T) {
	s := need(t)
	const name = "lookedup"
	s.serve(t, back1, name)
	for _, host := range []string{back2, front} {
		t.Run("dnsd on "+host+" comes back and answers", func(t *testing.T) {
			old := s.sh(t, host, "cat /etc/service/dnsd/supervise/pid")
			s.sh(t, host, "kill -9 "+old)
			await.Empty(t, "runsv starts another dnsd", func() string {
				if now := s.sh(t, host, "cat /etc/service/dnsd/supervise/pid"); now == old || now == "" {
					return "pid " + now
				}
				return ""
			})
			s.resolves(t, host, name, record(back1, name))
		})
	}
	s.awaitFound(t, name)
}

// TestRecovery_of_the_embedded_etcd kills the store itself: answers and
// announcements stay, and it comes back by itself with what it held.
func TestRecovery_of_the_embedded_etcd(t *testing.T) {
	s := need(t)
	const name, store = "stored", "pgrep -f 'dnsd [s]tore run'"
	s.serve(t, back1, name)
	container := s.id(t, back1, name)
	watchers := []*watcher{s.watch(t, front, name), s.watch(t, back2, name)}
	old := s.sh(t, front, store)
	s.sh(t, front, "kill -9 "+old)
	await.Empty(t, "another etcd runs", func() string {
		if now := s.sh(t, front, store+" || true"); now == "" || now == old {
			return "process " + now
		}
		return ""
	})
	s.awaitFound(t, name)
	// What is announced from now on gets through, and what ends is withdrawn.
	s.serve(t, back2, "afterwards")
	s.sh(t, back2, "sv -w 60 down docker-afterwards")
	s.resolves(t, back1, "afterwards", "")
	for _, w := range watchers {
		w.steady(t)
	}
	if got := s.id(t, back1, name); got != container {
		t.Errorf("container was %s, is %s", container, got)
	}
}

// TestRecovery_from_a_pause: connections to a paused container are accepted,
// by the kernel, and never answered.
func TestRecovery_from_a_pause(t *testing.T) {
	s := need(t)
	for name, check := range map[string]string{"frozen": "", "frozentcp": ` args="--no-healthcheck"`} {
		t.Run(name, func(t *testing.T) {
			s.remove(t, back1, name)
			s.install(t, back1, "state=enabled name="+name+" "+plain+check)
			s.resolves(t, back2, name, record(back1, name))
			container := s.id(t, back1, name)
			s.sh(t, back1, "docker pause "+name)
			s.resolves(t, back2, name, "")
			s.sidecarSays(t, back1, name, "the container is paused")
			s.sh(t, back1, "docker unpause "+name)
			s.resolves(t, back2, name, record(back1, name))
			if got := s.id(t, back1, name); got != container {
				t.Errorf("container was %s, is %s", container, got)
			}
		})
	}
}

// awaitFound waits until every host finds service, and its sidecar is content.
func (s *setup) awaitFound(t *testing.T, service string) {
	t.Helper()
	for _, host := range []string{front, back1, back2} {
		await.Empty(t, "dnsd of "+host+" is ready", func() string {
			_, err := s.try(host, "curl -sf http://127.0.0.1:9153/ready")
			if err != nil {
				return err.Error()
			}
			return ""
		})
		s.resolves(t, host, service, record(back1, service))
		await.Equal(t, host+" finds the image registry", s.Addr(front).String(), func() string { return s.dig(t, host, "registry."+zone) })
	}
	await.Equal(t, "the sidecar says announced", "announced", func() string { return s.state(t, back1, service) })
}

// leaves waits until w saw service leave DNS, and returns when it was last found.
func (w *watcher) leaves(t *testing.T) (lastSeen time.Time) {
	t.Helper()
	await.True(t, "the record leaves DNS", w.gone)
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.lastSeen
}

// TestRecovery_from_power_loss of every host but the one with etcd, at once.
func TestRecovery_from_power_loss(t *testing.T) {
	s := need(t)
	names := map[string]string{back1: "powered", back2: "fed"}
	watchers := map[string]*watcher{}
	for host, name := range names {
		s.serve(t, host, name)
		s.resolves(t, front, name, record(host, name))
		watchers[host] = s.watch(t, front, name)
	}
	since := time.Now()
	for host := range names {
		if err := s.Stop(host); err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { s.Start(context.Background(), host) }) // where the test fails before it does
	}
	for host := range names {
		t.Logf("%s without power is found for %s (lease 15 s)", host, watchers[host].leaves(t).Sub(since).Round(time.Millisecond))
	}
	since = time.Now()
	for host := range names {
		if err := s.Start(context.Background(), host); err != nil {
			t.Fatal(err)
		}
	}
	for host, name := range names {
		s.resolves(t, front, name, record(host, name))
		t.Logf("%s booted and found again after %s", host, time.Since(since).Round(time.Millisecond))
		await.Equal(t, "one process in each role afterwards", onePerRole, func() string { return s.processes(t, host, name) })
	}
	s.awaitFound(t, names[back1])
}

// TestRecovery_from_power_loss_of_the_etcd_host: the others answer with what
// they knew last.
func TestRecovery_from_power_loss_of_the_etcd_host(t *testing.T) {
	s := need(t)
	const name = "unaffected"
	s.serve(t, back1, name)
	watchers := []*watcher{s.watch(t, back1, name), s.watch(t, back2, name)}
	if err := s.Stop(front); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Start(context.Background(), front) })
	await.Equal(t, "the sidecar sees that etcd is gone", "unreached", func() string { return s.state(t, back1, name) })
	for _, host := range []string{back1, back2} {
		s.resolves(t, host, name, record(back1, name))
	}
	if err := s.Start(context.Background(), front); err != nil {
		t.Fatal(err)
	}
	s.awaitFound(t, name)
	for _, w := range watchers {
		w.steady(t)
	}
}
