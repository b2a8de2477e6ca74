package e2e

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"rundock/internal/await"
)

// TestStandby_runs_what_a_dead_host_ran takes the power from the host that runs an instance with a standby. The
// other host runs it then, by itself; the first one waits when it is back, and gives way to nobody.
func TestStandby_runs_what_a_dead_host_ran(t *testing.T) {
	s := need(t)
	file := composeFile(t, `
services:
  db:
    image: `+images+`influxdb:latest
    stop_grace_period: 1s
    environment: ["reschedule:on-node-failure"]
    deploy: {placement: {constraints: ["node.hostname != node-front-1"]}}
`)
	t.Cleanup(func() {
		if _, out, err := s.deploy("spare", file, "-e", "stack_state=absent"); err != nil {
			t.Errorf("absent: %v\n%s", err, out)
		}
		for _, host := range []string{back1, back2} {
			if left := s.sh(t, host, "ls -d /etc/sv/docker-spare-* 2>/dev/null; docker ps -aq -f name=spare-; true"); left != "" {
				t.Errorf("%s keeps %s", host, left)
			}
		}
	})
	s.mustDeploy(t, "spare", file)
	main, standby := back1, back2
	if s.id(t, back2, "spare-db-1") != "" {
		main, standby = back2, back1
	}
	s.says(t, main, "rundockd status spare-db-1", "0", "running")
	s.says(t, standby, "rundockd status spare-db-1", "0", "standby")
	s.says(t, standby, "rundockd explain spare-db-1", "0", main)
	s.finds(t, main)

	if err := s.Stop(main); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Start(context.Background(), main) }) // where the test fails before it does
	s.says(t, standby, "rundockd explain spare-db-1", "0", "runs nowhere")
	await.Empty(t, standby+" runs it", func() string {
		if s.id(t, standby, "spare-db-1") == "" {
			return "it has no container"
		}
		return ""
	})
	s.finds(t, standby)
	container := s.id(t, standby, "spare-db-1")

	if err := s.Start(t.Context(), main); err != nil {
		t.Fatal(err)
	}
	s.says(t, main, "rundockd status spare-db-1", "0", "standby")
	s.says(t, main, "rundockd explain spare-db-1", "0", standby)
	if out := s.sh(t, main, "docker ps -q -f name=spare-"); out != "" {
		t.Errorf("it runs on both: %s has the container %s", main, out)
	}
	if now := s.id(t, standby, "spare-db-1"); now != container {
		t.Errorf("%s has the container %s, had %s", standby, now, container)
	}
	_, out, err := s.deploy("spare", file)
	if err != nil || !strings.Contains(out, standby) {
		t.Errorf("a run that changes nothing: %v, want that it names %s:\n%s", err, standby, out)
	}
}

// finds waits until db.spare is the address that its container has on a host.
func (s *setup) finds(t *testing.T, host string) {
	t.Helper()
	await.Empty(t, "db.spare is found on "+host, func() string {
		has, err := s.try(host, "docker inspect -f '{{range .NetworkSettings.Networks}}{{.IPAddress}}{{end}}' spare-db-1")
		if got := s.dig(t, front, "db.spare."+zone); err != nil || has == "" || got != has {
			return fmt.Sprintf("the container there has %q, %v, and it is found at %q", has, err, got)
		}
		return ""
	})
}
