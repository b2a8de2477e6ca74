package lab

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"syscall"
)

// The names under which a program importing this package runs again as part
// of a lab.
const (
	bootName   = "rundock-lab-boot"
	switchName = "rundock-lab-switch"
	enterName  = "rundock-lab-enter"
)

// init turns the process into a lab's child if it was started as one. It comes
// before main (and before a test's flags), so every importer can start hosts.
func init() {
	var child func() error
	switch os.Args[0] {
	case bootName:
		child = boot
	case switchName:
		child = runSwitch
	case enterName:
		child = enter
	default:
		return
	}
	// Namespaces and exec belong to the thread they are asked from.
	runtime.LockOSThread()
	err := child()
	if errors.Is(err, errAbandoned) {
		os.Exit(1)
	}
	status := os.NewFile(statusFile, "status")
	if _, e := fmt.Fprint(status, err); e != nil {
		fmt.Fprintln(os.Stderr, err)
	}
	os.Exit(1)
}

// statusFile is the descriptor on which a child says what went wrong; it is
// closed, with nothing written, once the child is what it was meant to be.
const statusFile = 3

// errAbandoned means that the parent died before it had said what to do.
var errAbandoned = errors.New("the starting program has gone")

// readOrder reads the child's task from standard input. The parent writes it
// only when the child's surroundings are ready.
func readOrder(order any) error {
	syscall.CloseOnExec(statusFile)
	text, err := io.ReadAll(os.Stdin)
	if err != nil || len(text) == 0 {
		return errAbandoned
	}
	if err := json.Unmarshal(text, order); err != nil {
		// Half an order: the parent was killed while writing.
		return errAbandoned
	}
	return nil
}

// child is a started child process that waits for its order.
type child struct {
	pid    int
	order  io.WriteCloser
	status *os.File
}

// startChild starts the running program as a child called name in new
// namespaces, its output going to the file log. It outlives this process.
func startChild(name string, namespaces uintptr, log string, args ...string) (*child, error) {
	out, err := os.OpenFile(log, os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o644)
	if err != nil {
		return nil, err
	}
	defer out.Close()
	status, theirs, err := os.Pipe()
	if err != nil {
		return nil, err
	}
	defer theirs.Close()
	cmd := exec.Command("/proc/self/exe")
	cmd.Args = append([]string{name}, args...)
	cmd.Dir = "/"
	cmd.Env = []string{"PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"}
	cmd.Stdout, cmd.Stderr = out, out
	cmd.ExtraFiles = []*os.File{theirs}
	cmd.SysProcAttr = &syscall.SysProcAttr{Cloneflags: namespaces, Setsid: true}
	order, err := cmd.StdinPipe()
	if err == nil {
		err = cmd.Start()
	}
	if err != nil {
		status.Close()
		return nil, err
	}
	// If this program lives on, it is the one to notice the child's death.
	go cmd.Wait()
	return &child{cmd.Process.Pid, order, status}, nil
}

// send gives the child its order and waits until it has carried it out or
// says why not.
func (c *child) send(order any) error {
	defer c.status.Close()
	text, err := json.Marshal(order)
	if err == nil {
		_, err = c.order.Write(text)
	}
	if e := c.order.Close(); err == nil {
		err = e
	}
	if err != nil {
		return err
	}
	problem, err := io.ReadAll(c.status)
	if err != nil {
		return err
	}
	if len(problem) > 0 {
		return errors.New(string(problem))
	}
	return nil
}

// abandon makes a child that has no order yet leave.
func (c *child) abandon() {
	c.order.Close()
	c.status.Close()
}

// run runs a command of the machine and returns its standard output; input,
// if any, goes to its standard input.
func run(input string, argv ...string) (string, error) {
	cmd := exec.Command(argv[0], argv[1:]...)
	cmd.Stdin = strings.NewReader(input)
	var stdout, stderr strings.Builder
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	if err := cmd.Run(); err != nil {
		return stdout.String(), fmt.Errorf("%s: %w: %s", strings.Join(argv, " "), err, strings.TrimSpace(stderr.String()))
	}
	return stdout.String(), nil
}
