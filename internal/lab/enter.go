package lab

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"syscall"
)

// enterOrder names the host to enter: its first process and its cgroup.
type enterOrder struct {
	PID         int
	Group       string
	Hierarchies []hierarchy
}

// enter becomes nsenter(1), which runs argv[2:] on the host that argv[1], an
// enterOrder, names.
func enter() error {
	syscall.CloseOnExec(statusFile)
	var o enterOrder
	if err := json.Unmarshal([]byte(os.Args[1]), &o); err != nil {
		return fmt.Errorf("read the host to enter: %w", err)
	}
	return o.become(os.Args[2:])
}

// become replaces this process by the command argv on the host. It returns
// only if it could not.
func (o enterOrder) become(argv []string) error {
	// What the command starts must count as the host's.
	if err := joinCgroup(o.Hierarchies, o.Group, 0); err != nil {
		return fmt.Errorf("enter the host's cgroup: %w", err)
	}
	nsenter, err := exec.LookPath("nsenter")
	if err != nil {
		return fmt.Errorf("enter the host: %w", err)
	}
	args := append([]string{"nsenter", "-t", strconv.Itoa(o.PID), "-m", "-u", "-i", "-n", "-p", "-C", "--"}, argv...)
	env := []string{
		"PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
		"HOME=/root", "USER=root", "LOGNAME=root", "SHELL=/bin/bash", "LC_ALL=C.UTF-8",
	}
	if term := os.Getenv("TERM"); term != "" {
		env = append(env, "TERM="+term)
	}
	return fmt.Errorf("run nsenter: %w", syscall.Exec(nsenter, args, env))
}

// entrance returns the order to enter the running host called name.
func (l *Lab) entrance(name string) (enterOrder, error) {
	if _, err := l.host(name); err != nil {
		return enterOrder{}, err
	}
	group := cgroupOf(l.ID, name)
	pid := firstProcess(l.hierarchies, group)
	if pid == 0 {
		return enterOrder{}, fmt.Errorf("host %s of lab %s is not running; run lab start %s", name, l.ID, name)
	}
	return enterOrder{pid, group, l.hierarchies}, nil
}

// Become replaces the calling process by the command argv on the host. It
// returns only if it could not.
func (l *Lab) Become(name string, argv []string) error {
	o, err := l.entrance(name)
	if err != nil {
		return err
	}
	return o.become(argv)
}

// Command returns a command to be run as root on the host, through its
// namespaces and not over any network. Its standard streams are the caller's
// to set. Killing it does not kill what it became on the host.
func (l *Lab) Command(ctx context.Context, name string, argv ...string) (*exec.Cmd, error) {
	o, err := l.entrance(name)
	if err != nil {
		return nil, err
	}
	order, err := json.Marshal(o)
	if err != nil {
		return nil, err
	}
	cmd := exec.CommandContext(ctx, "/proc/self/exe")
	cmd.Args = append([]string{enterName, string(order)}, argv...)
	return cmd, nil
}

// Exec runs the command argv on the host and returns its standard output. The
// error wraps *exec.ExitError if it ran, and ends with its standard error.
func (l *Lab) Exec(ctx context.Context, name string, argv ...string) (string, error) {
	cmd, err := l.Command(ctx, name, argv...)
	if err != nil {
		return "", err
	}
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	if err := cmd.Run(); err != nil {
		return stdout.String(), fmt.Errorf("%s: %s: %w: %s", name, strings.Join(argv, " "), err, strings.TrimSpace(stderr.String()))
	}
	return stdout.String(), nil
}
