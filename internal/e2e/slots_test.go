package e2e

import (
	"fmt"
	"strings"
	"testing"

	"rundock/internal/await"
)

// TestSlots runs two instances of a stack's service on one host, and a service db
// of each of two stacks, none with a port; and a job, once.
func TestSlots(t *testing.T) {
	s := need(t)
	s.remove(t, back1, "shop-web-1", "shop-web-2", "shop-db-1", "blog-db-1", "shop-migrate-1")
	slot := func(stack, service string, number int, image, more string) string {
		return fmt.Sprintf(`{"name":"%s-%s-%d","stack":"%[1]s","slot":"%[2]s.%[3]d","image":"%[4]s%[5]s:latest","stop_timeout":1%[6]s}`, stack, service, number, images, image, more)
	}
	announced := `,"announces":[{"as":"container"}],"aliases":["www"]`
	sleeps := `,"announces":[{"as":"container"}],"command":["sleep","3600"]`
	call := `{"state":"enabled","wait":"announced","services":[` + strings.Join([]string{
		slot("shop", "web", 1, "influxdb", announced), slot("shop", "web", 2, "influxdb", announced),
		slot("shop", "db", 1, "busybox", sleeps), slot("blog", "db", 1, "busybox", sleeps),
	}, ",") + `]}`
	s.install(t, back1, call)
	if r := s.install(t, back1, call); r.Changed {
		t.Errorf("the same again changes %q", r.Msg)
	}
	at := func(names ...string) string {
		var all []string
		for _, name := range names {
			all = append(all, s.sh(t, back1, "docker inspect -f '{{.NetworkSettings.IPAddress}}' "+name))
		}
		return strings.Join(all, "\n")
	}
	for question, want := range map[string]string{
		"1.web.shop": at("shop-web-1"), "2.web.shop": at("shop-web-2"), "web-2.www.shop": at("shop-web-2"),
		"db.shop": at("shop-db-1"), "db.blog": at("blog-db-1"),
	} {
		await.Equal(t, question+" is "+want, want, func() string { return s.dig(t, back2, "A "+question+"."+zone) })
	}
	if got := s.dig(t, back2, "SRV web.shop."+zone); got != "" {
		t.Errorf("SRV of a service without a port is %q", got)
	}
	if got := s.sh(t, back1, "docker exec blog-db-1 cat /etc/resolv.conf"); !strings.Contains(got, "search blog."+zone) {
		t.Errorf("resolv.conf of a slot is %q, want it to search its stack", got)
	}
	if got := s.sh(t, back2, "rundockd services web.shop"); !strings.Contains(got, "web.shop  1") || !strings.Contains(got, "web.shop  2") {
		t.Errorf("services on another host says %s", got)
	}
	if out, err := s.try(back1, "rundockd explain shop-web-2"); err != nil || !strings.Contains(out, "web.2 of stack shop") {
		t.Errorf("explain: %v: %s", err, out)
	}

	job := func(script, more string) string {
		return `{"state":"enabled","services":[` + slot("shop", "migrate", 1, "busybox", fmt.Sprintf(`,"job":true,"command":["sh","-c",%q]%s`, script, more)) + `]}`
	}
	s.sh(t, back1, "rm -rf /var/log/docker-shop-migrate-1")
	r := s.rundock(t, back1, job("echo no such table; exit 3", `,"attempts":1`))
	if !r.Failed || !strings.Contains(r.Msg, "the job ended with exit code 3") || !strings.Contains(r.Msg, "no such table") {
		t.Errorf("a job that fails: failed=%v, %s", r.Failed, r.Msg)
	}
	tried := func() string {
		return s.sh(t, back1, "grep -c 'no such table' /var/log/docker-shop-migrate-1/current || true")
	}
	await.Equal(t, "a job with one further attempt has run twice", "2", tried)
	s.install(t, back1, job("echo migrated", ""))
	if got := tried(); got != "2" {
		t.Errorf("a job with one further attempt ran %s times: %s", got, s.sh(t, back1, "cat /var/log/docker-shop-migrate-1/current"))
	}
	state := "docker inspect -f '{{.Id}} {{.State.StartedAt}} {{.State.Status}}' shop-migrate-1"
	ran := s.sh(t, back1, state)
	if r := s.install(t, back1, job("echo migrated", "")); r.Changed {
		t.Errorf("the job again: %q", r.Msg)
	}
	s.sh(t, back1, "sv -w 60 restart docker-shop-migrate-1 >/dev/null; rundockd handover")
	await.Empty(t, "its next runner knows that it has ended", func() string {
		out, err := s.try(back1, "rundockd status shop-migrate-1")
		if err != nil || !strings.Contains(out, "  ended  ") {
			return heard(out)
		}
		return ""
	})
	if got := s.sh(t, back1, state); got != ran {
		t.Errorf("after a restart of its runner the job is %s, want %s: it ran twice", got, ran)
	}
	s.absent(t, back1, "shop-migrate-1")
	if got := s.sh(t, back1, "docker ps -aq --filter name=shop-migrate-1"); got != "" {
		t.Errorf("the job's container %s is still there", got)
	}
}
