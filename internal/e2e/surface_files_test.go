package e2e

import (
	"fmt"
	"strings"
	"testing"
)

// TestSurface_files changes what an env file holds: the next call deploys it,
// and none before. Containers of a release that did not note what their files
// held are kept where that is what they hold now.
func TestSurface_files(t *testing.T) {
	s := need(t)
	s.remove(t, back1, "made")
	t.Cleanup(func() { s.sh(t, back1, "rm -f /etc/made.env") })
	write := func(value string) {
		t.Helper()
		s.sh(t, back1, "printf '# a comment\nMADE=%s\n' "+value+" >/etc/made.env")
	}
	const call = "state=enabled name=made image=" + images + "grafana:latest env_file=/etc/made.env"
	has := func(value string) {
		t.Helper()
		if got := s.sh(t, back1, `docker inspect -f '{{range .Config.Env}}{{println .}}{{end}}' made | grep MADE=`); got != "MADE="+value {
			t.Errorf("the container has %q, want MADE=%s", got, value)
		}
	}
	// changes says whether the next call replaces the container, which check
	// mode foretells, and the one after it does not.
	changes := func(want bool) {
		t.Helper()
		before := s.id(t, back1, "made")
		if r := s.rundock(t, back1, call, "--check"); r.Failed || r.Changed != want {
			t.Errorf("check mode: changed=%v, want %v: %s", r.Changed, want, r.Msg)
		}
		r := s.install(t, back1, call)
		if got := fmt.Sprint(r.Actions); r.Changed != want || want && got != "[container replaced]" {
			t.Errorf("changed=%v, want %v: %s", r.Changed, want, got)
		}
		if now := s.id(t, back1, "made"); (now != before) != want {
			t.Errorf("the container was %s and is %s; want another one: %v", before, now, want)
		}
		if r := s.install(t, back1, call); r.Changed {
			t.Errorf("the call after it changes %v", r.Actions)
		}
	}
	write("1")
	s.install(t, back1, call)
	has("1")
	write("2")
	s.sh(t, back1, "rundockd explain made | grep -F '/etc/made.env: changed since the container was made'")
	changes(true)
	has("2")
	changes(false)

	// A container as an older release made it.
	older := func(value string) (id string) {
		t.Helper()
		hash := s.sh(t, back1, `docker inspect -f '{{index .Config.Labels "rundock.spec"}}' made`)
		s.install(t, back1, "state=disabled name=made")
		write(value)
		s.sh(t, back1, "docker run -d --name made --log-driver local --label rundock.service=made --label rundock.addresses= --label rundock.spec="+hash+
			" --env-file /etc/made.env "+images+"grafana:latest")
		return s.id(t, back1, "made")
	}
	id := older("3")
	s.install(t, back1, call)
	if now := s.id(t, back1, "made"); now != id {
		t.Errorf("the container of before was %s and is %s", id, now)
	}
	changes(false)
	write("4")
	changes(true)
	has("4")

	id = older("5")
	write("6")
	s.install(t, back1, call)
	if now := s.id(t, back1, "made"); now != id {
		t.Errorf("the container of before was %s and is %s, though no call has asked for its replacement", id, now)
	}
	changes(true)
	has("6")
}

// TestSurface_volumes runs an image that keeps data, with and without a volume
// for it.
func TestSurface_volumes(t *testing.T) {
	s := need(t)
	s.remove(t, back1, "keeper")
	s.sh(t, back1, "docker create --name keeping "+images+"grafana:latest >/dev/null && docker commit -c 'VOLUME /data' keeping keeping:1 && docker rm keeping")
	t.Cleanup(func() {
		s.remove(t, back1, "keeper")
		s.sh(t, back1, "docker rmi keeping:1; docker volume rm keeper-data || true")
	})
	const call = "state=enabled name=keeper image=keeping:1 pull=never"
	for args, warned := range map[string]bool{"": true, " volumes=keeper-data:/data": false, " volumes=/data": false, " tmpfs=/data": false} {
		if r := s.install(t, back1, call+args); warned != strings.Contains(fmt.Sprint(r.Warnings), "the image keeps data in /data") {
			t.Errorf("%s: warnings are %q; want one of /data: %v", call+args, r.Warnings, warned)
		}
		_, err := s.try(back1, "rundockd explain keeper | grep -F 'the image keeps data in /data'")
		if warned != (err == nil) {
			t.Errorf("%s: explain tells of /data: %v, want %v", call+args, err == nil, warned)
		}
	}
}
