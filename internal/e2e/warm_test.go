package e2e

import (
	"bufio"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// warm loads the machine's own Ansible once. A command is then what own
// returns, but runs in the checkout whatever its folder: most of what one
// takes is to load Ansible. stop ends it.
func warm(checkout string) (ansible command, stop func(), err error) {
	const python = "/usr/bin/python3" // which Debian's Ansible is for
	program := filepath.Join(checkout, "internal/e2e/testdata/warm/warm.py")
	server := own(checkout, python, program)
	server.Stderr = os.Stderr
	stdin, err := server.StdinPipe()
	if err != nil {
		return nil, nil, err
	}
	stdout, err := server.StdoutPipe()
	if err != nil {
		return nil, nil, err
	}
	if err := server.Start(); err != nil {
		return nil, nil, fmt.Errorf("load Ansible: %w", err)
	}
	stop = func() {
		stdin.Close()
		server.Wait()
	}
	socket, err := bufio.NewReader(stdout).ReadString('\n')
	if err != nil {
		stop()
		return nil, nil, fmt.Errorf("load Ansible by %s: %w", program, err)
	}
	return func(_, name string, args ...string) *exec.Cmd {
		// -IS: with little of what Python itself loads.
		return own(checkout, python, append([]string{"-IS", program, strings.TrimSpace(socket), name}, args...)...)
	}, stop, nil
}
