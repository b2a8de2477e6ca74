package e2e

import (
	"fmt"
	"strings"
	"testing"

	"rundock/internal/await"
)

// TestStartFirst replaces a container by one that is started beside it, under load: no request
// fails, whoever is killed meanwhile.
func TestStartFirst(t *testing.T) {
	s := need(t)
	s.remove(t, back1, "first")
	call := func(version, more string) string {
		return fmt.Sprintf("state=enabled name=first order=start-first image=%sinfluxdb:latest announce=8086 announce_as=container stop_timeout=5 drain=10 wait=announced args='-e APP_VERSION=%s%s'", images, version, more)
	}
	if r := s.rundock(t, back1, call("1", " -p 80:80")); !r.Failed || !strings.Contains(r.Msg, "two containers cannot run at once: it publishes port 80:80") {
		t.Errorf("with a port of the host: failed=%v, %s", r.Failed, r.Msg)
	}
	s.install(t, back1, call("1", ""))
	if r := s.install(t, back1, call("1", "")); r.Changed {
		t.Errorf("the same again changes %q", r.Msg)
	}
	s.sh(t, back1, `mkdir -p /run/first && rm -f /run/first/* && cat >/run/first/load <<'end'
while [ ! -e /run/first/end ]; do
  at=$(dig +short +tries=3 +time=10 first.`+zone+` A)
  if got=$(curl -sf -m 60 "http://$at:8086/" -o /dev/null 2>&1); then echo ok; else echo "failed: $at: $(date +%T.%N) $got"; fi
done >/run/first/said
touch /run/first/ended
end
setsid sh /run/first/load >/dev/null 2>&1 &`)
	t.Cleanup(func() { s.try(back1, "touch /run/first/end") })
	w := s.watch(t, back2, "first")

	before := s.id(t, back1, "first")
	r := s.install(t, back1, call("2", ""))
	if now := s.id(t, back1, "first"); now == before || !strings.Contains(r.Msg, "container replaced") {
		t.Errorf("the container is %s, before it was %s: %s", now, before, r.Msg)
	}
	containers := func() string {
		return s.sh(t, back1, "docker ps -a --format '{{.Names}} {{.State}}' | grep ^first | sort")
	}
	await.Equal(t, "the old one goes", "first running", containers)

	before = s.id(t, back1, "first")
	r = s.rundock(t, back1, call("3", " -e APP_SICK=1"))
	if !r.Failed || !strings.Contains(r.Msg, "the previous container goes on running") {
		t.Errorf("one that is never well: failed=%v, %s", r.Failed, r.Msg)
	}
	if now := s.id(t, back1, "first"); now != before {
		t.Errorf("after one that was never well the container is %s, before it was %s", now, before)
	}

	for at, look := range map[string]string{
		"the new one is started": "docker inspect first.new",
		"the old one is to go":   "docker inspect first.old",
	} {
		before = s.id(t, back1, "first")
		version := strings.ReplaceAll(at, " ", "-")
		s.sh(t, back1, `(for i in $(seq 3000); do if `+look+` >/dev/null 2>&1; then kill -9 $(sed -n 's/.*"pid": *\([0-9]*\).*/\1/p' /run/rundock/first/runner.json | head -1); echo killed >/run/first/killed; break; fi; sleep 0.02; done) >/dev/null 2>&1 & true`)
		s.rundock(t, back1, call(version, ""))
		await.Empty(t, "killed when "+at+", the new container has the place, and no other is there", func() string {
			if now, all := s.id(t, back1, "first"), containers(); now == before || all != "first running" {
				return now + "\n" + all
			}
			return ""
		})
		if got := s.sh(t, back1, "cat /run/first/killed; rm -f /run/first/killed; docker inspect -f '{{.Config.Env}}' first"); !strings.Contains(got, "killed") || !strings.Contains(got, version) {
			t.Errorf("killed when %s: %s", at, got)
		}
	}

	s.sh(t, back1, "touch /run/first/end; for i in $(seq 600); do [ ! -e /run/first/ended ] || break; sleep 0.1; done")
	said := s.sh(t, back1, "cat /run/first/said")
	if count := strings.Count(said, "ok"); count < 100 || strings.Contains(said, "failed") {
		t.Errorf("%d requests were answered, and failed: %s", count, s.sh(t, back1, "grep failed /run/first/said | head -20"))
	}
	if w.gone() {
		t.Error("the record was gone for a moment")
	}
	s.install(t, back1, call("last", ""))
	s.absent(t, back1, "first")
	if all := s.sh(t, back1, "docker ps -a --format '{{.Names}}' | grep ^first || true"); all != "" {
		t.Errorf("it was removed while the old container was to go, and there is %s", all)
	}
}
