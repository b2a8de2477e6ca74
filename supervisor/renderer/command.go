package renderer

import (
	"context"
	"errors"
	"fmt"
	"os/exec"
	"strings"
	"syscall"
	"time"
)

// commandPatience is how long a check or a reload may take.
const commandPatience = time.Minute

// shell runs a command; its error ends with the last of its output.
func shell(ctx context.Context, command string) error {
	ctx, cancel := context.WithTimeout(ctx, commandPatience)
	defer cancel()
	cmd := exec.CommandContext(ctx, "/bin/sh", "-c", command)
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) }
	// A reload may leave a daemon behind that keeps the pipe.
	cmd.WaitDelay = time.Second
	out, err := cmd.CombinedOutput()
	if err == nil || errors.Is(err, exec.ErrWaitDelay) {
		return nil
	}
	if ctx.Err() != nil {
		err = fmt.Errorf("it was ended: %w", context.Cause(ctx))
	}
	const most = 500
	text := strings.TrimSpace(string(out))
	if len(text) > most {
		text = "..." + text[len(text)-most:]
	}
	if text == "" {
		return fmt.Errorf("%s: %w", command, err)
	}
	return fmt.Errorf("%s: %w: %s", command, err, text)
}

// quoted is path as a word of the shell.
func quoted(path string) string { return "'" + strings.ReplaceAll(path, "'", `'\''`) + "'" }
