package announce

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"testing"
	"time"
)

// A story is lines of "<seconds> <event> => <verdict>". Verdicts are up, or
// the beginning of the reason why not. Events:
//
//	run ID [HEALTH]   the container ID runs; its HEALTHCHECK says HEALTH; ID/NAME is of deployment NAME
//	succeed ID OF     the container ID runs, and has taken the place of OF
//	create ID, exit CODE, remove, dockerd-gone, pause, suspend, unpause
//	dead [ID]         the first process of the container ID, or of the present one, has ended
//	ok, fail          a probe
//	withdraw, resume
//	-                 time passes
type story struct {
	claim string
	gate  gate
	lines string
}

var tcp = gate{hasContainer: true, connects: true, rise: 1, fall: 3}

func TestGate(t *testing.T) {
	alone := gate{connects: true, rise: 1, fall: 3}
	patient := gate{hasContainer: true, connects: true, rise: 3, fall: 2}
	byDocker := gate{hasContainer: true, check: CheckDocker, connects: true, rise: 1, fall: 3}
	udp := gate{hasContainer: true, rise: 1, fall: 3}

	for _, s := range []story{
		{"a first start is announced with the first success, without a penalty", tcp, `
			0    -          => docker has not answered yet
			0    create a   => the container was not started yet
			0    run a      => not checked yet
			0.1  fail       => tcp 172.17.0.2:80: connection refused
			30   fail       => tcp 172.17.0.2:80: connection refused
			30.1 ok         => up`},
		{"an adopted container is announced as soon as it answers", tcp, `
			0    run a      => not checked yet
			0.1  ok         => up`},
		{"failures short of fall change nothing", tcp, `
			0    run a      => not checked yet
			0    ok         => up
			1    fail       => up
			2    fail       => up
			3    ok         => up
			4    fail       => up
			5    fail       => up
			6    fail       => tcp 172.17.0.2:80: connection refused
			7    ok         => up`},
		{"rise successes are needed", patient, `
			0    run a      => not checked yet
			0    ok         => check succeeded 1 of 3 times
			1    ok         => check succeeded 2 of 3 times
			2    fail       => tcp 172.17.0.2:80: connection refused
			3    ok         => check succeeded 1 of 3 times
			4    ok         => check succeeded 2 of 3 times
			5    ok         => up
			6    fail       => up
			7    fail       => tcp 172.17.0.2:80: connection refused`},
		{"the end of the container acts at once", tcp, `
			0    run a      => not checked yet
			0    ok         => up
			5    exit 137   => the container ended with exit code 137 at ` + clock(at(5)) + `
			6    run b      => not checked yet
			6.1  ok         => up`},
		{"another container is another start, also if the end of the first was not seen", tcp, `
			0    run a      => not checked yet
			0    ok         => up
			9    run b      => not checked yet
			9.1  ok         => up
			10   run c      => not checked yet
			10   ok         => up
			11   run d      => not checked yet
			11   ok         => flapping`},
		{"a dockerd that has forgotten how a container is changes nothing", byDocker, `
			0    run a starting  => HEALTHCHECK: starting
			1    run a healthy   => up
			5    dockerd-gone    => up
			6    run a starting  => up
			7    run a unhealthy => HEALTHCHECK: unhealthy
			8    run a starting  => HEALTHCHECK: unhealthy
			9    run b starting  => HEALTHCHECK: starting`},
		{"a removed container is said to be missing", tcp, `
			0    run a      => not checked yet
			0    ok         => up
			5    remove     => the container does not exist`},
		{"a paused container is not announced, though connections to it are accepted", tcp, `
			0    run a      => not checked yet
			0    ok         => up
			5    pause      => the container is paused
			9    ok         => the container is paused
			10   unpause    => not checked yet
			10.1 ok         => up`},
		{"nor is one with HEALTHCHECK, which Docker does not run meanwhile", tcp, `
			0    run a healthy => up
			5    pause         => the container is paused
			10   unpause       => up`},
		{"a container without HEALTHCHECK is never announced by check docker", byDocker, `
			0    run a      => the container has no HEALTHCHECK`},
		{"HEALTHCHECK decides by default where there is one, at once", tcp, `
			0    run a starting   => HEALTHCHECK: starting
			5    run a healthy    => up
			9    run a unhealthy  => HEALTHCHECK: unhealthy: curl: (7) refused
			12   run a healthy    => up`},
		{"a UDP port needs no more than a running container", udp, `
			0    create a   => the container was not started yet
			1    run a      => up
			2    exit 1     => the container ended`},
		{"a service without container is decided by its check", alone, `
			0    -          => not checked yet
			0    ok         => up
			1    fail       => up
			2    fail       => up
			3    fail       => tcp 172.17.0.2:80: connection refused
			4    ok         => up`},
		{"dockerd away changes nothing while the check passes", tcp, `
			0    run a         => not checked yet
			0    ok            => up
			5    dockerd-gone  => up
			6    ok            => up
			7    fail          => up
			8    fail          => up
			9    fail          => tcp 172.17.0.2:80: connection refused`},
		{"dockerd away lets HEALTHCHECK's last word hold unless the port refuses", tcp, `
			0    run a healthy => up
			5    dockerd-gone  => up
			6    fail          => up
			7    fail          => up
			8    run a healthy => up
			20   dockerd-gone  => up
			21   fail          => up
			22   fail          => up
			23   fail          => tcp 172.17.0.2:80: connection refused
			30   run a healthy => up`},
		{"dockerd away at the start is the reason", tcp, `
			0    dockerd-gone  => reach dockerd
			9    run a         => not checked yet
			9    ok            => up`},
		{"a withdrawal on request lasts until another container is well", tcp, `
			0    run a      => not checked yet
			0    ok         => up
			5    withdraw   => withdrawn on request
			6    ok         => withdrawn on request
			7    exit 0     => withdrawn on request
			8    create b   => withdrawn on request
			9    run b      => not checked yet
			9.1  ok         => up`},
		{"one that goes on after its withdrawal is asked how it is", tcp, `
			0    run a      => not checked yet
			0    ok         => up
			5    withdraw   => withdrawn on request
			6    resume     => not checked yet
			6.1  ok         => up`},
		{"also while dockerd is away, and without a penalty", byDocker, `
			0    run a healthy  => up
			1    withdraw       => withdrawn on request
			2    dockerd-gone   => withdrawn on request
			3    resume         => up
			4    withdraw       => withdrawn on request
			5    resume         => up
			6    withdraw       => withdrawn on request
			7    resume         => up
			8    fail           => up
			9    fail           => up
			10   fail           => tcp 172.17.0.2:80: connection refused`},
		{"what has ended does not go on", tcp, `
			0    run a      => not checked yet
			0    ok         => up
			5    withdraw   => withdrawn on request
			6    exit 0     => withdrawn on request
			7    resume     => the container ended with exit code 0 at ` + clock(at(6)) + `
			8    withdraw   => withdrawn on request
			9    run b      => not checked yet
			9.1  ok         => up`},
		{"withdrawals on request are no drops", tcp, `
			0    run a      => not checked yet
			0    ok         => up
			1    withdraw   => withdrawn on request
			1    exit 0     => withdrawn on request
			2    run b      => not checked yet
			2    ok         => up
			3    withdraw   => withdrawn on request
			3    exit 0     => withdrawn on request
			4    run c      => not checked yet
			4    ok         => up
			5    withdraw   => withdrawn on request
			5    exit 0     => withdrawn on request
			6    run d      => not checked yet
			6    ok         => up`},
		{"nor are they if the end of a container with HEALTHCHECK was not seen", tcp, `
			0    run a healthy  => up
			1    withdraw       => withdrawn on request
			2    run b starting => HEALTHCHECK: starting
			2    run b healthy  => up
			3    withdraw       => withdrawn on request
			4    run c starting => HEALTHCHECK: starting
			4    run c healthy  => up
			5    withdraw       => withdrawn on request
			6    run d starting => HEALTHCHECK: starting
			6    run d healthy  => up`},
		{"the third drop in a row holds it down until it has stayed well", tcp, `
			0    run a      => not checked yet
			0    ok         => up
			1    exit 1     => the container ended
			1    run b      => not checked yet
			1    ok         => up
			2    exit 1     => the container ended
			2    run c      => not checked yet
			2    ok         => up
			3    exit 1     => the container ended
			3    run d      => not checked yet
			3    ok         => flapping: announced at
			20   -          => flapping: announced at
			26   -          => up`},
		{"a crash loop is not announced however long it waits between its starts", tcp, `
			0    run a      => not checked yet
			0    ok         => up
			2    exit 1     => the container ended
			60   run b      => not checked yet
			60   ok         => up
			62   exit 1     => the container ended
			120  run c      => not checked yet
			120  ok         => up
			122  exit 1     => the container ended
			180  run d      => not checked yet
			180  ok         => flapping
			182  exit 1     => the container ended
			240  run e      => not checked yet
			240  ok         => flapping
			242  exit 1     => the container ended
			300  run f      => not checked yet
			300  ok         => flapping
			329  -          => flapping
			345  -          => up`},
		{"a container that never got well is looping as well", tcp, `
			0    run a      => not checked yet
			1    exit 1     => the container ended
			2    run b      => not checked yet
			3    exit 1     => the container ended
			4    run c      => not checked yet
			5    exit 1     => the container ended
			6    run d      => not checked yet
			6    ok         => flapping`},
		{"drops far apart are no flapping", tcp, `
			0    run a      => not checked yet
			0    ok         => up
			100  exit 1     => the container ended
			100  run b      => not checked yet
			100  ok         => up
			200  exit 1     => the container ended
			200  run c      => not checked yet
			200  ok         => up
			300  exit 1     => the container ended
			300  run d      => not checked yet
			300  ok         => up`},
		{"another deployment begins without a penalty", tcp, `
			0    run a/bad   => not checked yet
			1    exit 1      => the container ended
			2    run b/bad   => not checked yet
			3    exit 1      => the container ended
			4    run c/bad   => not checked yet
			5    exit 1      => the container ended
			5    remove      => the container does not exist
			6    run d/bad   => not checked yet
			6    ok          => flapping
			7    withdraw    => withdrawn on request
			7    exit 0      => withdrawn on request
			8    create e/ok => withdrawn on request
			8    run e/ok    => not checked yet
			8    ok          => up
			9    exit 1      => the container ended
			9    run f/ok    => not checked yet
			9    ok          => up`},
		{"also where the end of the last one of before was not seen", tcp, `
			0    run a/bad   => not checked yet
			0    ok          => up
			1    run b/bad   => not checked yet
			1    ok          => up
			2    run c/bad   => not checked yet
			2    ok          => up
			3    run d/ok    => not checked yet
			3    ok          => up`},
		{"a deployment is punished for its own crashes, though its container was missing in between", tcp, `
			0    run a/new   => not checked yet
			1    exit 1      => the container ended
			1    remove      => the container does not exist
			2    run b/new   => not checked yet
			3    exit 1      => the container ended
			3    remove      => the container does not exist
			4    run c/new   => not checked yet
			5    exit 1      => the container ended
			5    remove      => the container does not exist
			6    create d/new => the container was not started yet
			6    run d/new   => not checked yet
			6    ok          => flapping`},
		{"the end of its first process acts before docker tells of it, and what docker says of that run is older", tcp, `
			0    run a      => not checked yet
			0    ok         => up
			5    dead       => the container's process ended at ` + clock(at(5)) + `, and docker has not said so yet
			5    run a      => the container's process ended at ` + clock(at(5)) + `
			5    ok         => the container's process ended at
			6    exit 137   => the container ended with exit code 137 at ` + clock(at(6)) + `
			6    dead       => the container ended with exit code 137 at
			7    run b      => not checked yet
			7.1  ok         => up`},
		{"docker decides when it has another run", tcp, `
			0    run a      => not checked yet
			0    ok         => up
			5    dead       => the container's process ended
			6    run b      => not checked yet
			6    ok         => up
			7    dead a     => up`},
		{"it is seen while dockerd is away, too", byDocker, `
			0    run a healthy  => up
			1    dockerd-gone   => up
			2    dead           => the container's process ended
			3    run a healthy  => the container's process ended
			4    dockerd-gone   => the container's process ended
			5    exit 1         => the container ended with exit code 1
			6    run b healthy  => up`},
		{"one that its runner pauses for a moment stays announced, whatever probes say meanwhile", tcp, `
			0    run a      => not checked yet
			1    ok         => up
			5    suspend    => up
			6    fail       => up
			7    fail       => up
			8    fail       => up
			9    unpause    => up
			10   fail       => up
			11   exit 1     => the container ended`},
		{"also by its HEALTHCHECK", byDocker, `
			0    run a healthy => up
			5    suspend       => up
			9    unpause       => up`},
		{"and not where the moment does not end", tcp, `
			0    run a      => not checked yet
			1    ok         => up
			5    suspend    => up
			40   pause      => the container is paused`},
		{"and where it is paused", tcp, `
			0    run a      => not checked yet
			0    ok         => up
			5    pause      => the container is paused
			6    dead       => the container's process ended
			6    exit 137   => the container ended`},
		{"with docker's word it is one drop", tcp, `
			0    run a      => not checked yet
			0    ok         => up
			1    dead       => the container's process ended
			1    run a      => the container's process ended
			1    exit 1     => the container ended
			1    run b      => not checked yet
			1    ok         => up
			2    dead       => the container's process ended
			2    exit 1     => the container ended
			2    run c      => not checked yet
			2    ok         => up
			3    dead       => the container's process ended
			3    run d      => not checked yet
			3    ok         => flapping`},
		{"also of one that never got well", tcp, `
			0    run a      => not checked yet
			1    dead       => the container's process ended
			1    exit 1     => the container ended
			2    run b      => not checked yet
			3    dead       => the container's process ended
			3    exit 1     => the container ended
			4    run c      => not checked yet
			4    ok         => up
			5    dead       => the container's process ended
			6    run d      => not checked yet
			6    ok         => flapping`},
		{"after a withdrawal on request it is none", tcp, `
			0    run a      => not checked yet
			0    ok         => up
			1    withdraw   => withdrawn on request
			1    dead       => withdrawn on request
			1    run a      => withdrawn on request
			1    exit 0     => withdrawn on request
			2    run b      => not checked yet
			2    ok         => up
			3    withdraw   => withdrawn on request
			3    dead       => withdrawn on request
			4    run c      => not checked yet
			4    ok         => up
			5    withdraw   => withdrawn on request
			5    dead       => withdrawn on request
			5    resume     => the container's process ended
			5    exit 0     => the container ended
			6    run d      => not checked yet
			6    ok         => up`},
		{"one that has taken the place of another is as well as that was, however often", tcp, `
			0    run a       => not checked yet
			0    ok          => up
			1    succeed b a => up
			2    succeed c b => up
			3    succeed d c => up
			4    dead c      => up
			5    fail        => up
			6    fail        => up
			7    fail        => tcp 172.17.0.2:80: connection refused`},
		{"but not where that was not well, or it was another's", tcp, `
			0    run a       => not checked yet
			1    succeed b a => not checked yet
			1    ok          => up
			2    succeed c a => not checked yet`},
		{"however often it dropped, a minute of being well is enough", tcp, `
			0    run a      => not checked yet
			` + strings.Repeat("\n1 ok =>\n2 exit 1 =>\n2 run b =>\n3 ok =>\n4 exit 1 =>\n4 run c =>", 50) + `
			5    ok         => flapping
			64   -          => flapping
			66   -          => up`},
	} {
		t.Run(s.claim, func(t *testing.T) { tell(t, s) })
	}
}

func at(seconds float64) time.Time {
	return time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC).Add(time.Duration(seconds * float64(time.Second)))
}

// deploymentOf is NAME of ID/NAME.
func deploymentOf(id string) string {
	_, name, _ := strings.Cut(id, "/")
	return name
}

func tell(t *testing.T, s story) {
	t.Helper()
	g := s.gate
	var current Instance
	runs := map[string]Instance{}
	for _, line := range strings.Split(strings.TrimSpace(s.lines), "\n") {
		before, want, ok := strings.Cut(line, "=>")
		words := strings.Fields(before)
		if len(words) == 0 {
			continue
		}
		seconds, err := strconv.ParseFloat(words[0], 64)
		if err != nil || !ok {
			t.Fatalf("%q is no line of a story", line)
		}
		now := at(seconds)
		want = strings.TrimSpace(want)
		switch words[1] {
		case "pause", "suspend", "unpause":
			current.Paused, current.Suspended = words[1] == "pause", words[1] == "suspend"
			g.containerChanged(now, current)
		case "create":
			current = Instance{Exists: true, ID: words[2], Deployment: deploymentOf(words[2])}
			g.containerChanged(now, current)
		case "run":
			if words[2] != current.ID || !current.Running {
				current = Instance{Exists: true, Running: true, ID: words[2], Deployment: deploymentOf(words[2]), Started: now}
			}
			if len(words) > 3 {
				current.Health = words[3]
				current.HealthLog = "trying\ncurl: (7) refused\n"
				if current.Health != "unhealthy" {
					current.HealthLog = ""
				}
			}
			runs[current.ID] = current
			g.containerChanged(now, current)
		case "succeed":
			current = Instance{Exists: true, Running: true, ID: words[2], Deployment: deploymentOf(words[2]), Started: now, Succeeds: words[3]}
			runs[current.ID] = current
			g.containerChanged(now, current)
		case "dead":
			run := current
			if len(words) > 2 {
				run = runs[words[2]]
			}
			g.processEnded(now, run)
		case "exit":
			current.Running, current.Finished = false, now
			current.ExitCode, _ = strconv.Atoi(words[2])
			g.containerChanged(now, current)
		case "remove":
			current = Instance{}
			g.containerChanged(now, current)
		case "dockerd-gone":
			g.containerChanged(now, Instance{Unreachable: errors.New("reach dockerd at unix:///var/run/docker.sock: connection refused")})
		case "ok":
			g.probed(now, nil)
		case "fail":
			g.probed(now, errors.New("tcp 172.17.0.2:80: connection refused"))
		case "withdraw":
			g.withdraw(now)
		case "resume":
			g.resume(now)
		case "-":
		default:
			t.Fatalf("%q is no event", words[1])
		}
		up, reason, _ := g.verdict(now)
		got := reason
		if up {
			got = "up"
		}
		if want == "up" && got != "up" || !strings.HasPrefix(got, want) {
			t.Fatalf("after %q: %s, want %s", strings.TrimSpace(before), got, want)
		}
	}
}

func TestGate_wakes_up_when_flapping_is_over(t *testing.T) {
	g := tcp
	for i := range 4 {
		g.containerChanged(at(float64(i)), Instance{Exists: true, Running: true, ID: fmt.Sprint(i), Started: at(float64(i))})
		g.probed(at(float64(i)), nil)
		if i < 3 {
			g.containerChanged(at(float64(i)), Instance{Exists: true, ID: fmt.Sprint(i), Started: at(float64(i)), Finished: at(float64(i))})
		}
	}
	up, _, again := g.verdict(at(3))
	if up || again.IsZero() {
		t.Fatalf("verdict = %v, again at %v, want it down and a time", up, again)
	}
	if up, reason, _ := g.verdict(again); !up {
		t.Errorf("at the time it named: %s, want up", reason)
	}
}
