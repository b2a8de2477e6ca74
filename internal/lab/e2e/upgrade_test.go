package e2e

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
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
		c := "state=enabled name=" + names[i] + " image=" + images + "influxdb:latest"
		if i < len(announced) {
			c += fmt.Sprintf(" announce=%d port=8086", 8086+i)
		}
		return c
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
	before := make(map[string]string)
	for _, name := range names {
		before[name] = s.id(t, back1, name)
	}

	t.Cleanup(func() { s.site(t) })
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
			eventually(t, role+" of "+name+" is the new program", func() string {
				return s.program(t, back1, name, role)
			})
		}
	}
	for _, name := range names {
		if now := s.id(t, back1, name); now != before[name] {
			t.Errorf("container of %s was %s, is %s", name, before[name], now)
		}
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
	dir := t.TempDir()
	if err := os.Symlink(filepath.Join(s.checkout, "bin/dnsd"), filepath.Join(dir, "dnsd")); err != nil {
		t.Fatal(err)
	}
	build := exec.Command("go", "build", "-trimpath", "-buildvcs=false", "-ldflags", "-s -w -X main.version="+version, "-o", filepath.Join(dir, "rundockd"), "./supervisor/rundockd")
	build.Dir = s.checkout
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("build rundockd: %v\n%s", err, out)
	}
	return dir
}
