// Package agentsite gives a test a host of its own, with an etcd and a network
// that `rundockd overlay run` keeps. Only tests import it.
package agentsite

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// programVariable is what a test finds in its environment once it has a host of
// its own: where rundockd is.
const programVariable = "AGENTSITE_RUNDOCKD"

// Run runs test as all that there is on a host: in a process of its own, with a
// network, processes and folders for itself, of which nothing stays. There is
// no dockerd: the agent does its part in the kernel, and waits for it.
//
// The process is this test's binary once more, with args; the package's TestMain
// is etcdtest.Main. What it logs as "measured: " is logged here again.
func Run(t *testing.T, test func(*Site), args ...string) {
	t.Helper()
	if program := os.Getenv(programVariable); program != "" {
		test(newSite(t, program))
		return
	}
	if os.Getuid() != 0 {
		t.Skip("a host of its own needs root")
	}
	dir := t.TempDir()
	program := filepath.Join(dir, "rundockd")
	build := exec.Command("go", "build", "-trimpath", "-tags", "grpcnotrace", "-ldflags", "-s -w", "-o", dir+"/", "rundock/supervisor/rundockd", "rundock/supervisor/rundock-store")
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("build rundockd and rundock-store: %v\n%s", err, out)
	}
	// What is kept is on a real disk, the rest in memory.
	const enter = `mkdir -p "$0/kept"; mount --bind "$0/kept" /var/lib
		mount -t tmpfs none /run; mkdir /run/etc /run/work; mount -t overlay none -o lowerdir=/etc,upperdir=/run/etc,workdir=/run/work /etc
		rm -rf /etc/rundock; mkdir -p /etc/rundock/overlay; echo ` + Machine + ` >/etc/machine-id
		ip link set lo up; ip link add eth0 type veth peer name eth9; ip addr add 192.0.2.5/24 dev eth0; ip link set eth0 up; ip link set eth9 up
		exec "$@"`
	all := []string{"--mount", "--net", "--pid", "--fork", "--kill-child", "--mount-proc", "sh", "-ec", enter, dir}
	all = append(all, os.Args[0], "-test.run=^"+t.Name()+"$", "-test.v", "-test.timeout=10m")
	cmd := exec.Command("unshare", append(all, args...)...)
	cmd.Env = append(os.Environ(), programVariable+"="+program)
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	out, err := cmd.CombinedOutput()
	for line := range strings.Lines(string(out)) {
		if _, measured, ok := strings.Cut(line, "measured: "); ok {
			t.Logf("measured: %s", strings.TrimSpace(measured))
		}
	}
	if err != nil || strings.Contains(string(out), "--- SKIP") {
		t.Errorf("on a host of its own: %v\n%s", err, out)
	}
}
