package lab

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"
)

// A host's disk is a folder: upper and work are the writable part of its
// root, base a link to the part it shares, release whose base it is, docker and
// containerd what must not lie on an overlay, root where the whole is mounted
// (in the host's own mount namespace only), boot.log what went wrong before
// init ran.

// disk is what a new host's is made from.
type disk struct {
	release  string
	base     string // bare or prepared, of the release's base
	noPython bool
}

// makeDisk makes the disk of a new host. A half-made disk has another name.
func (l *Lab) makeDisk(h Host, d disk) error {
	if err := l.fillDisk(h, d); err != nil {
		return fmt.Errorf("make the disk of %s: %w", h.Name, err)
	}
	return nil
}

func (l *Lab) fillDisk(h Host, d disk) error {
	at := filepath.Join(l.state(), "hosts", "."+h.Name)
	if err := os.RemoveAll(at); err != nil {
		return err
	}
	for _, dir := range []string{"upper", "work", "root", "docker", "containerd"} {
		if err := os.MkdirAll(filepath.Join(at, dir), 0o755); err != nil {
			return err
		}
	}
	if err := os.Symlink(d.base, filepath.Join(at, "base")); err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(at, "release"), []byte(d.release), 0o644); err != nil {
		return err
	}
	key, err := os.ReadFile(filepath.Join(l.state(), "id_ed25519.pub"))
	if err != nil {
		return err
	}
	private, _ := networks(l.ID)
	id := make([]byte, 16)
	rand.Read(id)
	for _, f := range []struct {
		path string
		mode fs.FileMode
		text string
	}{
		{"etc/hostname", 0o644, h.Name + "\n"},
		{"etc/hosts", 0o644, fmt.Sprintf("127.0.0.1 localhost\n::1 localhost\n%s %s\n", h.Private, h.Name)},
		{"etc/machine-id", 0o444, fmt.Sprintf("%x\n", id)},
		{"etc/resolv.conf", 0o644, ""},
		// The lab's own repository; who can forge it is root on all hosts.
		{"etc/apt/sources.list", 0o644, fmt.Sprintf("deb [trusted=yes] http://%s/debian/%s ./\n", private.at(atSwitch), d.release)},
		{"root/.ssh/authorized_keys", 0o600, string(key)},
	} {
		if err := writeOver(filepath.Join(at, "upper"), d.base, f.path, f.mode, f.text); err != nil {
			return err
		}
	}
	if err := makeDirs(filepath.Join(at, "upper"), d.base, "etc/ssh"); err != nil {
		return err
	}
	if _, err := run("", "ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "root@"+h.Name, "-f", filepath.Join(at, "upper/etc/ssh/ssh_host_ed25519_key")); err != nil {
		return err
	}
	if d.noPython {
		if err := hidePython(filepath.Join(at, "upper"), d.base); err != nil {
			return err
		}
	}
	return os.Rename(at, l.disk(h.Name))
}

// writeOver writes a file into upper so that it shows over the folder base.
func writeOver(upper, base, path string, mode fs.FileMode, text string) error {
	if err := makeDirs(upper, base, filepath.Dir(path)); err != nil {
		return err
	}
	at := filepath.Join(upper, path)
	if err := os.WriteFile(at, []byte(text), mode); err != nil {
		return err
	}
	return os.Chmod(at, mode)
}

// makeDirs makes the folder path in upper. Each has the mode it has in base,
// since an overlay shows the upper one's; one that base lacks is private.
func makeDirs(upper, base, path string) error {
	dir := ""
	for part := range strings.SplitSeq(path, "/") {
		dir = filepath.Join(dir, part)
		mode := fs.FileMode(0o700)
		if info, err := os.Lstat(filepath.Join(base, dir)); err == nil {
			mode = info.Mode().Perm()
		}
		if err := os.Mkdir(filepath.Join(upper, dir), mode); errors.Is(err, fs.ErrExist) {
			continue
		} else if err != nil {
			return err
		}
		if err := os.Chmod(filepath.Join(upper, dir), mode); err != nil {
			return err
		}
	}
	return nil
}

// hidePython hides all of base's Python by whiteouts: devices 0:0, by the
// overlayfs documentation.
func hidePython(upper, base string) error {
	for _, pattern := range []string{"usr/bin/python*", "usr/bin/pydoc*", "usr/lib/python*"} {
		found, err := filepath.Glob(filepath.Join(base, pattern))
		if err != nil {
			return err
		}
		for _, path := range found {
			path, err := filepath.Rel(base, path)
			if err != nil {
				return err
			}
			if err := makeDirs(upper, base, filepath.Dir(path)); err != nil {
				return err
			}
			at := filepath.Join(upper, path)
			if err := syscall.Mknod(at, syscall.S_IFCHR, 0); err != nil {
				return &fs.PathError{Op: "mknod", Path: at, Err: err}
			}
		}
	}
	return nil
}

// withoutPython reports whether the host was made without Python.
func (l *Lab) withoutPython(name string) bool {
	info, err := os.Lstat(filepath.Join(l.disk(name), "upper/usr/bin/python3"))
	return err == nil && info.Mode()&fs.ModeCharDevice != 0
}

// release returns the Debian release the host was made from, "" if there is no
// such host.
func (l *Lab) release(name string) string {
	text, err := os.ReadFile(filepath.Join(l.disk(name), "release"))
	if err != nil {
		return ""
	}
	return string(text)
}

// flavour returns the flavour of hosts, "" if there are none.
func (l *Lab) flavour(hosts []Host) Flavour {
	if len(hosts) == 0 {
		return ""
	}
	base, err := os.Readlink(filepath.Join(l.disk(hosts[0].Name), "base"))
	if err != nil {
		return ""
	}
	return Flavour(filepath.Base(base))
}

// power boots a host that has no process.
func (l *Lab) power(h Host, switchPid int) error {
	// What its last life left in the kernel comes first.
	group := cgroupOf(l.ID, h.Name)
	if err := endCgroup(l.hierarchies, group, time.Now().Add(20*time.Second)); err != nil {
		return fmt.Errorf("start %s: %w", h.Name, err)
	}
	if err := l.unplug(h, switchPid); err != nil {
		return fmt.Errorf("start %s: %w", h.Name, err)
	}
	disk := l.disk(h.Name)
	base, err := os.Readlink(filepath.Join(disk, "base"))
	if err != nil {
		return fmt.Errorf("start %s: %w", h.Name, err)
	}
	if !exists(base) {
		return fmt.Errorf("start %s: its base %s is gone; run lab down, then lab up", h.Name, base)
	}
	const namespaces = syscall.CLONE_NEWNS | syscall.CLONE_NEWPID | syscall.CLONE_NEWNET | syscall.CLONE_NEWUTS | syscall.CLONE_NEWIPC
	c, err := startChild(bootName, namespaces, filepath.Join(disk, "boot.log"))
	if err != nil {
		return fmt.Errorf("start %s: %w", h.Name, err)
	}
	if err = makeCgroup(l.hierarchies, group); err == nil {
		err = joinCgroup(l.hierarchies, group, c.pid)
	}
	if err == nil {
		err = l.plug(h, c.pid, switchPid)
	}
	if err != nil {
		c.abandon()
		return fmt.Errorf("start %s: %w", h.Name, err)
	}
	if err := c.send(bootOrder{Hostname: h.Name, Base: base, Disk: disk, Hierarchies: l.hierarchies}); err != nil {
		return fmt.Errorf("start %s: %w", h.Name, err)
	}
	return nil
}

// Stop takes the host's power away: every process of it is gone at once, and
// with them what only memory held. It does nothing to a host without power.
func (l *Lab) Stop(name string) error {
	h, err := l.host(name)
	if err != nil {
		return err
	}
	unlock, err := l.lock()
	if err != nil {
		return err
	}
	defer unlock()
	group := cgroupOf(l.ID, name)
	if pid := firstProcess(l.hierarchies, group); pid != 0 {
		if err := syscall.Kill(pid, syscall.SIGKILL); err != nil && !errors.Is(err, syscall.ESRCH) {
			return fmt.Errorf("stop %s: kill process %d: %w", name, pid, err)
		}
	}
	if err := endCgroup(l.hierarchies, group, time.Now().Add(20*time.Second)); err != nil {
		return fmt.Errorf("stop %s: %w", name, err)
	}
	if pid := l.switchProcess(); pid != 0 {
		return l.unplug(h, pid)
	}
	return nil
}

// Start boots the host and returns when sshd, and dockerd where it is
// installed, answer. A host that is up it only waits for.
func (l *Lab) Start(ctx context.Context, name string) error {
	h, err := l.host(name)
	if err != nil {
		return err
	}
	unlock, err := l.lock()
	if err != nil {
		return err
	}
	switchPid := l.switchProcess()
	if switchPid == 0 {
		err = fmt.Errorf("start %s: lab %s has no running switch; run lab up", name, l.ID)
	} else if firstProcess(l.hierarchies, cgroupOf(l.ID, name)) == 0 {
		err = l.power(h, switchPid)
	}
	// Others may go on while this host boots.
	unlock()
	if err != nil {
		return err
	}
	return l.ready(ctx, h)
}

// readyTimeout is how long a booting host may take on a busy machine.
const readyTimeout = 90 * time.Second

// ready waits until the host's sshd, and its dockerd if it has one, answer.
func (l *Lab) ready(ctx context.Context, h Host) error {
	ctx, cancel := context.WithTimeout(ctx, readyTimeout)
	defer cancel()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for {
		pid := firstProcess(l.hierarchies, cgroupOf(l.ID, h.Name))
		var missing []string
		if pid == 0 {
			missing = append(missing, "init")
		} else {
			if !listens(pid, 22) {
				missing = append(missing, "sshd")
			}
			if exists(inHost(pid, "/usr/sbin/dockerd")) && !dockerAnswers(ctx, pid) {
				missing = append(missing, "dockerd")
			}
		}
		if len(missing) == 0 {
			return nil
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return fmt.Errorf("wait for %s: %w: %s not there; see /var/log/boot.log and /var/log/docker.log on the host and %s",
				h.Name, ctx.Err(), strings.Join(missing, " and "), filepath.Join(l.disk(h.Name), "boot.log"))
		}
	}
}

// inHost returns where this machine finds a path of the host of process pid.
func inHost(pid int, path string) string { return fmt.Sprintf("/proc/%d/root%s", pid, path) }

// listens reports whether something listens at the TCP port in the network
// namespace of pid. It asks the kernel, so it also works on a host cut off.
func listens(pid int, port uint16) bool {
	for _, table := range []string{"tcp", "tcp6"} {
		text, err := os.ReadFile(fmt.Sprintf("/proc/%d/net/%s", pid, table))
		if err == nil && listening(text, port) {
			return true
		}
	}
	return false
}

// listening reports whether the table (proc_pid_net(5), tcp) has a listener
// at the port.
func listening(table []byte, port uint16) bool {
	const listen = "0A"
	for line := range bytes.Lines(table) {
		f := strings.Fields(string(line))
		if len(f) > 3 && f[3] == listen && strings.HasSuffix(f[1], fmt.Sprintf(":%04X", port)) {
			return true
		}
	}
	return false
}

// dockerAnswers reports whether the dockerd of the host of process pid
// answers a ping.
func dockerAnswers(ctx context.Context, pid int) bool {
	ctx, cancel := context.WithTimeout(ctx, 2*time.Second)
	defer cancel()
	transport := &http.Transport{
		DisableKeepAlives: true,
		DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
			return new(net.Dialer).DialContext(ctx, "unix", inHost(pid, "/run/docker.sock"))
		},
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://docker/_ping", nil)
	if err != nil {
		return false
	}
	resp, err := transport.RoundTrip(req)
	if err != nil {
		return false
	}
	resp.Body.Close()
	return resp.StatusCode == http.StatusOK
}

// installed reports a tool that this machine lacks.
func installed(tool string) error {
	if _, err := exec.LookPath(tool); err != nil {
		return fmt.Errorf("the lab needs %s on this machine; run make deps: %w", tool, err)
	}
	return nil
}
