package e2e

import (
	"fmt"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"rundock/internal/await"
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
	t.Run("of two stacks", func(t *testing.T) { s.namesOfStacks(t) })
}

// namesOfStacks has containers in the networks of two stacks ask for db, by its name
// alone: each gets its own stack's, in its own network, by musl, glibc and what asks
// Docker's resolver without the search domain, as nginx does.
func (s *setup) namesOfStacks(t *testing.T) {
	for i, network := range []string{"shop_front", "shop_back", "blog_default"} {
		stack, key, _ := strings.Cut(network, "_")
		r := s.call(t, back2, "rundock_overlay", fmt.Sprintf("name=%s cidr=10.192.%d.0/20 subnet_length=26 vni=%d domains=_%s.%s.%s,%[5]s.%[6]s", network, 16*i, 100001+i, key, stack, zone))
		if r.Failed {
			t.Fatal(r.Msg)
		}
		t.Cleanup(func() { s.leaveNetwork(t, network) })
	}
	records := map[string]string{"1 db.shop": "10.192.16.9", "1 db._back.shop": "10.192.16.9", "1 db._front.shop": "10.192.0.9", "1 db.blog": "10.192.32.9", "1 posts.blog": "10.192.32.8", "db-1 sql.shop": "10.192.16.9"}
	for at, address := range records {
		instance, name, _ := strings.Cut(at, " ")
		record := "zone=" + zone + " name=" + name + " instance=" + instance
		if r := s.call(t, back2, "rundock_record", record+" host="+address); r.Failed {
			t.Fatal(r.Msg)
		}
		t.Cleanup(func() { s.call(t, back2, "rundock_record", record+" state=absent") })
	}
	for at, address := range records {
		_, name, _ := strings.Cut(at, " ")
		if strings.Contains(name, "_") {
			continue // it is for who is in that network
		}
		await.Equal(t, name+" is found", address, func() string { return s.dig(t, back2, "A "+name+"."+zone) })
	}
	for _, c := range []struct{ name, networks, db, sql string }{
		{"fronter", "shop_front", "10.192.0.9", "10.192.16.9"}, {"backer", "shop_back", "10.192.16.9", "10.192.16.9"},
		{"both", "shop_front,shop_back", "10.192.16.9", "10.192.16.9"}, {"blogger", "blog_default", "10.192.32.9", ""},
	} {
		s.remove(t, back2, c.name)
		s.install(t, back2, "state=enabled name="+c.name+" image="+images+"busybox:latest networks="+c.networks+` args="-v /run/lookup:/lookup:ro -v /usr:/usr:ro -v /lib:/lib:ro -v /lib64:/lib64:ro -- sleep 86400"`)
		if c.sql == "" {
			c.sql = "no such name"
		}
		if got, want := s.sh(t, back2, "docker exec "+c.name+" /lookup db DB sql nothing"), "db: "+c.db+"\nDB: "+c.db+"\nsql: "+c.sql+"\nnothing: no such name"; got != want {
			t.Errorf("musl in %s finds\n%s\nwant\n%s", c.name, got, want)
		}
		if got := s.sh(t, back2, "docker exec "+c.name+" /usr/bin/getent ahostsv4 db | sed -n 's/ *STREAM.*//p'"); got != c.db {
			t.Errorf("glibc in %s finds db at %q, want %s", c.name, got, c.db)
		}
		if got := s.sh(t, back2, "docker exec "+c.name+" nslookup db. 127.0.0.11 | sed -n '/^Name:/,$ s/^Address.*: *//p'"); got != c.db {
			t.Errorf("Docker's resolver in %s has db at %q, want %s", c.name, got, c.db)
		}
		if _, err := s.try(back2, "docker exec "+c.name+" /usr/bin/getent ahostsv4 nothing"); err == nil {
			t.Errorf("glibc in %s finds what is not there", c.name)
		}
	}
	if got, err := s.try(back2, "docker exec seeker /lookup db"); err != nil || !strings.HasPrefix(got, "db: ") || strings.Contains(got, "10.192.") {
		t.Errorf("a container of no stack finds %s, %v; want no stack's db", got, err)
	}
}
