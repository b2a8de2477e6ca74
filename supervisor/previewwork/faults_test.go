package previewwork

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"

	"rundock/internal/preview"
)

// slow is a Dockerfile that takes long.
const slow = "FROM scratch\nCOPY busybox /bin/sh\nCOPY busybox /bin/busybox\nRUN busybox echo begun; busybox sleep 1000000\n"

// builds waits until the slow step of a preview's build runs.
func (r *rig) builds(name string) {
	r.Helper()
	r.so("the slow step runs", func() bool { return strings.Contains("\n"+r.log(name), "\nbegun") })
}

func (r *rig) overtakes() {
	commit := r.push("feature/Foo", "five", map[string]string{"Dockerfile": slow})
	r.change("feature-foo", func(w preview.Wish) preview.Wish { return w.Pushed(commit, "hook", time.Now().UTC()) })
	r.builds("feature-foo")
	r.serves("feature-foo", "/", "four")
	r.push("feature/Foo", "six", map[string]string{"Dockerfile": slow})
	newest := r.push("feature/Foo", "seven", nil)
	r.change("feature-foo", func(w preview.Wish) preview.Wish { return w.Pushed(newest, "hook", time.Now().UTC()) })
	r.serves("feature-foo", "/", "seven")
	if s := r.becomes("feature-foo", preview.Ready); s.Commit != newest {
		r.Errorf("the state is %+v", s)
	}
	r.noBuildIsLeft()
}

// noBuildIsLeft holds that every container is a service's.
func (r *rig) noBuildIsLeft() {
	r.Helper()
	var containers []struct {
		Names  []string
		Labels map[string]string
	}
	r.dockerGet("/containers/json?all=1", &containers)
	for _, c := range containers {
		if !strings.HasPrefix(c.Names[0], "/preview-") {
			r.Errorf("container %v is left", c.Names)
		}
	}
}

func (r *rig) removesBuilding() {
	commit := r.push("short", "one", map[string]string{"Dockerfile": slow})
	r.ask("short", commit)
	r.builds("short")
	r.ask("maple", r.push("maple", "one", nil))
	r.becomes("maple", preview.Queued)
	r.change("maple", func(w preview.Wish) preview.Wish { w.Want = preview.Removed; return w })
	r.goes("maple")
	r.deleteBranch("short")
	r.goes("short")
	r.noBuildIsLeft()
	r.serves("feature-foo", "/", "seven")
}

const withData = `x-rundock: {routes: {"": web:8080, db: db:8080}}
services:
  web:
    build: .
    container_name: web
    stop_grace_period: 1s
    ports: ["80:8080"]
    depends_on: [db]
  db:
    build: .
    container_name: db
    stop_grace_period: 1s
    command: ["/bin/sh", "-c", "test -e /data/index.html || cp /www/index.html /data/index.html; exec /bin/busybox httpd -f -p 8080 -h /data"]
    volumes: [data:/data]
volumes: {data: {name: data}}
`

func (r *rig) parts() {
	before, _ := r.get("feature-foo", "/")
	for _, name := range []string{"alder", "alders"} {
		r.ask(name, r.push(name, name+" one", map[string]string{"compose.yaml": withData}))
	}
	for _, name := range []string{"alder", "alders"} {
		r.serves(name, "/", name+" one")
		r.serves("db."+name, "/", name+" one")
	}
	r.serves("feature-foo", "/", before) // without a db
	// The data stays over a deployment, and the one container with it is replaced where it stands.
	commit := r.push("alder", "alder two", map[string]string{"compose.yaml": withData})
	r.change("alder", func(w preview.Wish) preview.Wish { return w.Pushed(commit, "hook", time.Now().UTC()) })
	r.serves("alder", "/", "alder two")
	r.serves("db.alder", "/", "alder one")
	r.change("alder", func(w preview.Wish) preview.Wish { w.Want = preview.Removed; return w })
	r.goes("alder", "alders")
	r.serves("alders", "/", "alders one")
	r.serves("db.alders", "/", "alders one")
	if left := r.left("alders"); len(left) < 10 {
		r.Errorf("of the other one %v is left", left)
	}
}

// killed kills the worker at each step of a deployment, at moments of its rollout, and last while what was there before runs yet.
func (r *rig) killed() {
	for n, at := range []struct {
		step  preview.Step
		later time.Duration
	}{{preview.Queued, 0}, {preview.Building, 0}, {preview.Deploying, 0}, {preview.Deploying, time.Second}, {preview.Deploying, 3 * time.Second}, {preview.Ready, 0}} {
		text := fmt.Sprint("killed ", n)
		commit := r.push("alders", text, map[string]string{"compose.yaml": withData})
		r.change("alders", func(w preview.Wish) preview.Wish { return w.Pushed(commit, "hook", time.Now().UTC()) })
		r.so("it is "+string(at.step), func() bool {
			s := r.state("alders")
			return s.Commit == commit && (s.Step == at.step || s.Step == preview.Ready)
		})
		time.Sleep(at.later) // any moment may be the one
		r.worker.kill(syscall.SIGKILL)
		r.startWorker()
		r.serves("alders", "/", text)
		r.so("it is ready", func() bool { s := r.state("alders"); return s.Step == preview.Ready && s.Commit == commit })
	}
	r.isMade("alders")
	r.so("two containers are left", func() bool { return len(r.containersOf("alders")) == 2 })
	r.change("alders", func(w preview.Wish) preview.Wish { w.Want = preview.Removed; return w })
	r.so("it is being removed", func() bool { return len(r.containersOf("alders")) < 2 })
	r.worker.kill(syscall.SIGKILL)
	r.startWorker()
	r.goes("alders")
}

// losesPower takes the power from the host while it builds.
func (r *rig) losesPower() {
	before, _ := r.get("feature-foo", "/")
	commit := r.push("feature/Foo", "dark", map[string]string{"Dockerfile": slow})
	r.change("feature-foo", func(w preview.Wish) preview.Wish { return w.Pushed(commit, "hook", time.Now().UTC()) })
	r.builds("feature-foo")
	r.powerLoss()
	r.boot()
	r.serves("feature-foo", "/", before)
	r.builds("feature-foo")
	if s := r.state("feature-foo"); s.Step != preview.Building || s.Commit != commit {
		r.Errorf("the state is %+v", s)
	}
	commit = r.push("feature/Foo", "light", nil)
	r.change("feature-foo", func(w preview.Wish) preview.Wish { return w.Pushed(commit, "hook", time.Now().UTC()) })
	r.settlesOn("feature-foo", "light")
	r.noBuildIsLeft()
}

// powerLoss ends all that runs on the host at once, and takes away what would not be there after a boot.
func (r *rig) powerLoss() {
	r.Helper()
	r.long("no process is left", func() string {
		left := ""
		stats, _ := filepath.Glob("/proc/[0-9]*/stat")
		for _, path := range stats {
			pid, _ := strconv.Atoi(filepath.Base(filepath.Dir(path)))
			text, err := os.ReadFile(path)
			_, state, _ := strings.Cut(string(text), ") ")
			if err != nil || pid == os.Getpid() || strings.HasPrefix(state, "Z") {
				continue
			}
			syscall.Kill(pid, syscall.SIGKILL)
			left += " " + strconv.Itoa(pid)
		}
		return left
	})
	mounts, err := os.ReadFile("/proc/self/mounts")
	if err != nil {
		r.Fatal(err)
	}
	for line := range strings.Lines(string(mounts)) {
		if at := strings.Fields(line)[1]; strings.HasPrefix(at, "/run/docker/") || strings.HasPrefix(at, r.dockerData+"/") {
			if err := syscall.Unmount(at, syscall.MNT_DETACH); err != nil {
				r.Fatalf("umount %s: %v", at, err)
			}
		}
	}
	gone, _ := filepath.Glob("/run/*/*")
	for _, path := range append(gone, "/run/docker.pid", "/run/docker.sock") {
		if err := os.RemoveAll(path); err != nil {
			r.Fatal(err)
		}
	}
	links, err := exec.Command("ip", "-o", "link", "show", "type", "bridge").Output()
	if err != nil {
		r.Fatal(err)
	}
	for line := range strings.Lines(string(links)) {
		if name := strings.TrimSuffix(strings.Fields(line)[1], ":"); name != "eth0" {
			if out, err := exec.Command("ip", "link", "delete", name).CombinedOutput(); err != nil {
				r.Fatalf("ip link delete %s: %v: %s", name, err, out)
			}
		}
	}
}
