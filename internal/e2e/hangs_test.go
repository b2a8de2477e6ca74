package e2e

import (
	"strings"
	"testing"

	"rundock/internal/await"
)

// freeze stops processes of host, given as a shell writes their pids, until
// thaw or the end of the test. It returns once every thread of them has
// stopped, as kill alone does not: on a busy machine they go on for a while.
func (s *setup) freeze(t *testing.T, host, pids string) (thaw func()) {
	t.Helper()
	thaw = func() { s.sh(t, host, "kill -CONT "+pids) }
	t.Cleanup(thaw)
	s.sh(t, host, `for p in `+pids+`; do
		kill -STOP $p || exit
		while grep -hs ^State: /proc/$p/task/*/status | grep -qv stopped; do sleep 0.01; done
	done`)
	return thaw
}

// TestHangs: what goes on living and does nothing any more holds up neither a
// service nor the truth about it.
func TestHangs(t *testing.T) {
	s := need(t)
	const name = "patient"
	s.serve(t, back1, name)

	t.Run("a logger that takes nothing keeps no service from coming back", func(t *testing.T) {
		container := s.id(t, back1, name)
		logger := s.sh(t, back1, "cat /etc/service/docker-"+name+"/services/service/log/supervise/pid")
		s.freeze(t, back1, logger)
		s.sh(t, back1, s.ask("log?lines=3000&width=200&prefix=full")) // more than a pipe holds
		s.try(back1, s.ask("crash"))
		s.renewed(t, back1, name, container, record(back1, name))
	})

	t.Run("a dockerd that hangs keeps no dead container in DNS", func(t *testing.T) {
		container := s.id(t, back1, name)
		process := s.sh(t, back1, "docker inspect -f '{{.State.Pid}}' "+name)
		thaw := s.freeze(t, back1, "$(cat /run/docker.pid)")
		s.sh(t, back1, "kill -9 "+process)
		s.resolves(t, back2, name, "")
		// It is the kernel that tells of it, and no check.
		if status := s.sh(t, back1, "cat /run/rundock/"+name+"/announce.json"); !strings.Contains(status, "the container's process ended at ") {
			t.Errorf("the sidecar meanwhile: %s", status)
		}
		if r := s.rundock(t, back1, "state=restarted name="+name+" "+plain); !r.Failed || !strings.Contains(r.Msg, "does not answer") {
			t.Errorf("the module meanwhile: failed %v, %s", r.Failed, r.Msg)
		}
		thaw()
		s.renewed(t, back1, name, container, record(back1, name))
	})
}

// TestStop_in_the_middle_of_a_hand_over: whoever is told to stop a moment
// after it was told to leave, or before its successor can listen, leaves no
// container and no record behind.
func TestStop_in_the_middle_of_a_hand_over(t *testing.T) {
	s := need(t)
	t.Run("a runner", func(t *testing.T) {
		const name = "hasty"
		s.remove(t, back1, name)
		s.install(t, back1, "state=enabled name="+name+" image="+images+"influxdb:latest")
		s.hasty(t, name, ".", "0 0.002 0.005 0.01 0.015 0.02 0.03 0.05")
	})
	// Its lease would keep the record for an hour.
	const name = "hastier"
	s.remove(t, back1, name)
	s.install(t, back1, `{"state":"enabled","name":"`+name+`","image":"`+images+`influxdb:latest","wait":"announced","announces":[{"port":8086,"lease":3600}]}`)
	t.Run("a sidecar", func(t *testing.T) {
		sidecar := "cd /etc/service/docker-" + name + "/services/announce; "
		for _, pause := range []string{"0", "0.002", "0.005", "0.01", "0.02", "0.05"} {
			// A second first, or runsv waits before it starts the successor.
			s.sh(t, back1, sidecar+"sleep 1.2; kill -HUP $(cat supervise/pid); sleep "+pause+"; sv -w 60 down . >/dev/null")
			await.Empty(t, "it is withdrawn, told to stop "+pause+" s after HUP", func() string { return s.keys(t, name+"/"+back1) })
			s.sh(t, back1, sidecar+"sv up . >/dev/null")
			await.Empty(t, "it is announced again", func() string {
				if s.keys(t, name+"/"+back1) == "" {
					return "no record"
				}
				return ""
			})
		}
	})
	t.Run("a runner beside a sidecar", func(t *testing.T) {
		s.hasty(t, name, "services/service", "0 0.005 0.02")
	})
}

// hasty stops the runner in a folder of the service's directory that many
// seconds after it was told to hand over, and starts it again.
func (s *setup) hasty(t *testing.T, name, dir, seconds string) {
	t.Helper()
	left := s.sh(t, back1, `cd /etc/service/docker-`+name+`/`+dir+`
		for pause in `+seconds+`; do
			for i in $(seq 300); do [ -z "$(docker ps -q -f name=^`+name+`$)" ] || break; sleep 0.1; done
			sleep 1.2 # or runsv waits before it starts the successor
			kill -HUP $(cat supervise/pid)
			sleep $pause
			sv -w 60 down . >/dev/null
			for i in $(seq 300); do [ -n "$(docker ps -q -f name=^`+name+`$)" ] || break; sleep 0.1; done
			[ $i != 300 ] || echo "left after $pause s"
			sv up . >/dev/null
		done`)
	if left != "" {
		t.Errorf("containers are %s", left)
	}
}

// TestNames: containers that are called like those a service makes on its way
// are somebody else's.
func TestNames_of_containers_on_the_way_may_be_taken(t *testing.T) {
	s := need(t)
	const name = "namesake"
	s.remove(t, back1, name)
	s.install(t, back1, "state=enabled name="+name+" image="+images+"influxdb:latest")
	container := s.id(t, back1, name)
	other := s.sh(t, back1, "docker create --name "+name+".new "+images+"influxdb:latest")
	t.Cleanup(func() { s.sh(t, back1, "docker rm "+other) })
	if r := s.rundock(t, back1, "state=restarted name="+name+" image="+images+"influxdb:latest wait_timeout=20"); !r.Failed || !strings.Contains(r.Msg, name+".new") {
		t.Errorf("the module: failed %v, %s", r.Failed, r.Msg)
	}
	s.sh(t, back1, "docker inspect "+other)
	if got := s.id(t, back1, name); got != container {
		t.Errorf("container was %s, is %s", container, got)
	}
}

// TestNames_renamed: a container that an operator renames is found all the
// same, and is its service's.
func TestNames_renamed(t *testing.T) {
	s := need(t)
	const name, other = "renamed", "renamed-by-hand"
	s.remove(t, back1, name)
	s.install(t, back1, "state=enabled name="+name+" "+plain)
	container := s.id(t, back1, name)
	same := func(t *testing.T) {
		t.Helper()
		await.Equal(t, "it has its name again", container, func() string { return s.id(t, back1, name) })
		if got := s.sh(t, back1, "docker ps -aq -f label=rundock.service="+name); strings.Contains(got, "\n") {
			t.Errorf("there are several:\n%s", got)
		}
	}
	t.Run("it gets its name back", func(t *testing.T) {
		s.sh(t, back1, "docker rename "+name+" "+other)
		same(t)
	})
	t.Run("one that was renamed without a runner is adopted, not made a second time", func(t *testing.T) {
		runner := s.pid(t, back1, name, "runner")
		s.sh(t, back1, "kill -STOP "+runner+"; docker rename "+name+" "+other+"; kill -9 "+runner)
		same(t)
	})
	t.Run("where another has taken the name it goes on, and that is said", func(t *testing.T) {
		runner := s.pid(t, back1, name, "runner")
		thaw := s.freeze(t, back1, runner)
		foreign := s.sh(t, back1, "docker rename "+name+" "+other+"; docker create --name "+name+" "+images+"grafana:latest")
		thaw()
		await.Empty(t, "the runner says it", func() string {
			if got := s.runnerSays(t, back1, name, "error"); !strings.Contains(got, "it is called "+other+" now") {
				return heard(got)
			}
			return ""
		})
		if got := s.id(t, back1, other); got != container {
			t.Errorf("container was %s, is %q", container, got)
		}
		s.sh(t, back1, "docker rm "+foreign)
		same(t)
	})
	t.Run("a runner that is told to stop takes it away, whatever it is called", func(t *testing.T) {
		// sv lets the runner go on, which has TERM before it can see the name.
		s.sh(t, back1, "kill -STOP "+s.pid(t, back1, name, "runner")+"; docker rename "+name+" "+other+"; sv -w 60 down /etc/service/docker-"+name+"/services/service")
		if got := s.sh(t, back1, "docker ps -aq -f label=rundock.service="+name); got != "" {
			t.Errorf("it leaves\n%s", got)
		}
	})
	t.Run("what was made of a commit of it is another's", func(t *testing.T) {
		s.install(t, back1, "state=enabled name="+name+" "+plain)
		copied := s.sh(t, back1, "docker commit "+name+" committed >/dev/null && docker create committed")
		t.Cleanup(func() { s.sh(t, back1, "docker rm "+copied+" && docker rmi committed") })
		s.absent(t, back1, name)
		s.sh(t, back1, "docker inspect "+copied)
	})
}
