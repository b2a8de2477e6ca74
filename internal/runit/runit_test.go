package runit

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"rundock/internal/await"
)

func TestDetect(t *testing.T) {
	for _, c := range []struct {
		name, sv, service string
		dirs              string
		want              Folders
		err               string
	}{
		{"Debian", "", "", "/etc/service /etc/sv", Folders{"/etc/sv", "/etc/service"}, ""},
		{"Void", "", "", "/var/service /etc/sv", Folders{"/etc/sv", "/var/service"}, ""},
		{"upstream", "", "", "/service", Folders{"/etc/sv", "/service"}, ""},
		{"settings win", "/srv/sv", "/srv/on", "/etc/service /srv/on", Folders{"/srv/sv", "/srv/on"}, ""},
		{"a setting without its folder is an error", "", "/srv/on", "/etc/service", Folders{}, "runit.service: /srv/on is not a folder"},
		{"no runit is an error that says where it looked", "", "", "", Folders{}, "none of /etc/service, /var/service, /service"},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, err := detect(c.sv, c.service, func(p string) bool {
				return strings.Contains(" "+c.dirs+" ", " "+p+" ")
			})
			if c.err != "" {
				if err == nil || !strings.Contains(err.Error(), c.err) {
					t.Fatalf("error = %v, want one with %q", err, c.err)
				}
				return
			}
			if err != nil || got != c.want {
				t.Errorf("detect = %v, %v; want %v", got, err, c.want)
			}
		})
	}
}

func TestParseStatus(t *testing.T) {
	// Written by runsv 2.1.2 at 2024-01-02 03:05:09 UTC for process 0x01020304.
	data := []byte("\x40\x00\x00\x00\x65\x93\x7d\x6f" + "\x00\x00\x03\xe8" + "\x04\x03\x02\x01" + "\x00" + "d" + "\x01" + "\x01")
	got, err := ParseStatus(data)
	want := Status{Since: time.Unix(1704164709, 1000), PID: 0x01020304, WantDown: true, GotTerm: true, State: Run}
	if err != nil || !got.Since.Equal(want.Since) {
		t.Fatalf("ParseStatus = %v, %v; want since %v", got, err, want.Since)
	}
	got.Since, want.Since = time.Time{}, time.Time{}
	if got != want {
		t.Errorf("ParseStatus = %+v, want %+v", got, want)
	}
	if _, err := ParseStatus(data[:19]); err == nil {
		t.Error("19 bytes are a status, want an error")
	}
}

// supervisor runs a runsvdir of its own in a temporary folder.
func supervisor(t *testing.T, arguments ...string) Folders {
	t.Helper()
	return supervisorTelling(t, nil, arguments...)
}

// supervisorTelling is supervisor that writes its complaints to stderr.
func supervisorTelling(t *testing.T, stderr io.Writer, arguments ...string) Folders {
	t.Helper()
	if _, err := exec.LookPath("runsvdir"); err != nil {
		t.Skip("runit is not installed")
	}
	root := t.TempDir()
	f := Folders{SV: filepath.Join(root, "sv"), Service: filepath.Join(root, "service")}
	for _, d := range []string{f.SV, f.Service} {
		if err := os.Mkdir(d, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	cmd := exec.Command("runsvdir", append([]string{"-P", f.Service}, arguments...)...)
	cmd.Stderr = stderr
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGHUP}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		entries, _ := os.ReadDir(f.SV)
		cmd.Process.Signal(syscall.SIGTERM) // runsvdir leaves, its runsvs stay
		cmd.Wait()
		for _, e := range entries {
			if err := Exit(patience(t), f.Dir(e.Name()), nil); err != nil {
				t.Error(err)
			}
		}
	})
	return f
}

// service writes the service directory of name.
func (f Folders) service(t *testing.T, name, run string) {
	t.Helper()
	if err := os.MkdirAll(f.Dir(name), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(f.Dir(name), "run"), []byte("#!/bin/sh\n"+run), 0o755); err != nil {
		t.Fatal(err)
	}
}

func patience(t *testing.T) context.Context {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	t.Cleanup(cancel)
	return ctx
}

func TestServiceLife(t *testing.T) {
	for _, c := range []struct {
		name      string
		arguments []string
	}{
		{"runsvdir with a log argument", []string{"log: " + strings.Repeat(".", 100)}},
		{"runsvdir without one", nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			f := supervisor(t, c.arguments...)
			f.service(t, "web", "exec sleep 1000\n")
			if on, err := f.Enabled("web"); on || err != nil {
				t.Fatalf("Enabled before = %v, %v; want false", on, err)
			}
			if err := f.Enable(patience(t), "web"); err != nil {
				t.Fatal(err)
			}
			if on, err := f.Enabled("web"); !on || err != nil {
				t.Errorf("Enabled after = %v, %v; want true", on, err)
			}
			var s Status
			await.True(t, "its process runs", func() bool {
				var err error
				if s, err = ReadStatus(f.Dir("web")); err != nil {
					t.Fatal(err)
				}
				return s.State == Run && s.PID != 0 && !s.WantDown
			})
			if err := syscall.Kill(s.PID, 0); err != nil {
				t.Errorf("process %d of the status: %v", s.PID, err)
			}
			if d := time.Since(s.Since); d < -time.Minute || d > time.Minute {
				t.Errorf("Since = %v, want about now", s.Since)
			}
			if err := f.Unlink("web"); err != nil {
				t.Fatal(err)
			}
			if err := Exit(patience(t), f.Dir("web"), nil); err != nil {
				t.Fatal(err)
			}
			if up, err := Supervised(f.Dir("web")); up || err != nil {
				t.Errorf("Supervised after Exit = %v, %v; want false", up, err)
			}
			if err := Exit(patience(t), f.Dir("web"), nil); err != nil {
				t.Errorf("second Exit: %v", err)
			}
			if err := Clear(f.Dir("web")); err != nil {
				t.Error(err)
			}
			if entries, _ := os.ReadDir(f.Dir("web")); len(entries) != 1 {
				t.Errorf("after Clear the folder holds %v, want run alone", entries)
			}
		})
	}
}

// runsvdir shows what it reads from its stderr at the end of its log argument,
// and what it reads has ended its sleep.
func TestWakeIsHeard(t *testing.T) {
	f := supervisor(t, "log: "+strings.Repeat("_", 1000))
	var pids []int // a process that has just been started has no arguments yet
	await.True(t, "one runsvdir is found", func() bool { pids = Scanners(f.Service); return len(pids) == 1 })
	heard := func() int {
		line, err := os.ReadFile(fmt.Sprintf("/proc/%d/cmdline", pids[0]))
		if err != nil {
			t.Fatal(err)
		}
		_, log, _ := strings.Cut(string(line), "log: ")
		return strings.Count(log, ".")
	}
	for i := range 3 {
		name, before := fmt.Sprintf("s%d", i), heard()
		f.service(t, name, "exec sleep 1000\n")
		if err := f.Enable(patience(t), name); err != nil {
			t.Fatal(err)
		}
		await.True(t, "runsvdir was woken for "+name, func() bool { return heard() > before })
	}
}

func TestWakeSparesOtherPipes(t *testing.T) {
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	cmd := exec.Command("sleep", "1000")
	cmd.Stderr = w
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	defer func() { cmd.Process.Kill(); cmd.Wait() }()
	w.Close()
	if readsOwnStderr(fmt.Sprintf("/proc/%d", cmd.Process.Pid)) {
		t.Error("a pipe that another process reads is taken for runsvdir's own")
	}
}

func TestLeave(t *testing.T) {
	f := supervisor(t, "log: "+strings.Repeat(".", 100))
	f.service(t, "web", "trap 'touch handed-over; exit 0' HUP\ntouch up\nwhile :; do sleep 0.05; done\n")
	if err := f.Enable(patience(t), "web"); err != nil {
		t.Fatal(err)
	}
	await.True(t, "the script has set its trap", func() bool { return exists(f.Dir("web") + "/up") })
	for range 2 { // the second finds it down already
		if err := Leave(patience(t), f.Dir("web")); err != nil {
			t.Fatal(err)
		}
		s, err := ReadStatus(f.Dir("web"))
		if err != nil || s.State != Down || !s.WantDown {
			t.Errorf("status after Leave = %+v, %v; want down", s, err)
		}
	}
	if !exists(f.Dir("web") + "/handed-over") {
		t.Error("the process has not had HUP")
	}
}

func TestControlWithoutRunsv(t *testing.T) {
	if err := Control(t.TempDir(), "t"); !errors.Is(err, ErrNotSupervised) {
		t.Errorf("Control = %v, want ErrNotSupervised", err)
	}
	if err := Leave(patience(t), t.TempDir()); err != nil {
		t.Errorf("Leave = %v, want nil", err)
	}
}

func TestEnableWithoutRunsvdir(t *testing.T) {
	root := t.TempDir()
	f := Folders{SV: root + "/sv", Service: root + "/service"}
	os.Mkdir(f.Service, 0o755)
	f.service(t, "web", "exec sleep 1000\n")
	ctx, cancel := context.WithTimeout(context.Background(), 100*time.Millisecond)
	defer cancel()
	err := f.Enable(ctx, "web")
	if err == nil || !strings.Contains(err.Error(), "does runsvdir run on "+f.Service) {
		t.Errorf("Enable = %v, want a hint at runsvdir", err)
	}
}

func TestEnabledRefusesWhatIsNotItsFolder(t *testing.T) {
	root := t.TempDir()
	f := Folders{SV: root + "/sv", Service: root + "/service"}
	f.service(t, "web", "")
	f.service(t, "other", "")
	os.Mkdir(f.Service, 0o755)
	if err := os.Symlink(f.Dir("other"), f.Link("web")); err != nil {
		t.Fatal(err)
	}
	if _, err := f.Enabled("web"); err == nil || !strings.Contains(err.Error(), "/sv/other, not "+f.Dir("web")) {
		t.Errorf("Enabled = %v, want an error that names both", err)
	}
}

func exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}

func TestARunsvThatLeavesMeanwhileIsNone(t *testing.T) {
	path := filepath.Join(t.TempDir(), "control")
	if err := syscall.Mkfifo(path, 0o600); err != nil {
		t.Fatal(err)
	}
	reader, err := os.OpenFile(path, os.O_RDONLY|syscall.O_NONBLOCK, 0)
	if err != nil {
		t.Fatal(err)
	}
	f, err := openFIFO(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	reader.Close()
	if err := write(f, "x"); !errors.Is(err, ErrNotSupervised) {
		t.Errorf("write = %v, want %v", err, ErrNotSupervised)
	}
}
