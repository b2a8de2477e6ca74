package registrytest

import (
	"fmt"
	"net"
	"os"
	"os/exec"
	"sync/atomic"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"
)

// Process is a real server on loopback, in a process of its own, to be killed,
// stopped and wiped.
type Process struct {
	T       *testing.T
	Name    string // of the server and its address, for people
	Dir     string // of its data; its log is in Dir.log
	Command func() *exec.Cmd

	process *exec.Cmd
}

// Start starts it for as long as the test lasts.
func (p *Process) Start() {
	p.T.Helper()
	p.T.Cleanup(func() {
		p.Kill()
		if log, _ := os.ReadFile(p.Dir + ".log"); p.T.Failed() {
			p.T.Logf("log of %s:\n%s", p.Name, log)
		}
	})
	p.Restart()
}

// Restart starts the server again after Kill.
func (p *Process) Restart() {
	p.T.Helper()
	p.process = p.Command()
	log, err := os.OpenFile(p.Dir+".log", os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		p.T.Fatal(err)
	}
	defer log.Close()
	p.process.Stdout, p.process.Stderr = log, log
	p.process.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	if err := p.process.Start(); err != nil {
		p.T.Fatal(err)
	}
}

// Kill is kill -9.
func (p *Process) Kill() {
	if p.process == nil {
		return
	}
	p.process.Process.Kill()
	p.process.Wait()
	p.process = nil
}

// Pid is the server's process.
func (p *Process) Pid() int { return p.process.Process.Pid }

// Freeze stops the server as a machine does that hangs: its connections stay
// and nothing answers. It returns once every thread has stopped, as kill alone
// does not: on a busy machine the server goes on answering for a while.
func (p *Process) Freeze() {
	p.T.Helper()
	p.signal(syscall.SIGSTOP)
	for {
		// The kernel tells the parent when the last thread has stopped.
		err := unix.Waitid(unix.P_PID, p.Pid(), nil, unix.WSTOPPED, nil)
		if err == nil {
			return
		}
		if err != unix.EINTR {
			p.T.Fatalf("wait for %s to stop: %v", p.Name, err)
		}
	}
}

// Thaw lets a frozen server go on.
func (p *Process) Thaw() {
	p.T.Helper()
	p.signal(syscall.SIGCONT)
}

func (p *Process) signal(s syscall.Signal) {
	p.T.Helper()
	if err := p.process.Process.Signal(s); err != nil {
		p.T.Fatalf("send %s to %s: %v", s, p.Name, err)
	}
}

// Wipe removes the data of a killed server.
func (p *Process) Wipe() {
	p.T.Helper()
	if err := os.RemoveAll(p.Dir); err != nil {
		p.T.Fatal(err)
	}
}

// Backup copies the data of a killed server; Restore brings them back.
func (p *Process) Backup() {
	p.T.Helper()
	if err := os.CopyFS(p.Dir+".backup", os.DirFS(p.Dir)); err != nil {
		p.T.Fatal(err)
	}
}

// Restore undoes what a killed server was told since Backup.
func (p *Process) Restore() {
	p.T.Helper()
	p.Wipe()
	if err := os.Rename(p.Dir+".backup", p.Dir); err != nil {
		p.T.Fatal(err)
	}
}

// Loopback is an address of 127/8 that this test process has for itself, as it
// is made of the process id.
func Loopback() net.IP {
	pid := os.Getpid()
	return net.IPv4(127, byte(64+pid>>16&63), byte(pid>>8), byte(pid))
}

var ports atomic.Int32

// Address returns host and port for a server, which no other test gets, and
// which stay free while that server is down.
func Address() string {
	return fmt.Sprintf("%s:%d", Loopback(), 20000+ports.Add(1))
}
