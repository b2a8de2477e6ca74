package lab

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"
)

// power boots a host that has no process.
func (l *Lab) power(h Host, switchPid int) error {
	// What its last life left in the kernel comes first.
	group := cgroupOf(l.ID, h.Name)
	if err := endCgroup(l.hierarchies, group, time.Now().Add(time.Minute)); err != nil {
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
	if err := endCgroup(l.hierarchies, group, time.Now().Add(time.Minute)); err != nil {
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
const readyTimeout = 5 * time.Minute

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
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
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
