package e2e

import (
	"fmt"
	"strings"
	"testing"

	"rundock/internal/await"
)

// TestSecrets reach the container, and nothing else but the files that root
// alone can read.
func TestSecrets(t *testing.T) {
	s := need(t)
	s.remove(t, back1, "vault")
	call := func(secret string) string {
		return `{"state":"enabled","name":"vault","image":"` + images + `influxdb:latest","announce":8086,"env_secret":{"PASSWORD":"` + secret + `"},"log":{"size":"64k","keep":2}}`
	}
	env := "docker inspect -f '{{range .Config.Env}}{{println .}}{{end}}' vault | grep ^PASSWORD"
	r := s.rundock(t, back1, call("horse-battery"), "--diff")
	if got := s.sh(t, back1, env); got != "PASSWORD=horse-battery" {
		t.Errorf("the container has %q", got)
	}
	if strings.Contains(r.shown+fmt.Sprintf("%+v", r), "horse-battery") {
		t.Errorf("ansible shows the secret: %+v", r)
	}
	where := s.sh(t, back1, `grep -rl --exclude-dir=docker 'horse[-]battery' /etc /run /var/log /var/lib/rundock /proc/[0-9]*/cmdline 2>/dev/null | xargs -r stat -c '%a %n' || true`)
	if where != "600 /etc/sv/docker-vault/services/service/env/PASSWORD" {
		t.Errorf("the secret is in\n%s", where)
	}
	if got := s.sh(t, back1, "docker inspect -f '{{json .Config.Labels}}' vault"); strings.Contains(got, "horse") {
		t.Errorf("a label shows the secret: %s", got)
	}
	before := s.id(t, back1, "vault")
	if r := s.install(t, back1, call("horse-battery")); r.Changed || s.id(t, back1, "vault") != before {
		t.Errorf("the same secret changes %q", r.Actions)
	}
	s.install(t, back1, call("staple"))
	if got := s.sh(t, back1, env); got != "PASSWORD=staple" {
		t.Errorf("after a change the container has %q", got)
	}
	if got := s.sh(t, back1, "cat /var/log/docker-vault/config; ls /var/log/docker-vault"); !strings.HasPrefix(got, "s65536\nn2") || !strings.Contains(got, "current") {
		t.Errorf("svlogd keeps %q", got)
	}
	s.sh(t, back1, "curl -s 'http://"+s.Addr(back1).String()+":8086/log?lines=30000&prefix=line-of-the-log-'")
	await.Empty(t, "the log is cut into files of 64 kB, of which two are kept", func() string {
		// Between two renames of svlogd's there is no current.
		got, err := s.try(back1, "cd /var/log/docker-vault; ls @* | wc -l; stat -c %s @* current | sort -n | tail -1; tail -1 current")
		lines := strings.Split(got, "\n")
		if err != nil || lines[0] != "2" || !strings.HasSuffix(got, "line-of-the-log-30000") {
			return fmt.Sprint(got, err)
		}
		return ""
	})
}
