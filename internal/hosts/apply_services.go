package hosts

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"time"

	"rundock/internal/fstree"
	"rundock/internal/runit"
)

// applyService takes a step of a service.
func applyService(kind Kind, s Service) error {
	folders, err := runit.Detect("", "")
	if err != nil {
		return err
	}
	dir := folders.Dir(s.Name)
	switch kind {
	case WriteScript:
		changes, err := fstree.Apply(dir, serviceFiles(s), false)
		if err == nil && changes.Touches("log") {
			err = unlessUnsupervised(runit.Control(dir+"/log", "t"))
		}
		return err
	case Enable:
		ctx, cancel := context.WithTimeout(context.Background(), patience)
		defer cancel()
		return folders.Enable(ctx, s.Name)
	case RestartIt:
		return run("sv", "-w", "30", "restart", dir)
	case HupIt:
		return runit.Control(dir, "h")
	case Await:
		return s.await(dir)
	}
	return fmt.Errorf("internal error: nobody knows how to %s", kind)
}

func unlessUnsupervised(err error) error {
	if errors.Is(err, runit.ErrNotSupervised) {
		return nil
	}
	return err
}

// await waits until s works. An error has the end of its log.
func (s Service) await(dir string) error {
	var err error
	for deadline := time.Now().Add(2 * patience); time.Now().Before(deadline); time.Sleep(100 * time.Millisecond) {
		if err = run("sh", "-c", s.Ready); err == nil {
			return nil
		}
	}
	return fmt.Errorf("service %s does not work: %w%s", s.Name, err, lastWords(s.Name, dir))
}

// lastWords are how runsv sees a service, and the end of its log.
func lastWords(name, dir string) string {
	text := ""
	if out, err := exec.Command("sv", "status", dir).CombinedOutput(); len(out) > 0 || err != nil {
		text += "\n" + strings.TrimSpace(string(out))
	}
	if log, err := os.ReadFile("/var/log/" + name + "/current"); err == nil {
		lines := bytes.Split(bytes.TrimSpace(log), []byte("\n"))
		text += "\n" + string(bytes.Join(lines[max(0, len(lines)-5):], []byte("\n")))
	}
	return text
}

// startRunsvdir has init start runsvdir: by a unit, or by a line in inittab, as
// the package runit-run has them.
func startRunsvdir() error {
	err := run("telinit", "q")
	if withSystemd() {
		err = run("systemctl", "enable", "--now", "runit")
	}
	for deadline := time.Now().Add(patience); time.Now().Before(deadline); time.Sleep(50 * time.Millisecond) {
		if folders, found := runit.Detect("", ""); found == nil && len(runit.Scanners(folders.Service)) > 0 {
			return nil
		}
	}
	return errors.Join(errors.New("runsvdir does not run: see systemctl status runit, or the line with /etc/runit/2 in /etc/inittab"), err)
}

// patience is how long a service may take until it works.
const patience = 30 * time.Second
