package e2e

import (
	"os/exec"
	"path/filepath"
	"testing"
)

// TestNames_in_containers looks a service of another host up as small images
// do: with musl, and with busybox's nslookup, by name and by search domain.
// Package dnsd/clients has all that these can get wrong.
func TestNames_in_containers(t *testing.T) {
	s := need(t)
	s.serve(t, back1, "sought")
	lookup := filepath.Join(t.TempDir(), "lookup")
	if out, err := exec.Command("musl-gcc", "-static", "-o", lookup, filepath.Join(s.checkout, "dnsd/clients/testdata/lookup.c")).CombinedOutput(); err != nil {
		t.Fatalf("musl-gcc: %v\n%s", err, out)
	}
	if err := s.put(back2, lookup, "/run/lookup"); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.sh(t, back2, "rm /run/lookup") })
	s.remove(t, back2, "seeker")
	s.install(t, back2, "state=enabled name=seeker image="+images+`busybox:latest args="-v /run/lookup:/lookup:ro --dns-search `+zone+` -- sleep 86400"`)

	address, name := s.Addr(back1).String(), "sought."+zone
	if got, want := s.sh(t, back2, "docker exec seeker /lookup "+name+" sought never."+zone),
		name+": "+address+"\nsought: "+address+"\nnever."+zone+": no such name"; got != want {
		t.Errorf("musl in a container finds\n%s\nwant\n%s", got, want)
	}
	// Its answer begins with the server; it asks for A and AAAA.
	if got := s.sh(t, back2, "docker exec seeker nslookup "+name+" | sed -n '/^Name:/,$ s/^Address.*: *//p'"); got != address {
		t.Errorf("nslookup in a container finds %q, want %s", got, address)
	}
	if got, err := s.try(back2, "docker exec seeker nslookup never."+zone); err == nil {
		t.Errorf("nslookup of a name that is not there: %s, want a failure", got)
	}
}
