package e2e

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"rundock/internal/await"
)

// TestUpgrade_of_rundockd puts another rundockd on a host with ten services:
// every runner and sidecar is of the new program, and no container restarts.
func TestUpgrade_of_rundockd(t *testing.T) {
	s := need(t)
	announced := []string{"ten-0", "ten-1"}
	var names []string
	for i := range 10 {
		names = append(names, fmt.Sprintf("ten-%d", i))
	}
	s.remove(t, back1, names...)
	call := func(i int) string {
		c := "state=enabled name=" + names[i] + " image=" + images
		if i < len(announced) {
			return c + fmt.Sprintf("influxdb:latest announce=%d port=8086", 8086+i)
		}
		return c + "grafana:latest" // which costs no HEALTHCHECK a second
	}
	var all sync.WaitGroup
	for i, name := range names {
		all.Go(func() {
			if r := s.rundock(t, back1, call(i)); r.Failed {
				t.Errorf("install %s: %s", name, r.Msg)
			}
		})
	}
	all.Wait()
	if t.Failed() {
		t.FailNow()
	}
	var watchers []*watcher
	for i, name := range announced {
		s.resolves(t, back2, name, strings.Replace(record(back1, name), "8086", fmt.Sprint(8086+i), 1))
		watchers = append(watchers, s.watch(t, back2, name))
	}
	const rendered = "/run/upgraded.conf"
	s.sh(t, back1, `echo '{{range service "ten-0"}}{{.Address}}{{end}}' >/run/upgraded.tmpl`)
	if r := s.call(t, back1, "rundock_template", "name=upgraded src=/run/upgraded.tmpl dest="+rendered); r.Failed {
		t.Fatalf("template: %s", r.Msg)
	}
	t.Cleanup(func() { s.call(t, back1, "rundock_template", "name=upgraded state=absent") })
	const pidOfRenderer = "cat /etc/service/rundock-render/supervise/pid"
	renderer, file := s.sh(t, back1, pidOfRenderer), s.sh(t, back1, "stat -c '%i %y' "+rendered)
	before := make(map[string]string)
	for _, name := range names {
		before[name] = s.id(t, back1, name)
	}

	t.Cleanup(func() { s.site(t, "--limit", back1) })
	s.site(t, "-e", "rundock_bin="+s.programs(t, "upgraded"), "--limit", back1)
	if got := s.sh(t, back1, "rundockd version"); got != "rundockd upgraded" {
		t.Fatalf("the host has %q", got)
	}
	for i, name := range names {
		roles := []string{"runner"}
		if i < len(announced) {
			roles = append(roles, "announce")
		}
		for _, role := range roles {
			await.Empty(t, role+" of "+name+" is the new program", func() string {
				return s.program(t, back1, name, role)
			})
		}
	}
	for _, name := range names {
		if now := s.id(t, back1, name); now != before[name] {
			t.Errorf("container of %s was %s, is %s", name, before[name], now)
		}
	}
	await.Empty(t, "the renderer is the new program", func() string {
		pid := s.sh(t, back1, pidOfRenderer)
		exe, _ := s.try(back1, "readlink /proc/"+pid+"/exe")
		says, _ := s.try(back1, "cat /run/rundock/templates/upgraded.json")
		if pid == renderer || exe != "/usr/local/bin/rundock-render" || !strings.Contains(says, `"pid":`+pid+`,`) || !strings.Contains(says, `"state":"current"`) {
			return "process " + pid + " of " + exe + ": " + says
		}
		return ""
	})
	if now := s.sh(t, back1, "stat -c '%i %y' "+rendered); now != file {
		t.Errorf("the rendered file was %s, is %s: want it left as it is", file, now)
	}
	for _, w := range watchers {
		w.steady(t)
	}
	for i, name := range names {
		if r := s.install(t, back1, call(i)); r.Changed {
			t.Errorf("the module finds %s changed after the upgrade: %v", name, r.Actions)
		}
	}
}

// program returns "" if the process in a service's status file is of the
// rundockd that is installed, and has not been replaced since it started.
func (s *setup) program(t *testing.T, host, service, role string) string {
	t.Helper()
	pid := s.pid(t, host, service, role)
	if exe, err := s.try(host, "readlink /proc/"+pid+"/exe"); err != nil || exe != "/usr/local/bin/rundockd" {
		return fmt.Sprintf("process %s is of %q", pid, exe)
	}
	return ""
}

// site runs site.yml, which must succeed.
func (s *setup) site(t *testing.T, args ...string) {
	t.Helper()
	if out, err := s.playbook(append(args, "playbooks/site.yml")...); err != nil {
		t.Fatalf("playbooks/site.yml: %v\n%s", err, out)
	}
}

// programs returns a folder with dnsd as it is, and a rundockd of version.
func (s *setup) programs(t *testing.T, version string) string {
	t.Helper()
	dir := s.linked(t, "dnsd", "rundock-render", "rundock-stack", "rundock-store")
	build := exec.Command("go", "build", "-trimpath", "-buildvcs=false", "-ldflags", "-s -w -X main.version="+version, "-o", filepath.Join(dir, "rundockd"), "./supervisor/rundockd")
	build.Dir = s.checkout
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("build rundockd: %v\n%s", err, out)
	}
	return dir
}

// linked returns a folder with programs as they are.
func (s *setup) linked(t *testing.T, programs ...string) string {
	t.Helper()
	dir := t.TempDir()
	for _, name := range programs {
		if err := os.Symlink(filepath.Join(s.checkout, "bin", name), filepath.Join(dir, name)); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// TestUpgrade_of_Docker puts Docker of the next Debian release on a host, and
// takes it off again: over releases of Docker's API, in either direction.
func TestUpgrade_of_Docker(t *testing.T) {
	s := need(t)
	const name, call = "harbour", "name=harbour " + plain
	debs, err := s.Debs("trixie", "docker.io", "docker-cli", "containerd")
	if err != nil {
		t.Fatal(err)
	}
	version := func() string {
		v, _ := s.try(back2, "docker version -f '{{.Server.Version}} with API {{.Server.APIVersion}}'")
		return v
	}
	old, packages := version(), s.sh(t, back2, `dpkg-query -W -f '${Package}=${Version} ' docker.io containerd`)
	s.serve(t, back2, name)
	sidecar := s.pid(t, back2, name, "announce")

	// exchanged restarts dockerd after dpkg has put another in its place.
	exchanged := func(t *testing.T, install string) {
		t.Helper()
		s.sh(t, back2, `export DEBIAN_FRONTEND=noninteractive; { `+install+` && service docker restart; } >/run/exchange.log 2>&1 || { cat /run/exchange.log >&2; exit 1; }`)
	}
	back := func(t *testing.T) {
		t.Helper()
		exchanged(t, "apt-get -qq update; apt-get -qq --allow-downgrades install docker-cli- "+packages)
	}
	t.Cleanup(func() {
		if version() != old {
			back(t)
		}
	})
	// well waits until service and module find themselves with a dockerd that
	// is not of version before. The sidecar is the one that knew that.
	well := func(t *testing.T, before string) {
		t.Helper()
		await.Empty(t, "another dockerd answers", func() string {
			if v := version(); v == "" || v == before {
				return "version " + v
			}
			return ""
		})
		if r := s.install(t, back2, "state=enabled "+call); r.Changed {
			t.Errorf("the module with dockerd %s: changed by %v", version(), r.Actions)
		}
		container, runner := s.id(t, back2, name), s.pid(t, back2, name, "runner")
		s.install(t, back2, "state=restarted "+call+" wait=announced")
		s.renewed(t, back2, name, container, record(back2, name))
		if got := s.pid(t, back2, name, "runner"); got != runner {
			t.Errorf("runner was %s, is %s", runner, got)
		}
		if got := s.pid(t, back2, name, "announce"); got != sidecar {
			t.Errorf("sidecar was %s, is %s", sidecar, got)
		}
	}

	t.Run("with live-restore nothing stops", func(t *testing.T) {
		container, runner := s.id(t, back2, name), s.pid(t, back2, name, "runner")
		w := s.watch(t, front, name)
		s.copyAll(t, back2, debs, "/run/debs")
		// The command's own package breaks the old one, which had it in it.
		exchanged(t, "dpkg -i --auto-deconfigure /run/debs/*.deb")
		s.sh(t, back2, "rm -r /run/debs")
		await.Empty(t, "dockerd answers", func() string {
			if v := version(); v == "" {
				return "it does not"
			}
			return ""
		})
		if got := s.id(t, back2, name); got != container {
			t.Errorf("container was %s, is %s", container, got)
		}
		if got := s.pid(t, back2, name, "runner"); got != runner {
			t.Errorf("runner was %s, is %s", runner, got)
		}
		w.steady(t)
		well(t, old)
		t.Logf("from dockerd %s to %s", old, version())
	})
	if t.Failed() {
		return // without a newer one
	}
	t.Run("what needs the newer one can be had", func(t *testing.T) {
		s.remove(t, back2, "annotated")
		s.install(t, back2, `{"state":"enabled","name":"annotated","image":"`+images+`influxdb:latest","annotations":{"a":"b"}}`)
		if got := s.sh(t, back2, "docker inspect -f '{{.HostConfig.Annotations.a}}' annotated"); got != "b" {
			t.Errorf("the annotation is %q", got)
		}
	})
	t.Run("and back without live-restore containers are started anew", func(t *testing.T) {
		newer, container := version(), s.id(t, back2, name)
		w := s.watch(t, front, name)
		s.withoutLiveRestore(t)
		back(t)
		w.leaves(t)
		s.renewed(t, back2, name, container, record(back2, name))
		well(t, newer)
	})
}

// copyAll puts the files of a folder into one of host.
func (s *setup) copyAll(t *testing.T, host, from, to string) {
	t.Helper()
	s.sh(t, host, "mkdir "+to)
	files, err := os.ReadDir(from)
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range files {
		if err := s.put(host, filepath.Join(from, f.Name()), to+"/"+f.Name()); err != nil {
			t.Fatal(err)
		}
	}
}

// withoutLiveRestore has dockerd of back2 take its containers along, until the
// test ends.
func (s *setup) withoutLiveRestore(t *testing.T) {
	t.Helper()
	s.sh(t, back2, `cp -a /etc/docker/daemon.json /root/daemon.json && sed -i 's/"live-restore": *true/"live-restore": false/' /etc/docker/daemon.json && ! cmp -s /root/daemon.json /etc/docker/daemon.json`)
	t.Cleanup(func() {
		s.sh(t, back2, "mv /root/daemon.json /etc/docker/daemon.json; kill -HUP $(cat /run/docker.pid)")
	})
	s.sh(t, back2, "kill -HUP $(cat /run/docker.pid)")
	await.Equal(t, "live-restore is off", "false", func() string { return s.sh(t, back2, "docker info -f '{{.LiveRestoreEnabled}}'") })
}
