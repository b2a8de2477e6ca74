package bench

import (
	"os"
	"os/exec"
	"runtime"
	"testing"

	"golang.org/x/sys/unix"
)

// namespace is a network namespace with a thread of its own, which goes with
// the test.
type namespace struct {
	t    *testing.T
	work chan func()
	tid  int
}

func newNamespace(t *testing.T) *namespace {
	t.Helper()
	if os.Getuid() != 0 {
		t.Skip("network namespaces need root")
	}
	n := &namespace{t: t, work: make(chan func())}
	ready := make(chan error)
	go func() {
		// Never unlocked, so that the thread ends with this goroutine, and the
		// namespace with the thread.
		runtime.LockOSThread()
		n.tid = unix.Gettid()
		ready <- unix.Unshare(unix.CLONE_NEWNET)
		for f := range n.work {
			f()
		}
	}()
	if err := <-ready; err != nil {
		close(n.work)
		t.Skipf("no network namespace: %v", err)
	}
	t.Cleanup(func() { close(n.work) })
	n.sh("ip link set lo up")
	return n
}

// do runs f in the namespace.
func (n *namespace) do(f func()) {
	done := make(chan struct{})
	n.work <- func() {
		defer close(done)
		f()
	}
	<-done
}

// sh runs a command in the namespace and returns what it prints.
func (n *namespace) sh(script string) (out string) {
	n.t.Helper()
	var err error
	n.do(func() {
		var b []byte
		b, err = exec.Command("sh", "-ec", script).CombinedOutput()
		out = string(b)
	})
	if err != nil {
		n.t.Fatalf("%s: %v\n%s", script, err, out)
	}
	return out
}
