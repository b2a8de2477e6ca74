package e2e

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"rundock/internal/await"
)

// TestFaults breaks each host in its own way at the same time, as the long
// ones mostly wait.
func TestFaults(t *testing.T) {
	s := need(t)
	t.Run("meanwhile", func(t *testing.T) {
		t.Run("a partition of two minutes leaves no ghost and no duplicate", s.partitioned)
		t.Run("Docker and runit die", s.undermined)
	})
	t.Run("etcd is down for a minute and comes back from a backup", s.setBack)
}

// partitioned cuts back1 off while services come, go and stay.
func (s *setup) partitioned(t *testing.T) {
	t.Parallel()
	s.serve(t, back1, "islander")
	s.remove(t, front, "leaver", "comer")
	s.install(t, front, "state=enabled name=leaver "+plain+" wait=announced")
	s.resolves(t, back1, "leaver", record(front, "leaver"))
	container := s.id(t, back1, "islander")

	cut := time.Now()
	if err := s.Partition(back1); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Heal(back1) })
	s.resolves(t, front, "islander", "")
	s.install(t, front, "state=absent name=leaver")
	s.install(t, front, "state=enabled name=comer image="+images+"influxdb:latest announce=8087 port=8086 wait=announced")
	time.Sleep(time.Until(cut.Add(2 * time.Minute))) // longer than all leases and pauses between tries
	if got := s.dig(t, back1, "SRV leaver."+zone); got != record(front, "leaver") {
		t.Errorf("the host cut off answers %q for a service, not what it knew last", got)
	}
	if err := s.Heal(back1); err != nil {
		t.Fatal(err)
	}
	s.awaitFound(t, "islander")
	for _, host := range []string{front, back1, back2} {
		s.resolves(t, host, "comer", "10 100 8087 "+front+".comer."+zone+".")
		s.resolves(t, host, "leaver", "")
	}
	if got := s.keys(t, "islander"); got != "islander/"+back1 {
		t.Errorf("keys in etcd are %q", got)
	}
	if got := s.id(t, back1, "islander"); got != container {
		t.Errorf("container was %s, is %s", container, got)
	}
}

// keys lists what etcd holds of a service, below the zone's key.
func (s *setup) keys(t *testing.T, service string) string {
	t.Helper()
	return s.sh(t, front, etcdctl+"get --prefix --keys-only /skydns/com/example/prod/s/"+service+" | sed -n 's|^/skydns/com/example/prod/s/||p'")
}

// undermined takes from back2 what services stand on.
func (s *setup) undermined(t *testing.T) {
	t.Parallel()
	const name = "sturdy"
	s.serve(t, back2, name)
	alive := func(what string) {
		t.Helper()
		await.Nil(t, what, func() error { _, err := s.try(back2, "docker version"); return err })
	}
	for _, c := range []struct{ claim, fault string }{
		{"dockerd", "p=$(cat /run/docker.pid); kill -9 $p; while kill -0 $p; do sleep 0.1; done 2>/dev/null; service docker start"},
		// dockerd, which starts it again after 15 s, takes checks that it
		// cannot start meanwhile for failed ones.
		{"containerd", "old=$(pgrep -x containerd); kill -9 $old; while ! pgrep -x containerd; do sleep 0.2; done; sleep 2"},
		{"runsvdir", "kill -9 $(pgrep -o -x runsvdir)"},
	} {
		t.Run(c.claim+", killed, takes nothing along", func(t *testing.T) {
			container, runner := s.id(t, back2, name), s.pid(t, back2, name, "runner")
			w := s.watch(t, front, name)
			s.sh(t, back2, c.fault)
			alive("dockerd answers")
			if r := s.install(t, back2, "state=enabled name="+name+" "+plain); r.Changed {
				t.Errorf("the module afterwards: changed by %v", r.Actions)
			}
			w.steady(t)
			if got := s.id(t, back2, name); got != container {
				t.Errorf("container was %s, is %s", container, got)
			}
			if got := s.pid(t, back2, name, "runner"); got != runner {
				t.Errorf("runner was %s, is %s", runner, got)
			}
		})
	}
	// Docker before 23 makes none after its restart, until the runner has paused the container.
	t.Run("health checks go on, without a gap in DNS", func(t *testing.T) {
		w := s.watch(t, front, name)
		checks := func() string {
			return s.sh(t, back2, "docker inspect -f '{{range .State.Health.Log}}{{.End}} {{end}}' "+name)
		}
		before := checks()
		await.Empty(t, "another check is made", func() string {
			if now := checks(); now == before {
				return "they ended at " + now
			}
			return ""
		})
		w.steady(t)
	})
	t.Run("and what was killed still does its work", func(t *testing.T) {
		container := s.id(t, back2, name)
		s.install(t, back2, "state=restarted name="+name+" "+plain)
		s.renewed(t, back2, name, container, record(back2, name))
		s.install(t, back2, "state=disabled name="+name)
		s.resolves(t, front, name, "")
		s.install(t, back2, "state=enabled name="+name+" "+plain)
		s.resolves(t, front, name, record(back2, name))
		await.Equal(t, "one process in each role", onePerRole, func() string { return s.processes(t, back2, name) })
	})

	t.Run("dockerd, restarted without live-restore, has containers started anew", func(t *testing.T) {
		container := s.id(t, back2, name)
		w := s.watch(t, front, name)
		s.withoutLiveRestore(t)
		s.sh(t, back2, "service docker restart")
		alive("dockerd answers")
		w.leaves(t)
		s.renewed(t, back2, name, container, record(back2, name))
	})

	t.Run("a full log disk stops neither the service nor its announcement, and loses no line", s.logDiskFull)
}

// logDiskFull fills the file system that holds a service's log.
func (s *setup) logDiskFull(t *testing.T) {
	const name, dir = "talker", "/var/log/docker-talker"
	s.sh(t, back2, "mkdir "+dir+" && mount -t tmpfs -o size=128k none "+dir)
	s.remove(t, back2, name)
	t.Cleanup(func() {
		s.rundock(t, back2, "state=disabled name="+name)
		s.sh(t, back2, "umount -l "+dir+" && rmdir "+dir)
	})
	s.install(t, back2, "state=enabled name="+name+" image="+images+"influxdb:latest announce=8088 port=8086 wait=announced")
	container := s.id(t, back2, name)
	say := func(text string) { // as line "<text>1"
		s.sh(t, back2, fmt.Sprintf("curl -fsS -m 30 -o /dev/null '%s:8088/log?lines=1&prefix=%s-'", s.Addr(back2), text))
	}
	said := func() string { return s.sh(t, back2, "cat "+dir+"/@* "+dir+"/current 2>/dev/null || true") }

	say("before")
	await.Empty(t, "a line is logged", func() string { return missing(said(), "before") })
	s.try(back2, "dd if=/dev/zero of="+dir+"/fill bs=1k")
	for i := range 20 {
		say(fmt.Sprintf("meanwhile-%02d", i))
	}
	// As many as would take a service that is well for one that is not.
	since := s.sh(t, back2, "date +%s")
	await.Empty(t, "three health checks begin on the full disk", func() string {
		began := s.sh(t, back2, `docker inspect -f '{{range .State.Health.Log}}{{.Start.Unix}}{{"\n"}}{{end}}' `+name+` | awk '$1 > `+since+`' | wc -l`)
		if began < "3" {
			return began + " did"
		}
		return ""
	})
	if got := s.state(t, back2, name); got != "announced" {
		t.Errorf("with its log disk full the service is %s", got)
	}
	s.sh(t, back2, "rm "+dir+"/fill")
	say("after")
	await.Empty(t, "lines of meanwhile are logged with those of after", func() string {
		for i := range 20 {
			if m := missing(said(), fmt.Sprintf("meanwhile-%02d", i)); m != "" {
				return m
			}
		}
		return missing(said(), "after")
	})
	if got := s.id(t, back2, name); got != container {
		t.Errorf("container was %s, is %s", container, got)
	}
}

// missing is "" when text is in log.
func missing(log, text string) string {
	if strings.Contains(log, text) {
		return ""
	}
	return text + " is not in the log"
}

// setBack takes etcd away for a minute, and back to a backup of before.
func (s *setup) setBack(t *testing.T) {
	s.serve(t, back1, "constant")
	s.remove(t, back1, "younger")
	s.sh(t, front, "rm -f /root/backup.db; dnsd store backup --dir /var/lib/dnsd/etcd /root/backup.db")
	s.install(t, back1, "state=enabled name=younger image="+images+"influxdb:latest announce=8087 port=8086 wait=announced")
	younger := "10 100 8087 " + back1 + ".younger." + zone + "."
	s.resolves(t, back2, "younger", younger)

	watchers := []*watcher{s.watch(t, back1, "constant"), s.watch(t, back2, "constant"), s.watch(t, back2, "younger")}
	down := time.Now()
	s.sh(t, front, "sv down dnsd; dnsd store stop --dir /var/lib/dnsd/etcd")
	t.Cleanup(func() { s.try(front, "sv up dnsd") })
	s.sh(t, front, "dnsd store restore --dir /var/lib/dnsd/etcd /root/backup.db")
	time.Sleep(time.Until(down.Add(time.Minute))) // longer than the leases of all records
	s.sh(t, front, "sv up dnsd")
	s.awaitFound(t, "constant")
	for _, host := range []string{front, back1, back2} {
		s.resolves(t, host, "younger", younger)
	}
	for _, w := range watchers[:2] {
		w.steady(t)
	}
	for _, name := range []string{"constant", "younger"} {
		if got := s.keys(t, name); got != name+"/"+back1 {
			t.Errorf("keys in etcd are %q", got)
		}
	}
	s.sh(t, front, "rm -rf /root/backup.db /var/lib/dnsd/etcd/data.before-*")
}
