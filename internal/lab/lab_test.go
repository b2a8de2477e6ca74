package lab

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"rundock/internal/await"
)

// needLab skips a test that makes hosts, unless they are wanted.
func needLab(t *testing.T) {
	t.Helper()
	if os.Getenv("RUNDOCK_LAB") != "1" {
		t.Skip("makes hosts on this machine: set RUNDOCK_LAB=1 to run it")
	}
	if os.Geteuid() != 0 {
		t.Skip("makes namespaces and mounts: needs root")
	}
}

// testLab brings up a lab of the test's own and takes it down afterwards.
func testLab(t *testing.T, id string, o Options) *Lab {
	t.Helper()
	config := ConfigFrom(os.Getenv)
	config.ID, config.Dir = id, t.TempDir()
	l, err := New(config)
	if err != nil {
		t.Fatal(err)
	}
	l.Progress = t.Logf
	t.Cleanup(func() {
		if _, err := l.Down(); err != nil {
			t.Errorf("down: %v", err)
		}
	})
	if _, err := l.Up(t.Context(), o); err != nil {
		t.Fatal(err)
	}
	return l
}

// on runs a shell line on a host.
func on(t *testing.T, l *Lab, host, line string) string {
	t.Helper()
	out, err := l.Exec(t.Context(), host, "sh", "-c", line)
	if err != nil {
		t.Fatal(err)
	}
	return strings.TrimSpace(out)
}

// reaches returns whether host gets an answer to a GET of url.
func reaches(l *Lab, host, url string) error {
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	_, err := l.Exec(ctx, host, "curl", "-fsS", "-m", "1", url)
	return err
}

const front, back1, back2 = "node-front-1", "node-back-1", "node-back-2"

func TestPreparedLab(t *testing.T) {
	needLab(t)
	l := testLab(t, "labtest", Options{})
	influx := fmt.Sprintf("http://%s:8083/ping", l.Addr(back1))

	t.Run("a second up changes nothing", func(t *testing.T) {
		if did, err := l.Up(t.Context(), Options{}); err != nil || len(did) != 0 {
			t.Errorf("up = %q, %v, want nothing done", did, err)
		}
	})
	t.Run("every host answers over ssh with its own name, key and machine-id", func(t *testing.T) {
		ids := make(map[string]string)
		for _, h := range []string{front, back1, back2} {
			line, err := l.SSH(h, "hostname; cat /etc/machine-id /etc/ssh/ssh_host_ed25519_key.pub")
			if err != nil {
				t.Fatal(err)
			}
			out, err := run("", line...)
			if err != nil {
				t.Fatal(err)
			}
			name, id, _ := strings.Cut(out, "\n")
			if name != h {
				t.Errorf("ssh to %s reaches %s", h, name)
			}
			if other, taken := ids[id]; taken {
				t.Errorf("%s and %s share machine-id and key", h, other)
			}
			ids[id] = h
		}
	})
	t.Run("hosts reach each other and nothing outside", func(t *testing.T) {
		on(t, l, back2, fmt.Sprintf("ping -c1 -W5 %s && ping -c1 -W5 %s", l.Addr(front), l.Addr(back1)))
		if routes := on(t, l, back2, "ip route show default"); routes != "" {
			t.Errorf("a back host has a default route: %s", routes)
		}
	})
	t.Run("a container's port is reached from another host", func(t *testing.T) {
		archives, err := l.Images(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if _, err := l.Load(t.Context(), back1, archives); err != nil {
			t.Fatal(err)
		}
		on(t, l, back1, fmt.Sprintf("docker run -d --name influxdb -p %s:8083:8083 %s/influxdb:latest", l.Addr(back1), Registry))
		await.Nil(t, "GET "+influx, func() error { return reaches(l, front, influx) })
		await.Nil(t, "health of influxdb", func() error {
			if state := on(t, l, back1, "docker inspect -f '{{.State.Health.Status}}' influxdb"); state != "healthy" {
				return fmt.Errorf("docker says %s", state)
			}
			return nil
		})
	})
	t.Run("containers survive a restart of dockerd", func(t *testing.T) {
		started := on(t, l, back1, "docker inspect -f '{{.State.StartedAt}}' influxdb")
		on(t, l, back1, "service docker restart")
		await.Nil(t, "dockerd on "+back1, func() error { _, err := l.Exec(t.Context(), back1, "docker", "version"); return err })
		if now := on(t, l, back1, "docker inspect -f '{{.State.StartedAt}}' influxdb"); now != started {
			t.Errorf("influxdb started at %s, was running since %s", now, started)
		}
	})
	t.Run("init brings a killed runsvdir back", func(t *testing.T) {
		was := on(t, l, back2, "pgrep -x runsvdir")
		on(t, l, back2, "kill -9 "+was)
		await.Nil(t, "runsvdir on "+back2, func() error {
			if out, err := l.Exec(t.Context(), back2, "pgrep", "-x", "runsvdir"); err != nil || strings.TrimSpace(out) == was {
				return fmt.Errorf("pgrep: %q, %v", out, err)
			}
			return nil
		})
	})
	t.Run("power loss keeps the disk and loses the memory", func(t *testing.T) {
		before := on(t, l, back1, "touch /root/kept /var/lib/docker/kept /run/lost /tmp/lost; ip link add lost type bridge; cat /etc/machine-id; ip -o -4 addr show eth0")
		if err := l.Stop(back1); err != nil {
			t.Fatal(err)
		}
		if _, err := l.Exec(t.Context(), back1, "true"); err == nil || !strings.Contains(err.Error(), "not running") {
			t.Errorf("exec on a host without power: %v, want that it is not running", err)
		}
		if err := l.Stop(back1); err != nil {
			t.Errorf("second stop: %v", err)
		}
		if err := l.Start(t.Context(), back1); err != nil {
			t.Fatal(err)
		}
		if after := on(t, l, back1, "cat /etc/machine-id; ip -o -4 addr show eth0"); strip(after) != strip(before) {
			t.Errorf("machine-id and address were\n%s\nand are\n%s", before, after)
		}
		on(t, l, back1, "ls /root/kept /var/lib/docker/kept")
		if out := on(t, l, back1, "ls -d /run/lost /tmp/lost /sys/class/net/lost 2>/dev/null || :"); out != "" {
			t.Errorf("left over from before: %s", out)
		}
		on(t, l, back1, "docker start influxdb && pgrep -x runsvdir && pgrep -x sshd")
		await.Nil(t, "GET "+influx, func() error { return reaches(l, front, influx) })
	})
	t.Run("a partition is silent, lasts over a boot and heals", func(t *testing.T) {
		if err := l.Partition(back1); err != nil {
			t.Fatal(err)
		}
		if err := reaches(l, front, influx); err == nil {
			t.Errorf("GET %s is answered though %s is cut off", influx, back1)
		}
		if err := reaches(l, back2, fmt.Sprintf("http://%s/", l.Addr(front))); err == nil || strings.Contains(err.Error(), "timed out") {
			t.Errorf("the others do not reach each other: %v", err)
		}
		if up := on(t, l, back1, "cat /sys/class/net/eth0/carrier"); up != "1" {
			t.Errorf("carrier of a host that is cut off = %s, want 1", up)
		}
		if err := l.Stop(back1); err != nil {
			t.Fatal(err)
		}
		if err := l.Start(t.Context(), back1); err != nil {
			t.Fatal(err)
		}
		s, err := l.Status(t.Context())
		if err != nil || !s.Hosts[1].Partitioned || s.Hosts[2].Partitioned {
			t.Errorf("status = %+v, %v, want %s alone cut off", s, err, back1)
		}
		for range 2 {
			if err := l.Heal(back1); err != nil {
				t.Fatal(err)
			}
		}
		on(t, l, back1, "docker start influxdb")
		await.Nil(t, "GET "+influx, func() error { return reaches(l, front, influx) })
	})
	t.Run("up replaces a killed switch under running hosts", func(t *testing.T) {
		if err := endCgroup(l.hierarchies, cgroupOf(l.ID, "switch"), time.Now().Add(time.Minute)); err != nil {
			t.Fatal(err)
		}
		if _, err := Open(l.Config); err == nil {
			t.Error("a lab without switch was opened")
		}
		boots := on(t, l, back1, "stat -c %Y /proc/1")
		if _, err := l.Up(t.Context(), Options{}); err != nil {
			t.Fatal(err)
		}
		if now := on(t, l, back1, "stat -c %Y /proc/1"); now != boots {
			t.Errorf("%s was started again", back1)
		}
		await.Nil(t, "GET "+influx, func() error { return reaches(l, front, influx) })
	})
	t.Run("the lab grows while it runs", func(t *testing.T) {
		did, err := l.Up(t.Context(), Options{Hosts: 4, NoPython: []string{"node-back-3"}})
		if err != nil {
			t.Fatal(err)
		}
		if !slices.Contains(did, "made and started node-back-3") {
			t.Errorf("up did %q, want node-back-3 made", did)
		}
		if out, err := l.Exec(t.Context(), "node-back-3", "sh", "-c", "command -v python3 || ls /usr/lib/python3"); err == nil {
			t.Errorf("a host without Python has %s", out)
		}
		on(t, l, "node-back-3", "docker version")
	})
	t.Run("a host of another release has its own packages", func(t *testing.T) {
		other := map[string]string{"node-back-4": "forky"}
		if _, err := l.Up(t.Context(), Options{Hosts: 5, Releases: other}); err != nil {
			t.Fatal(err)
		}
		const offered = ". /etc/os-release && echo $VERSION_CODENAME && apt-get -qq update && apt-get -s install tcpdump | grep ^Inst && docker version"
		if on(t, l, back1, offered) == on(t, l, "node-back-4", offered) {
			t.Error("it has the same as another")
		}
		s, err := l.Status(t.Context())
		if err != nil || s.Hosts[3].Release != l.Release || s.Hosts[4].Release != "forky" {
			t.Errorf("status = %+v, %v", s, err)
		}
		if did, err := l.Up(t.Context(), Options{Releases: other}); err != nil || len(did) != 0 {
			t.Errorf("up again = %q, %v, want nothing done", did, err)
		}
		if _, err := l.Up(t.Context(), Options{Releases: map[string]string{back1: "forky"}}); err == nil || !strings.Contains(err.Error(), "node-back-1 of Debian "+l.Release) {
			t.Errorf("up of a host that is there with another release: %v, want an error that names both", err)
		}
	})
}

// strip returns s without the output of commands that differ by boot.
func strip(s string) string {
	lines := strings.SplitAfter(s, "\n")
	for i, line := range lines {
		if strings.Contains(line, "eth0") {
			lines[i] = strings.Join(strings.Fields(line)[1:4], " ")
		}
	}
	return strings.Join(lines, "")
}

func TestBareLab(t *testing.T) {
	needLab(t)
	l := testLab(t, "labbare", Options{Hosts: 1, Flavour: Bare})
	t.Run("packages come from the lab's repository and their services start", func(t *testing.T) {
		if out, err := l.Exec(t.Context(), front, "dockerd", "--version"); err == nil {
			t.Fatalf("a bare host has docker: %s", out)
		}
		on(t, l, front, "apt-get -q update && DEBIAN_FRONTEND=noninteractive apt-get install -q -y "+strings.Join(preparedPackages, " "))
		await.Nil(t, "dockerd", func() error { _, err := l.Exec(t.Context(), front, "docker", "version"); return err })
		await.Nil(t, "runsvdir", func() error { _, err := l.Exec(t.Context(), front, "pgrep", "-x", "runsvdir"); return err })
	})
	t.Run("what was installed comes up after power loss", func(t *testing.T) {
		if err := l.Stop(front); err != nil {
			t.Fatal(err)
		}
		if err := l.Start(t.Context(), front); err != nil {
			t.Fatal(err)
		}
		on(t, l, front, "docker version && pgrep -x runsvdir")
	})
	t.Run("every offered package can be installed", func(t *testing.T) {
		on(t, l, front, "apt-get -s install "+strings.Join(offeredPackages, " "))
	})
}

// trace is what of a machine the lab called id might leave changed. What
// other labs do meanwhile is not in it.
func trace(t *testing.T, id string) []string {
	t.Helper()
	others := regexp.MustCompile(`rundock-lab-[a-z0-9]+|[a-z0-9]+-(prv|pub)\b`)
	foreign := func(line string) bool {
		for _, name := range others.FindAllString(line, -1) {
			if name != "rundock-lab-"+id && name != id+"-prv" && name != id+"-pub" {
				return true
			}
		}
		return false
	}
	var all []string
	add := func(kind, text string) {
		for line := range strings.Lines(text) {
			if line = strings.TrimSpace(line); line != "" && !strings.HasPrefix(line, "#") && !foreign(line) {
				all = append(all, kind+": "+line)
			}
		}
	}
	for kind, argv := range map[string][]string{
		"network namespace": {"ip", "netns"},
		"link":              {"ls", "/sys/class/net"},
		"address":           {"sh", "-c", "ip -o -4 addr | awk '{print $2, $4}'"},
		"cgroup":            {"find", "/sys/fs/cgroup", "-maxdepth", "2", "-mindepth", "1", "-type", "d"},
		"nftables":          {"nft", "-s", "list", "ruleset"},
		"iptables":          {"iptables-save"},
		"mount":             {"cat", "/proc/self/mountinfo"},
	} {
		out, err := run("", argv...)
		if err != nil {
			t.Fatal(err)
		}
		add(kind, out)
	}
	processes, err := filepath.Glob("/proc/[0-9]*")
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range processes {
		group, err := os.ReadFile(filepath.Join(p, "cgroup"))
		if err != nil || foreign(string(group)) {
			continue // it has just gone, or is another lab's
		}
		for _, ns := range []string{"net", "mnt", "pid"} {
			if name, err := os.Readlink(filepath.Join(p, "ns", ns)); err == nil {
				add("process in namespace", name)
			}
		}
		if line, err := os.ReadFile(filepath.Join(p, "cmdline")); err == nil && bytes.HasPrefix(line, []byte("rundock-lab-")) {
			add("process", string(bytes.ReplaceAll(line, []byte{0}, []byte{' '})))
		}
	}
	slices.Sort(all)
	return slices.Compact(all)
}

// TestKilledUp kills lab up at several stages of its work. Programs other than
// labs that make namespaces or links meanwhile would show in it.
func TestKilledUp(t *testing.T) {
	needLab(t)
	program := filepath.Join(t.TempDir(), "lab")
	if out, err := exec.Command("go", "build", "-o", program, "rundock/internal/lab/cmd/lab").CombinedOutput(); err != nil {
		t.Fatalf("build lab: %v\n%s", err, out)
	}
	config := ConfigFrom(os.Getenv)
	config.ID, config.Dir = "labkill", filepath.Join(t.TempDir(), "files")
	l, err := New(config)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := l.base(l.Release); err != nil {
		t.Fatal(err)
	}
	environ := func(extra ...string) []string {
		return append(append(os.Environ(), "RUNDOCK_LAB_ID="+config.ID, "RUNDOCK_LAB_DIR="+config.Dir), extra...)
	}
	private, _ := networks(config.ID)
	link := "/sys/class/net/" + config.ID + "-" + private.name
	freshCache := t.TempDir()
	for _, c := range []struct {
		when string
		env  []string
		met  func() bool
	}{
		{"the base is being built", []string{"RUNDOCK_LAB_CACHE=" + freshCache}, func() bool {
			found, _ := filepath.Glob(filepath.Join(freshCache, "building-*/bare/*"))
			return len(found) > 0
		}},
		{"the first cgroup is there", nil, func() bool {
			return exists(filepath.Join(l.hierarchies[0].Path, cgroupOf(config.ID, "")))
		}},
		{"the switch is plugged in", nil, func() bool { return exists(link) }},
		{"the first disk is being made", nil, func() bool {
			found, _ := filepath.Glob(filepath.Join(l.state(), "hosts/.node*"))
			return len(found) > 0
		}},
		{"the first host has a process", nil, func() bool {
			return slices.ContainsFunc(plan(config.ID, 3), func(h Host) bool { return firstProcess(l.hierarchies, cgroupOf(config.ID, h.Name)) != 0 })
		}},
		{"the first dockerd runs", nil, func() bool {
			return slices.ContainsFunc(processesOf(l.hierarchies, cgroupOf(config.ID, "")), func(pid int) bool { return commandName(pid) == "dockerd" })
		}},
	} {
		t.Run("up killed when "+c.when+" leaves nothing after down", func(t *testing.T) {
			before := trace(t, config.ID)
			up := exec.Command(program, "up")
			up.Env = environ(c.env...)
			if err := up.Start(); err != nil {
				t.Fatal(err)
			}
			done := make(chan error, 1)
			go func() { done <- up.Wait() }()
			for met := false; !met; met = c.met() {
				select {
				case err := <-done:
					t.Fatalf("up ended before: %v", err)
				case <-time.After(time.Millisecond):
				}
			}
			if err := up.Process.Kill(); err != nil {
				t.Fatal(err)
			}
			<-done
			down := exec.Command(program, "down")
			down.Env = environ(c.env...)
			if out, err := down.CombinedOutput(); err != nil {
				t.Fatalf("down: %v\n%s", err, out)
			}
			await.Nil(t, "the machine as it was", func() error { return sameTrace(before, trace(t, config.ID)) })
			for _, path := range []string{l.state(), filepath.Join(config.Dir, "inventory")} {
				if exists(path) {
					t.Errorf("%s is left", path)
				}
			}
		})
	}
	t.Run("up works after all that, and down leaves nothing", func(t *testing.T) {
		before := trace(t, config.ID)
		if _, err := l.Up(t.Context(), Options{}); err != nil {
			t.Fatal(err)
		}
		if found, err := l.Down(); err != nil || !found {
			t.Fatalf("down = %v, %v", found, err)
		}
		await.Nil(t, "the machine as it was", func() error { return sameTrace(before, trace(t, config.ID)) })
		if found, err := l.Down(); err != nil || found {
			t.Errorf("second down = %v, %v, want nothing found", found, err)
		}
	})
}

// sameTrace reports what is in after and not in before.
func sameTrace(before, after []string) error {
	var extra []string
	for _, line := range after {
		if !slices.Contains(before, line) {
			extra = append(extra, line)
		}
	}
	if len(extra) > 0 {
		return fmt.Errorf("left behind:\n%s", strings.Join(extra, "\n"))
	}
	return nil
}
