package main

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"rundock/internal/await"
	"rundock/internal/registry/etcdtest"
)

func TestSystemdTakesTheUnit(t *testing.T) {
	needSystemd(t)
	unit, err := os.ReadFile("dnsd.service")
	if err != nil {
		t.Fatal(err)
	}
	program, err := os.Executable() // where dnsd is not installed
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "dnsd.service")
	if err := os.WriteFile(file, bytes.Replace(unit, []byte("/usr/local/bin/dnsd"), []byte(program), 1), 0o644); err != nil {
		t.Fatal(err)
	}
	if out, err := exec.Command("systemd-analyze", "verify", "--man=no", file).CombinedOutput(); err != nil || len(out) > 0 {
		t.Errorf("systemd-analyze verify: %v\n%s", err, out)
	}
}

func needSystemd(t *testing.T) {
	t.Helper()
	if _, err := exec.LookPath("systemd-analyze"); err != nil {
		t.Skip("systemd is not installed (make test installs it)")
	}
}

// A box is a systemd, process 1 of namespaces of its own, see testdata.
type box struct {
	t      *testing.T
	folder string
	outer  *exec.Cmd
	first  string // its process 1, as this side numbers it
	log    bytes.Buffer
}

// startBox starts one with these files; it has this machine's network.
func startBox(t *testing.T, files map[string][]byte) *box {
	t.Helper()
	b := &box{t: t, folder: t.TempDir()}
	for name, content := range files {
		if err := os.WriteFile(filepath.Join(b.folder, name), content, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Mkdir(filepath.Join(b.folder, "box"), 0o755); err != nil {
		t.Fatal(err)
	}
	script, err := filepath.Abs("testdata/systemd.sh")
	if err != nil {
		t.Fatal(err)
	}
	// A cgroup that is the root of those inside.
	var groups []string
	for _, hierarchy := range []string{"", "/systemd", "/unified"} {
		if _, err := os.Stat("/sys/fs/cgroup" + hierarchy + "/cgroup.procs"); err == nil {
			group := fmt.Sprintf("/sys/fs/cgroup%s/dnsd-test-%d", hierarchy, os.Getpid())
			if err := os.Mkdir(group, 0o755); err != nil {
				t.Fatal(err)
			}
			groups = append(groups, group)
		}
	}
	enter := ""
	for _, group := range groups {
		enter += "echo $$ >" + group + "/cgroup.procs && "
	}
	b.outer = exec.Command("sh", "-c", enter+`exec unshare --mount --pid --fork --kill-child --ipc --uts --cgroup bash "$@"`, "sh", script, b.folder)
	b.outer.Stdout, b.outer.Stderr = &b.log, &b.log
	b.outer.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	if err := b.outer.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if t.Failed() {
			journal, _ := b.run(nil, "journalctl", "--no-pager", "-n", "100", "-o", "cat")
			t.Logf("the journal says:\n%s", journal)
		}
		b.outer.Process.Kill()
		b.outer.Wait()
		if t.Failed() {
			t.Logf("systemd said:\n%s", b.log.String())
		}
		for _, group := range groups {
			await.True(t, group+" can be removed", func() bool { return removed(group) })
		}
	})
	await.True(t, "process 1 is there", func() bool {
		children, _ := os.ReadFile(fmt.Sprintf("/proc/%d/task/%d/children", b.outer.Process.Pid, b.outer.Process.Pid))
		b.first = strings.TrimSpace(string(children))
		return b.first != ""
	})
	return b
}

// removed removes a cgroup and those below it.
func removed(group string) bool {
	var all []string
	filepath.WalkDir(group, func(path string, e fs.DirEntry, err error) error {
		if err == nil && e.IsDir() {
			all = append(all, path)
		}
		return nil
	})
	for i := len(all) - 1; i >= 0; i-- {
		os.Remove(all[i])
	}
	_, err := os.Stat(group)
	return errors.Is(err, fs.ErrNotExist)
}

// run runs a command inside.
func (b *box) run(stdin []byte, command ...string) (string, error) {
	cmd := exec.Command("nsenter", append([]string{"--target", b.first, "--mount", "--pid", "--ipc", "--uts", "--cgroup", "--root", "--wd"}, command...)...)
	cmd.Stdin = bytes.NewReader(stdin)
	out, err := cmd.CombinedOutput()
	return strings.TrimSpace(string(out)), err
}

func (b *box) must(stdin []byte, command ...string) string {
	b.t.Helper()
	out, err := b.run(stdin, command...)
	if err != nil {
		b.t.Fatalf("%q: %v: %s", command, err, out)
	}
	return out
}

func (b *box) show(property string) string {
	b.t.Helper()
	return b.must(nil, "systemctl", "show", "--property="+property, "--value", "dnsd")
}

func (b *box) said() string {
	b.t.Helper()
	return b.must(nil, "journalctl", "--no-pager", "--unit=dnsd", "--output=cat")
}

// TestUnderSystemd has systemd run dnsd by the unit: as its user with the one
// right, reloaded and upgraded without a lost query, restarted when it dies.
func TestUnderSystemd(t *testing.T) {
	needSystemd(t)
	if os.Geteuid() != 0 {
		t.Skip("only root can make namespaces")
	}
	t.Parallel()
	etcd := etcdtest.Start(t, "embedded", nil)
	put(t, etcd.Admin(), "web")
	read := func(path string) []byte {
		t.Helper()
		content, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		return content
	}
	program, d := read("/proc/self/exe"), &daemon{address: net.JoinHostPort(etcdtest.Host().String(), "53")}
	conf := fmt.Sprintf("listen = %s\netcd = %s\nmetrics =\n", d.address, etcd.URL)
	b := startBox(t, map[string][]byte{
		"dnsd": program, "dnsd.service": read("dnsd.service"), "dnsd.conf": []byte(conf), "host.json": read(hostFile(t)),
		"test.conf": []byte("[Service]\nEnvironment=DNSD_TEST_IS_DNSD=1\n"),
	})
	await.True(t, "systemd starts it", func() bool {
		_, err := b.run(nil, "systemctl", "start", "dnsd")
		return err == nil
	})
	await.True(t, "it answers", func() bool { return d.answers("web") })
	main := b.show("MainPID")
	status := b.must(nil, "cat", "/proc/"+main+"/status")
	user := b.must(nil, "id", "-u", "dnsd")
	for _, want := range []string{"Uid:\t" + user + "\t" + user, "CapEff:\t0000000000000400", "CapBnd:\t0000000000000400", "CapAmb:\t0000000000000400", "NoNewPrivs:\t1"} {
		if !strings.Contains(status, want) {
			t.Errorf("it has not %q:\n%s", want, status)
		}
	}

	crowd := ask(t, d.address, "web.s.prod.example.com.")
	handed := 0
	reload := func(claim string) {
		t.Helper()
		b.must(nil, "systemctl", "reload", "dnsd")
		handed++
		await.True(t, claim, func() bool { return strings.Count(b.said(), "handed over") == handed })
	}
	b.must([]byte(conf+"ttl = 77\n"), "tee", "/etc/rundock/dnsd.conf")
	reload("it hands over on a reload")
	if got := d.ttl("web.s.prod.example.com."); got != 77 {
		t.Errorf("after a reload the TTL is %d, want the file's", got)
	}
	b.must(program, "sh", "-c", "cat >/usr/local/bin/dnsd.new && chmod 755 /usr/local/bin/dnsd.new && mv /usr/local/bin/dnsd.new /usr/local/bin/dnsd")
	reload("it hands over to another program")
	if running, installed := b.must(nil, "stat", "-Lc", "%i", "/proc/"+main+"/exe"), b.must(nil, "stat", "-c", "%i", "/usr/local/bin/dnsd"); running != installed {
		t.Error("it does not run the program that is installed now")
	}
	b.must([]byte("ttl = many\n"), "tee", "/etc/rundock/dnsd.conf")
	b.must(nil, "systemctl", "reload", "dnsd")
	await.True(t, "a bad file is named", func() bool { return strings.Contains(b.said(), "everything stays as it was") })
	if asked, lost := crowd.end(); lost > 0 || asked < 100 {
		t.Errorf("%d of %d queries got no answer", lost, asked)
	}
	if now := b.show("MainPID"); now != main || b.show("NRestarts") != "0" {
		t.Errorf("it is process %s, was %s, restarted %s times", now, main, b.show("NRestarts"))
	}

	b.must([]byte(conf), "tee", "/etc/rundock/dnsd.conf")
	b.must(nil, "kill", "-KILL", main)
	await.True(t, "systemd starts it again", func() bool { n, _ := strconv.Atoi(b.show("NRestarts")); return n > 0 && d.answers("web") })
	b.must(nil, "systemctl", "stop", "dnsd")
	if got := b.show("ActiveState") + " " + b.show("Result"); got != "inactive success" {
		t.Errorf("after a stop it is %s", got)
	}
	if d.answers("web") {
		t.Error("after a stop it answers")
	}
}
