// Package netnstest makes network namespaces for tests: hosts, containers and
// switches of their own on one machine. Only tests import it.
package netnstest

import (
	"fmt"
	"os"
	"os/exec"
	"testing"

	"rundock/internal/thread"

	"golang.org/x/sys/unix"
)

// Namespace is a network namespace with a thread of its own, which goes with
// the test.
type Namespace struct {
	Name string // in messages
	t    testing.TB
	work chan func()
	tid  int
}

// New makes a namespace, with lo up; a test that may not is skipped.
func New(t testing.TB, name string) *Namespace {
	t.Helper()
	if os.Getuid() != 0 {
		t.Skip("network namespaces need root")
	}
	n := &Namespace{Name: name, t: t, work: make(chan func())}
	ready := make(chan error)
	go thread.Own(func() error { // the namespace ends with the thread
		n.tid = unix.Gettid()
		ready <- unix.Unshare(unix.CLONE_NEWNET)
		for f := range n.work {
			f()
		}
		return nil
	})
	if err := <-ready; err != nil {
		close(n.work)
		t.Skipf("no network namespace: %v", err)
	}
	t.Cleanup(func() { close(n.work) })
	n.Sh("ip link set lo up")
	return n
}

// Path is a file that stands for the namespace.
func (n *Namespace) Path() string { return fmt.Sprintf("/proc/self/task/%d/ns/net", n.tid) }

// Do runs f in the namespace, and there alone: goroutines that it starts are
// elsewhere.
func (n *Namespace) Do(f func()) {
	done := make(chan struct{})
	n.work <- func() {
		defer close(done)
		f()
	}
	<-done
}

// Sh runs a script in the namespace and returns what it prints.
func (n *Namespace) Sh(script string) string {
	n.t.Helper()
	out, err := n.Try(script)
	if err != nil {
		n.t.Fatalf("%s: %s: %v\n%s", n.Name, script, err, out)
	}
	return out
}

// Try is Sh of what may fail.
func (n *Namespace) Try(script string) (out string, err error) {
	n.Do(func() {
		var b []byte
		b, err = exec.Command("sh", "-ec", script).CombinedOutput()
		out = string(b)
	})
	return out, err
}

// Cable joins it to another by a pair of devices, dev here and peer there. The
// MTU is that of both.
func (n *Namespace) Cable(dev string, to *Namespace, peer string, mtu int) {
	n.t.Helper()
	n.Sh(fmt.Sprintf("ip link add %s mtu %d type veth peer name %s mtu %[2]d netns %[4]d", dev, mtu, peer, to.tid))
}
