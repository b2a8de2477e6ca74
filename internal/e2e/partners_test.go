package e2e

import (
	"strings"
	"testing"

	"rundock/internal/await"
)

// TestModule_partners: a container that lives in the network of another, or
// with its volumes, follows it when that is started again, or replaced.
func TestModule_partners(t *testing.T) {
	s := need(t)
	const image = images + "influxdb:latest"
	host := func() { s.sh(t, back2, "docker run -d --name landlord -v /data "+image) }
	t.Cleanup(func() { s.try(back2, "docker rm -fv landlord") })
	s.sh(t, back2, "docker pull -q "+image)
	host()
	s.remove(t, back2, "lodger", "reader")
	s.install(t, back2, "state=enabled name=lodger image="+image+` args="--network container:landlord -e APP_LISTEN=:7777"`)
	s.install(t, back2, "state=enabled name=reader image="+image+` args="--volumes-from landlord -e APP_LISTEN=:7777"`)

	netns := "readlink /proc/$(docker inspect -f '{{.State.Pid}}' %)/ns/net"
	volume := "docker inspect -f '{{range .Mounts}}{{.Name}}{{end}}' %"
	same := func(script, one, other string) bool {
		a, err := s.try(back2, strings.ReplaceAll(script, "%", one))
		b, _ := s.try(back2, strings.ReplaceAll(script, "%", other))
		return err == nil && a != "" && a == b
	}
	follows := func(name, script, why string) {
		t.Helper()
		await.Empty(t, name+" shares with the landlord that is there now", func() string {
			if !same(script, name, "landlord") {
				return s.sh(t, back2, "rundockd explain "+name+" || true")
			}
			if got := s.runnerSays(t, back2, name, "remade"); got != why {
				return "its runner says " + got
			}
			return ""
		})
	}
	reader := s.id(t, back2, "reader")
	s.sh(t, back2, "docker restart -t 1 landlord")
	follows("lodger", netns, "container landlord, whose network it is in, was started again")
	if got := s.id(t, back2, "reader"); got != reader {
		t.Errorf("the container with volumes of one that was started again was %s, is %s", reader, got)
	}

	s.sh(t, back2, "docker rm -fv landlord")
	await.Empty(t, "explain says that the landlord has gone", func() string {
		out := s.sh(t, back2, "rundockd explain lodger || true")
		if !strings.Contains(out, "goes on, as the wanted one cannot be made: container landlord, whose network it is in, is not there") {
			return heard(out)
		}
		return ""
	})
	s.rundock(t, back2, "state=enabled name=lodger image="+image+` args="--network container:landlord -e APP_LISTEN=:7777"`).
		wantFailure(t, "container landlord, whose network it is in, is not there", "goes on running")
	s.sh(t, back2, "docker kill reader")
	await.Empty(t, "one that has to be started waits for the landlord", func() string {
		if says := s.runnerSays(t, back2, "reader", "phase") + ": " + s.runnerSays(t, back2, "reader", "error"); says != "waiting: container landlord, whose volumes it has, is not there" {
			return "its runner says " + says
		}
		return ""
	})
	host()
	follows("lodger", netns, "container landlord, whose network it is in, is another one now")
	follows("reader", volume, "")

	s.sh(t, back2, "docker rm -fv landlord")
	host()
	follows("reader", volume, "container landlord, whose volumes it has, is another one now")
}
