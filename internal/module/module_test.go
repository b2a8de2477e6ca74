package module

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"rundock/internal/runit"
)

func testUnit(t *testing.T) *Unit {
	dir := t.TempDir()
	f := runit.Folders{SV: filepath.Join(dir, "sv"), Service: filepath.Join(dir, "service")}
	for _, d := range []string{f.SV, f.Service} {
		if err := os.Mkdir(d, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	u := Host{Folders: f}.Unit("docker-web")
	return &u
}

func TestLook(t *testing.T) {
	for _, c := range []struct {
		name  string
		setUp func(u *Unit) error
		want  Standing
	}{
		{"there is nothing", func(*Unit) error { return nil }, Standing{}},
		{"it is installed", func(u *Unit) error { return os.Mkdir(u.Dir, 0o755) }, Standing{Installed: true}},
		{"it is enabled", func(u *Unit) error { return os.Symlink(u.Dir, u.Folders.Link(u.Name)) }, Standing{Enabled: true}},
		{"it is masked", func(u *Unit) error { return os.Symlink(u.Dir, u.Folders.Hidden(u.Name)) }, Standing{Masked: true}},
	} {
		u := testUnit(t)
		if err := c.setUp(u); err != nil {
			t.Fatal(err)
		}
		if got, err := u.Look(); err != nil || got != c.want {
			t.Errorf("%s: %+v, %v; want %+v", c.name, got, err, c.want)
		}
	}
}

func TestUnmask_removes_the_link_and_is_content_without(t *testing.T) {
	u := testUnit(t)
	if u.OwnsMask() {
		t.Error("owns a link that is not there")
	}
	if err := os.Symlink(u.Dir+"/", u.Folders.Hidden(u.Name)); err != nil {
		t.Fatal(err)
	}
	if !u.OwnsMask() {
		t.Error("does not own the link to its directory")
	}
	for range 2 {
		if err := u.Unmask(); err != nil {
			t.Error(err)
		}
	}
	if err := os.Symlink("/somewhere/else", u.Folders.Hidden(u.Name)); err != nil {
		t.Fatal(err)
	}
	if u.OwnsMask() {
		t.Error("owns a link to another directory")
	}
}

func TestLinkDiff_is_of_a_change_alone(t *testing.T) {
	u := testUnit(t)
	if d := u.LinkDiff(true, true); d != nil {
		t.Errorf("nothing changed: %v", d)
	}
	d := u.LinkDiff(false, true)
	if len(d) != 1 || d[0].Before != "absent\n" || d[0].After != "link to "+u.Dir+"\n" || d[0].AfterHeader != u.Folders.Link(u.Name) {
		t.Errorf("enabled: %+v", d)
	}
}

func TestLock_waits_for_another_call_and_empties_its_notes(t *testing.T) {
	path := filepath.Join(t.TempDir(), "run", ".web.lock")
	unlock, err := Lock(path, "service web", time.Minute)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte("80/tcp"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := Lock(path, "service web", 0); err == nil || !strings.Contains(err.Error(), "another call is at work on service web") {
		t.Errorf("a second lock: %v", err)
	}
	unlock()
	unlock, err = Lock(path, "service web", time.Minute)
	if err != nil {
		t.Fatal(err)
	}
	defer unlock()
	if data, err := os.ReadFile(path); err != nil || len(data) > 0 {
		t.Errorf("the lock holds %q, %v", data, err)
	}
}

func TestCheckProgram(t *testing.T) {
	dir := t.TempDir()
	program := filepath.Join(dir, "rundockd")
	if err := CheckProgram(program); err == nil || !strings.Contains(err.Error(), "playbooks/site.yml") {
		t.Errorf("without one: %v", err)
	}
	if err := os.WriteFile(program, nil, 0o644); err != nil {
		t.Fatal(err)
	}
	if err := CheckProgram(program); err == nil || !strings.Contains(err.Error(), "no executable file") {
		t.Errorf("not executable: %v", err)
	}
	if err := os.Chmod(program, 0o755); err != nil {
		t.Fatal(err)
	}
	if err := CheckProgram(program); err != nil {
		t.Errorf("executable: %v", err)
	}
}

func TestReadHost_goes_on_without_host_json(t *testing.T) {
	if _, err := os.Stat("/etc/service"); err != nil {
		t.Skip("runit is not installed here")
	}
	h, err := ReadHost(filepath.Join(t.TempDir(), "host.json"))
	if err != nil || h.Missing == nil || !strings.Contains(h.Missing.Error(), "playbooks/site.yml") {
		t.Errorf("missing: %v, %v", h.Missing, err)
	}
}
