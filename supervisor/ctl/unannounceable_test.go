package ctl

import (
	"testing"

	"rundock/internal/container"
	"rundock/supervisor"
)

// TestHopeless is when a wait for the announcement gives up, by what dockerd
// says of the container and by what decides the announcement.
func TestHopeless(t *testing.T) {
	by := func(types ...string) (all []supervisor.Announcement) {
		for _, kind := range types {
			a := supervisor.Announcement{Port: 80}
			if kind != "default" {
				a.Check = &supervisor.Check{Type: kind}
			}
			all = append(all, a)
		}
		return all
	}
	up := container.State{Exists: true, Running: true}
	is := func(health string) container.State {
		s := up
		s.Health, s.HealthLog = health, "refused\n"
		return s
	}
	unchecked, ended := is("unhealthy"), is("unhealthy")
	unchecked.Unchecked, ended.Running = true, false
	paused, mute := is("unhealthy"), is("unhealthy")
	paused.Paused, mute.HealthLog = true, ""
	for _, c := range []struct {
		claim     string
		state     container.State
		announces []supervisor.Announcement
		want      string // "": it is waited on
	}{
		{"Docker has given it up", is("unhealthy"), by("default"), "it is not announced: container is unhealthy: refused"},
		{"also where the check is named", is("unhealthy"), by("docker"), "it is not announced: container is unhealthy: refused"},
		{"one port that goes by it is enough", is("unhealthy"), by("http", "default"), "it is not announced: container is unhealthy: refused"},
		{"a check of its own does not ask Docker", is("unhealthy"), by("tcp"), ""},
		{"it may become healthy yet", is("starting"), by("default"), ""},
		{"it is healthy, and the sidecar is about to see it", is("healthy"), by("default"), ""},
		{"it has no HEALTHCHECK, and need not", up, by("default"), ""},
		{"it has none, and its check is that", up, by("default", "docker"), "it is not announced: its check is of type docker, and the container has no HEALTHCHECK"},
		{"Docker could not check it", unchecked, by("default"), ""},
		{"it is paused, and so fails its checks, and may go on", paused, by("default"), ""},
		{"its check has printed nothing", mute, by("default"), "it is not announced: container is unhealthy"},
		{"it has ended, and the next one may be healthy", ended, by("default"), ""},
	} {
		t.Run(c.claim, func(t *testing.T) {
			got := ""
			if err := hopeless(c.state, c.announces); err != nil {
				got = err.Error()
			}
			if got != c.want {
				t.Errorf("hopeless says %q, want %q", got, c.want)
			}
		})
	}
}
