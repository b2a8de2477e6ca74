package main

import (
	"maps"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"

	"rundock/modules/rundock/look"
)

// refuses fails unless the call fails with these words, and has written and
// restarted nothing.
func (m *machine) refuses(args string, want ...string) {
	m.t.Helper()
	before := snapshot(m.t)
	a := m.call(args)
	if !a.Failed {
		m.t.Errorf("%s does not fail: %s", args, a.raw)
	}
	for _, w := range want {
		if !strings.Contains(a.Msg, w) {
			m.t.Errorf("%s fails with\n     %s\nwant %s", args, a.Msg, w)
		}
	}
	if a.Changed {
		m.t.Errorf("%s fails and says changed", args)
	}
	if after := snapshot(m.t); !maps.Equal(before, after) {
		m.t.Errorf("%s fails and wrote %v", args, difference(before, after))
	}
}

func TestBadInputLeavesTheServiceRunning(t *testing.T) {
	m := onHost(t)
	const good = "state=enabled name=calm announce=80 image=app:1"
	m.apply(good)
	m.events("calm")

	t.Run("of a parameter", func(t *testing.T) {
		m := onHost(t)
		for _, c := range []struct{ args, want string }{
			{"name=calm", "state is present but any of the following are missing: image, announce"},
			{"state=enabled name=calm", "state is enabled but any of the following are missing: image, announce"},
			{"image=a", "one of the following is required: name, services"},
			{"name=calm image=a prt=80", "Unsupported parameters for (rundock) module: prt (did you mean port?)."},
			{"name=calm image=a state=started", "value of state must be one of: present, absent, enabled, disabled, restarted, got: started"},
			{"name=calm image=a announce=http", "argument 'announce' is of type <class 'str'> and we were unable to convert to int: <class 'str'> cannot be converted to an int"},
			{"name=calm image=a announce=70000", "value of announce must be between 1 and 65535, got: 70000"},
			{"name=calm image=a announce=80 port=0", "value of port must be between 1 and 65535, got: 0"},
			{"name=calm image=a port=80", "missing parameter(s) required by 'port': announce"},
			{"name=calm announce=80 args=-t", "missing parameter(s) required by 'args': image"},
			{"name=calm image=a wait=announced", "missing parameter(s) required by 'wait=announced': announce"},
			{"name=calm image=a stop_timeout=0", "value of stop_timeout must be between 1 and 86400, got: 0"},
			{"name=calm image=Registry/App", "in lower case, got: \"Registry/App\""},
			{"name=../calm image=a", "value of name must be two or more of a-z, A-Z, 0-9, _, . and -, the first a letter or a digit, got: \"../calm\""},
			{"name=../calm state=absent", "value of name must be"},
			{"name=calm.new image=a", "value of name must not end in .new: calm.new is the name of the container that is to take the place of the one of service calm, got: \"calm.new\""},
			{"name=calm.check image=a state=restarted", "value of name must not end in .check: "},
			{"name=overlay state=absent", "value of name must not be overlay: "},
			{"name=Calm_1 image=a announce=80", "value of name must be a DNS label when the service is announced"},
			{"name=calm image=a args='--no-such-flag'", "--no-such-flag"},
			{"name=calm image=a args='-p 99999:80'", "99999"},
			{"name=calm image=a announce=80 args='--network none'", "announce=80: the container is in network none"},
			{"name=calm image=a announce=80 announce_as=container args='--network host'", "announce=80: the container is in network host, where it has no address of its own: announce it as private or public"},
			{"name=calm image=a announce=80 announce_as=container args='--network container:web'", "announce=80: the container is in network container:web, where it has no address of its own: announce the port by web, whose network it is in"},
			{"name=calm image=a announce=80 args='-p 80:8080'", "announce=80: it is published as port 8080 of the container, but port is 80"},
			{"name=calm image=a announce=80 port=81 args='-p $PRIVATE_IP:80:8080'", "announce=80: it is published as port 8080 of the container, but port is 81"},
		} {
			m.refuses(c.args, c.want)
		}
	})
	t.Run("host.json", func(t *testing.T) {
		m := onHost(t)
		for content, want := range map[string]string{
			`{"version":1,`: "read host configuration /etc/rundock/host.json: line 1: ",
			strings.Replace(hostJSON, `"host"`, `"hots"`, 1):                                           `unknown field "hots"`,
			strings.Replace(hostJSON, `"etcd":{"endpoints":["http://127.0.0.1:2379"]}`, `"dns":[]`, 1): "host.json has neither etcd.endpoints nor consul.address",
			strings.Replace(hostJSON, `"etcd"`, `"runit":{"service":"/none"},"etcd"`, 1):               "runit.service: /none is not a folder",
		} {
			must(t, os.WriteFile("/etc/rundock/host.json", []byte(content), 0o644))
			m.refuses(good, want)
		}
		must(t, os.Remove("/etc/rundock/host.json"))
		m.refuses(good, "read host configuration: open /etc/rundock/host.json", "the host is not prepared")
		must(t, os.Mkdir("/etc/rundock/host.json", 0o755))
		m.refuses(good, "/etc/rundock/host.json: is a directory")
		must(t, os.Remove("/etc/rundock/host.json"))
	})
	t.Run("rundockd", func(t *testing.T) {
		m := onHost(t)
		must(t, os.Rename("/usr/local/bin/rundockd", "/usr/local/bin/away"))
		m.refuses(good, "rundockd is not installed: stat /usr/local/bin/rundockd")
		must(t, os.WriteFile("/usr/local/bin/rundockd", []byte("#!/bin/sh\necho broken >&2; exit 3\n"), 0o755))
		m.refuses(strings.Replace(good, "app:1", "app:2", 1), "rundockd ctl prepare calm", "broken")
		must(t, os.Rename("/usr/local/bin/away", "/usr/local/bin/rundockd"))
	})
	t.Run("what rundockd refuses", func(t *testing.T) {
		m := onHost(t)
		must(t, os.WriteFile("/run/standin/refusal", []byte("pull app:2: manifest unknown\n"), 0o644))
		defer os.Remove("/run/standin/refusal")
		m.refuses(strings.Replace(good, "app:1", "app:2", 1), "pull app:2: manifest unknown")
		m.refuses("state=enabled name=fresh image=app:2", "pull app:2: manifest unknown")
		if look.Exists("/etc/sv/docker-fresh") {
			t.Error("a service that cannot be is installed")
		}
	})
	t.Run("a service that does not come up", func(t *testing.T) {
		m := onHost(t)
		a := m.call("state=enabled name=calm announce=80 image=crashes wait_timeout=1 wait=announced")
		if want := "calm is not announced after 1s"; !a.Failed || !strings.Contains(a.Msg, want) {
			t.Errorf("the answer is %s, want it to fail with %s", a.raw, want)
		}
		if !a.Changed || len(a.Diff) == 0 {
			t.Errorf("what was changed before the failure is not told: %s", a.raw)
		}
		again := m.call("state=enabled name=calm announce=80 image=crashes wait_timeout=1 wait=announced")
		if !again.Failed || again.Changed {
			t.Errorf("the same again is %s, want it to fail without a change", again.raw)
		}
	})
	onHost(t).apply("state=absent name=calm")
}

func TestFullAndReadOnlyFileSystems(t *testing.T) {
	m := onHost(t)
	service := func(env string) string {
		return "state=enabled name=disk image=app:1 args='-e A=" + env + "'"
	}
	m.apply(service("1"))
	m.events("disk")

	t.Run("full", func(t *testing.T) {
		m := onHost(t)
		// The same files on a file system that has no room for more.
		must(t, os.Mkdir("/run/copy", 0o755))
		must(t, exec.Command("cp", "-a", "/etc/sv/docker-disk/.", "/run/copy").Run())
		must(t, syscall.Mount("tmpfs", "/etc/sv", "tmpfs", 0, "size=256k,nr_inodes=200"))
		defer func() { must(t, syscall.Unmount("/etc/sv", syscall.MNT_DETACH)) }()
		must(t, os.Mkdir("/etc/sv/docker-disk", 0o755))
		for _, f := range []string{"run", "finish", "check", "service.json", "log", ".rundock"} {
			must(t, exec.Command("cp", "-a", "/run/copy/"+f, "/etc/sv/docker-disk/").Run())
		}
		fill, err := os.Create("/etc/sv/fill")
		must(t, err)
		for block := make([]byte, 4096); ; {
			if _, err := fill.Write(block); err != nil {
				break
			}
		}
		fill.Close()
		m.refuses("name=disk image=app:1 args='-e A="+strings.Repeat("long", 4000)+"'", "/etc/sv/docker-disk/", "no space left on device")
		m.refuses("name=new image=app:1", "/etc/sv/docker-new/", "no space left on device")
	})
	t.Run("read-only", func(t *testing.T) {
		m := onHost(t)
		must(t, syscall.Mount("/etc", "/etc", "", syscall.MS_BIND|syscall.MS_REC, ""))
		must(t, syscall.Mount("", "/etc", "", syscall.MS_REMOUNT|syscall.MS_BIND|syscall.MS_RDONLY, ""))
		defer func() { must(t, syscall.Unmount("/etc", syscall.MNT_DETACH)) }()
		m.refuses(service("2"), "/etc/sv/docker-disk/", "read-only file system")
		m.refuses("state=enabled name=new image=app:1", "/etc/sv/docker-new", "read-only file system")
		m.refuses("state=disabled name=disk", "/etc/service/docker-disk", "read-only file system")
	})
	t.Run("a read-only /var/log", func(t *testing.T) {
		m := onHost(t)
		must(t, syscall.Mount("/var/log", "/var/log", "", syscall.MS_BIND, ""))
		defer func() { must(t, syscall.Unmount("/var/log", syscall.MNT_DETACH)) }()
		must(t, syscall.Mount("", "/var/log", "", syscall.MS_REMOUNT|syscall.MS_BIND|syscall.MS_RDONLY, ""))
		m.refuses(service("2"), "the log of disk could not be written: access /var/log/docker-disk: read-only file system")
		m.refuses("state=enabled name=new image=app:1", "the log of new could not be written: access /var/log: read-only file system")
		if a := m.call("state=enabled name=new image=app:1", "check_mode"); !a.Failed {
			t.Errorf("check mode finds nothing wrong: %s", a.raw)
		}
		if a := m.call(service("1")); a.Failed || a.Changed {
			t.Errorf("a call that changes nothing: %s", a.raw)
		}
	})
	m.wantEvents("disk")
	m.apply(service("3"))
	m.wantEvents("disk", "container 1 stopped", "container 2 started")
	m.apply("state=absent name=disk")
}

func TestStdin(t *testing.T) {
	m := onHost(t)
	cmd := exec.Command(m.module)
	cmd.Stdin = strings.NewReader(`{"state":"present","name":"piped","image":"app:1","_ansible_check_mode":true}`)
	out, err := cmd.Output()
	if want := `"msg":"piped: installed"`; err != nil || !strings.Contains(string(out), want) {
		t.Errorf("arguments on stdin: %v, %s; want %s", err, out, want)
	}
}

func TestThroughAnsible(t *testing.T) {
	m := onHost(t)
	if _, err := exec.LookPath("ansible"); err != nil {
		t.Skip("ansible is not installed")
	}
	library := t.TempDir()
	must(t, exec.Command("cp", m.module, library+"/rundock").Run())
	must(t, os.WriteFile(library+"/ansible.cfg", []byte("[defaults]\nlibrary = "+library+"\n"), 0o644))
	run := func(args string, flags ...string) string {
		cmd := exec.Command("ansible", append([]string{"localhost", "-c", "local", "-D", "-m", "rundock", "-a", args}, flags...)...)
		cmd.Env = append(os.Environ(), "ANSIBLE_CONFIG="+library+"/ansible.cfg", "ANSIBLE_NOCOLOR=1", "HOME="+library)
		out, err := cmd.CombinedOutput()
		if err != nil && !strings.Contains(string(out), "FAILED!") {
			t.Fatalf("ansible: %v\n%s", err, out)
		}
		return string(out)
	}
	const args = `state=enabled name=influxdb image=registry.example.com:5000/influxdb:latest args="--volumes-from data.influxdb -p $PRIVATE_IP:8083:8083" announce=8086 port=8086`
	for _, c := range []struct{ flags, want string }{
		{"-C", "localhost | CHANGED"}, {"", "localhost | CHANGED"}, {"-C", "localhost | SUCCESS"}, {"", "localhost | SUCCESS"},
	} {
		out := run(args, strings.Fields(c.flags)...)
		if !strings.Contains(out, c.want) {
			t.Errorf("ansible %s:\n%s\nwant %s", c.flags, out, c.want)
		}
		if strings.Contains(c.want, "CHANGED") && !strings.Contains(out, "+++ after: /etc/sv/docker-influxdb/services/announce/announce.json") {
			t.Errorf("ansible --diff does not show announce.json:\n%s", out)
		}
	}
	if out := run("name=influxdb"); !strings.Contains(out, "FAILED!") || !strings.Contains(out, "state is present but any of the following are missing: image, announce") {
		t.Errorf("a bad call through ansible:\n%s", out)
	}
	for _, want := range []string{"CHANGED", "SUCCESS"} {
		if out := run("state=absent name=influxdb"); !strings.Contains(out, "localhost | "+want) {
			t.Errorf("absent through ansible:\n%s\nwant %s", out, want)
		}
	}
}

func TestTwoCallsAtOnce(t *testing.T) {
	m := onHost(t)
	const args = "state=enabled name=twice image=app:1"
	answers := make(chan answer, 4)
	for range cap(answers) {
		go func() { answers <- m.call(args) }()
	}
	changed := 0
	for range cap(answers) {
		a := <-answers
		if a.Failed {
			t.Errorf("one of the calls failed: %s", a.Msg)
		}
		if a.Changed {
			changed++
		}
	}
	if changed != 1 {
		t.Errorf("%d calls of %d at once have changed something, want 1", changed, cap(answers))
	}
	m.wantEvents("twice", "container 1 started")
	m.apply("state=absent name=twice")
}

// wait_timeout is for the whole of a call: what pulling takes is not there to wait.
func TestWaitTimeout_counts_the_pull(t *testing.T) {
	m := onHost(t)
	pull := func(seconds string) { must(t, os.WriteFile("/run/standin/pull", []byte(seconds), 0o644)) }
	t.Cleanup(func() { os.Remove("/run/standin/pull") })
	const call = "state=enabled name=heavy image=crashes "
	pull("2")
	if a := m.call(call + "wait_timeout=1"); !a.Failed || a.Changed || !strings.Contains(a.Msg, "not prepared within 1s") {
		t.Errorf("a pull that takes longer: %s", a.raw)
	}
	if a := m.call(call + "wait_timeout=4"); !a.Failed || !strings.Contains(a.Msg, "heavy is not running after 4s, of which pulling its image took 2s") {
		t.Errorf("one that takes a part of it: %s", a.raw)
	}
}
