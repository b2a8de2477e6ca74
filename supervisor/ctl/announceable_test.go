package ctl

import (
	"fmt"
	"strings"
	"testing"

	"rundock/internal/container"
	"rundock/internal/spec"
	"rundock/supervisor"
)

func TestCheckAnnounced(t *testing.T) {
	docker := &supervisor.Check{Type: "docker"}
	public, inside := supervisor.Announcement{Port: 80, As: "public"}, supervisor.Announcement{Port: 81, As: "container"}
	checked := supervisor.Announcement{Name: "admin", Port: 82, As: "public", Check: docker}
	without, with := container.State{Exists: true}, container.State{Exists: true, Checked: true}
	const internal = "network apps is internal"
	for _, c := range []struct {
		announces   []supervisor.Announcement
		made        container.State
		unpublished string
		want        string // in the error; "": none
	}{
		{[]supervisor.Announcement{public, checked}, with, "", ""},
		{[]supervisor.Announcement{public, checked}, container.State{}, "", ""},
		{[]supervisor.Announcement{public, checked}, without, "", "port 82 would never be announced: its check is of type docker, and image x has no HEALTHCHECK"},
		{[]supervisor.Announcement{inside, public}, with, internal, "port 80 cannot be announced: network apps is internal"},
		{[]supervisor.Announcement{inside}, with, internal, ""},
	} {
		s := supervisor.Service{Container: spec.Container{Image: "x"}, Announce: supervisor.Announce{Announces: c.announces}}
		got := checkAnnounced(s, c.made, c.unpublished)
		if c.want == "" && got != nil || !strings.HasPrefix(fmt.Sprint(got), c.want) && c.want != "" {
			t.Errorf("%+v of %+v: %v, want %q", c.announces, c.made, got, c.want)
		}
	}
}
