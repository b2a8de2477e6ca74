package e2e

import (
	"fmt"
	"strings"
	"testing"
)

// TestServices_adopt takes over a container that docker run made: where it is
// as it is asked for, and nowhere else.
func TestServices_adopt(t *testing.T) {
	s := need(t)
	s.remove(t, back1, "adoptee")
	t.Cleanup(func() {
		s.remove(t, back1, "adoptee")
		s.sh(t, back1, "docker rm -f adoptee >/dev/null 2>&1; docker volume rm adoptee-data >/dev/null 2>&1; true")
	})
	s.sh(t, back1, "docker run -d --restart always --name adoptee -e A=hunter2 -v adoptee-data:/data -p 8097:8097 "+images+"grafana:latest")
	before := s.id(t, back1, "adoptee")
	const call = "state=enabled name=adoptee image=" + images + "grafana:latest volumes=adoptee-data:/data published_ports=8097:8097 "
	refused := func(args string, want ...string) {
		t.Helper()
		r := s.rundock(t, back1, call+args)
		for _, w := range append(want, "adoptee") {
			if !r.Failed || r.Changed || !strings.Contains(r.Msg, w) {
				t.Errorf("%s: failed=%v changed=%v %s; want %q in it", args, r.Failed, r.Changed, r.Msg, w)
			}
		}
		if strings.Contains(r.Msg, "hunter") {
			t.Errorf("a value of the environment is told: %s", r.Msg)
		}
	}
	refused("env=A=hunter2", "a container named adoptee is there that rundock did not make", "adopt: true")
	refused("adopt=true env=A=hunter3,B=1 memory=64m", "it is not taken over: env A has another value; env B is missing in it; memory (67108864) is missing in it")
	r := s.rundock(t, back1, call+"adopt=true env=A=hunter2", "--check")
	if want := "[installed container taken over enabled]"; r.Failed || !r.Changed || fmt.Sprint(r.Actions) != want {
		t.Errorf("check mode: failed=%v %s, actions %v, want %s", r.Failed, r.Msg, r.Actions, want)
	}
	if now := s.id(t, back1, "adoptee"); now != before {
		t.Fatalf("the container was %s and is %s, and no call was to touch it", before, now)
	}
	if r := s.install(t, back1, call+"adopt=true env=A=hunter2"); fmt.Sprint(r.Actions) != "[installed container taken over enabled]" {
		t.Errorf("actions are %v", r.Actions)
	}
	if now := s.id(t, back1, "adoptee"); now == before {
		t.Error("the container is still the one that rundock did not make")
	}
	if got := s.sh(t, back1, `docker inspect -f '{{range .Mounts}}{{.Name}}{{end}} {{index .Config.Labels "rundock.service"}}' adoptee`); got != "adoptee-data adoptee" {
		t.Errorf("volume and label are %q", got)
	}
	for _, again := range []string{"adopt=true env=A=hunter2", "env=A=hunter2"} {
		if r := s.install(t, back1, call+again); r.Changed {
			t.Errorf("%s again changes %v", again, r.Actions)
		}
	}
}
