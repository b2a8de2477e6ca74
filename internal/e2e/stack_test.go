package e2e

import (
	"encoding/json"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"rundock/internal/await"
)

// stackFile is a stack of two services and a job, of which one has a config and a secret
// and is on two hosts.
const stackFile = `
services:
  web:
    image: ` + images + `influxdb:latest
    environment: {APP_VERSION: "${VERSION}", APP_EXIT: "${EXIT}"}
    depends_on: {cache: {condition: service_started}, migrate: {condition: service_completed_successfully}}
    ports: ["8077:8086"]
    configs: [{source: settings, target: /etc/settings}, {source: logo, target: /etc/logo}]
    secrets: [password]
    deploy: {replicas: 2, update_config: {monitor: 3s}, placement: {constraints: ["node.hostname != node-front-1"]}}
  cache:
    image: ` + images + `grafana:latest
    volumes: [data:/data]
    deploy: {placement: {constraints: ["node.hostname == node-back-1"]}}
  migrate:
    image: ` + images + `grafana:latest
    environment: {APP_EXIT: "0", APP_VERSION: job}
    depends_on: [cache]
    deploy: {placement: {constraints: ["node.hostname == node-back-1"]}}
volumes: {data: {}}
configs: {settings: {content: "version ${VERSION}"}, logo: {file: logo.png}}
secrets: {password: {file: password.txt}}
`

// stackArgs are those of a run of stack.yml: for a stack of a compose file, with these variables besides.
func stackArgs(name, file string, variables map[string]any, more ...string) []string {
	all := map[string]any{"stack": name, "rundock_stacks": map[string]any{name: map[string]any{"compose": []string{file}}}}
	maps.Copy(all, variables)
	data, err := json.Marshal(all)
	if err != nil {
		panic(err) // texts and numbers
	}
	return append([]string{"playbooks/stack.yml", "-e", string(data)}, more...)
}

// stack runs stack.yml for a version of shop.
func (s *setup) stack(t *testing.T, folder, version, exit string, more ...string) (string, error) {
	t.Helper()
	return s.playbook(stackArgs("shop", filepath.Join(folder, "compose.yaml"), map[string]any{
		"stack_who": "ada", "stack_env": map[string]string{"VERSION": version, "EXIT": exit}, "rundock_stack_timeout": 60,
	}, more...)...)
}

// stacked is what hosts have of shop: containers with their versions, networks, files.
func (s *setup) stacked(t *testing.T) string {
	t.Helper()
	var all []string
	for _, host := range []string{front, back1, back2} {
		all = append(all, host+": "+s.sh(t, host, `for c in $(docker ps -a --filter label=com.docker.compose.project=shop --format '{{.Names}}' | sort); do
  echo "$c $(docker inspect -f '{{range .Config.Env}}{{println .}}{{end}}' $c | grep APP_VERSION) $(docker inspect -f '{{.State.Running}}' $c)"
done; docker network ls --format '{{.Name}}' | grep shop; find /etc/rundock/stacks 2>/dev/null | sort; ls -d /etc/sv/docker-shop-* 2>/dev/null; true`))
	}
	return strings.Join(all, "\n")
}

// ranJob holds that the job has run to its end, for this release.
func (s *setup) ranJob(t *testing.T, release string) {
	t.Helper()
	if says := s.sh(t, back1, `docker inspect -f '{{.State.Status}} {{.State.ExitCode}} {{index .Config.Labels "stack.release"}}' shop-migrate-1`); says != "exited 0 "+release {
		t.Errorf("the job of release %s is %q", release, says)
	}
}

// slotOn is the number of the instance of web that a host has.
func slotOn(has, host string) string {
	_, has, _ = strings.Cut(has, host+": ")
	_, has, _ = strings.Cut(has, "shop-web-")
	return has[:1]
}

// withoutJob is what hosts have but for the job, which is not undone.
func withoutJob(has string) string {
	return strings.Join(slices.DeleteFunc(strings.Split(has, "\n"), func(line string) bool { return strings.Contains(line, "shop-migrate-1") }), "\n")
}

// leadsWithoutKey has the host that leads lack the key of the stack's secrets, which another
// one has: the run gives it the key.
func (s *setup) leadsWithoutKey(t *testing.T, folder string) {
	t.Helper()
	const key = "/etc/rundock/stack.key"
	was := s.sh(t, front, "base64 -w 0 "+key)
	s.sh(t, back1, "umask 077; echo "+was+" | base64 -d >"+key)
	s.sh(t, front, "rm "+key)
	if out, err := s.stack(t, folder, "1", "", "--check"); err == nil || !strings.Contains(out, "check mode does not take it from "+back1) {
		t.Errorf("check mode without the key: %v\n%s", err, out)
	}
	out, err := s.stack(t, folder, "1", "")
	if err != nil || !strings.Contains(out, "shop: nothing to do") || strings.Contains(out, was) {
		t.Errorf("a run without the key: %v\n%s", err, out)
	}
	if has := s.sh(t, front, "base64 -w 0 "+key+"; stat -c ' %a %U' "+key); has != was+" 600 root" {
		t.Error("the host that leads has not the key of before")
	}
	s.sh(t, back1, "rm "+key)
}

// TestStack is a stack from nothing to nothing: a release, one that breaks and is undone
// whole, and its end.
func TestStack(t *testing.T) {
	s := need(t)
	folder := t.TempDir()
	for name, text := range map[string]string{"compose.yaml": stackFile, "password.txt": "hunter2", "logo.png": "\x89PNG\x00\xff"} {
		if err := os.WriteFile(filepath.Join(folder, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	t.Cleanup(func() {
		if t.Failed() {
			s.stack(t, folder, "1", "", "-e", "stack_state=absent")
		}
	})

	out, err := s.stack(t, folder, "1", "", "--check")
	if err != nil || !strings.Contains(out, "shop: release 1: 3 new, 1 job") || !strings.Contains(out, "cache.1 node-back-1 new") {
		t.Fatalf("check mode: %v\n%s", err, out)
	}
	if has := s.stacked(t); strings.Contains(has, "shop") {
		t.Errorf("after check mode, hosts have:\n%s", has)
	}
	out, err = s.stack(t, folder, "1", "")
	if err != nil {
		t.Fatalf("the first release: %v\n%s", err, out)
	}
	if strings.Contains(out, "hunter2") {
		t.Error("the run shows the secret")
	}
	first := s.stacked(t)
	s.ranJob(t, "1")
	if strings.Count(first, "APP_VERSION=1 true") != 2 || strings.Count(first, "shop_default") < 2 {
		t.Errorf("after the first release, hosts have:\n%s", first)
	}
	if has := s.sh(t, back2, "cat /etc/rundock/stacks/shop/*"); !strings.Contains(has, "hunter2") || !strings.Contains(has, "version 1") {
		t.Errorf("files of the stack on %s: %s", back2, has)
	}
	if logo := s.sh(t, back2, "for f in /etc/rundock/stacks/shop/config-*; do od -An -tx1 $f; done"); !strings.Contains(logo, " 89 50 4e 47 00 ff") {
		t.Errorf("no config holds what is no text as it is: %s", logo)
	}
	if releases := s.sh(t, back2, "rundockd stack releases shop"); !strings.Contains(releases, "current") || !strings.Contains(releases, "ada") {
		t.Errorf("rundockd stack releases shop: %s", releases)
	}

	await.Empty(t, "web.shop."+zone+" has two addresses", func() string {
		if addresses := s.dig(t, front, "web.shop."+zone); strings.Count(addresses, "\n") != 1 || len(strings.Fields(addresses)) != 2 {
			return heard(addresses)
		}
		return ""
	})

	out, err = s.stack(t, folder, "1", "")
	if _, recap, _ := strings.Cut(out, "PLAY RECAP"); err != nil || strings.Count(recap, "changed=0 ") != 3 || !strings.Contains(out, "shop: nothing to do") {
		t.Errorf("a second run: want changed=0: %v\n%s", err, out)
	}

	s.leadsWithoutKey(t, folder)

	s.rundock(t, back2, "state=absent name=shop-web-"+slotOn(first, back2))
	s.sh(t, back1, "rm /etc/service/docker-shop-cache-1")
	out, err = s.stack(t, folder, "1", "")
	if err != nil || !strings.Contains(out, "shop: release 1 stays: 2 made again") {
		t.Errorf("a run after two instances went by hand: %v\n%s", err, out)
	}
	if has := s.stacked(t); has != first {
		t.Errorf("after instances were made again, hosts have:\n%s\nbefore they had:\n%s", has, first)
	}

	out, err = s.stack(t, folder, "2", "3") // its containers end at once
	if err == nil || !strings.Contains(out, "all is as before, release 1") {
		t.Errorf("a release that breaks: %v\n%s", err, out)
	}
	if has := s.stacked(t); withoutJob(has) != withoutJob(first) {
		t.Errorf("after a release that broke, hosts have:\n%s\nbefore they had:\n%s", has, first)
	}
	if !strings.Contains(out, "job migrate.1 on node-back-1 may have run") {
		t.Errorf("undoing says not that the job is not undone:\n%s", out)
	}
	if history := s.sh(t, front, "rundockd stack history shop"); !strings.Contains(history, "release 2 from 1 is undone, by ada: ") {
		t.Errorf("rundockd stack history shop: %s", history)
	}

	if out, err = s.stack(t, folder, "1", "", "-e", "stack_state=absent"); err != nil {
		t.Fatalf("absent: %v\n%s", err, out)
	}
	if has := s.stacked(t); strings.Contains(has, "shop") {
		t.Errorf("of a stack that is absent, hosts have:\n%s", has)
	}
	if keys := s.sh(t, front, etcdctl+"get --prefix --keys-only /rundock/v1/stacks/"); strings.Contains(keys, "shop") {
		t.Errorf("of a stack that is absent, the store has %s", keys)
	}
}
