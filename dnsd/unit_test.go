package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

func TestSystemdTakesTheUnit(t *testing.T) {
	if _, err := exec.LookPath("systemd-analyze"); err != nil {
		t.Skip("systemd is not installed (make test installs it)")
	}
	unit, err := os.ReadFile("dnsd.service")
	if err != nil {
		t.Fatal(err)
	}
	program, err := os.Executable() // where dnsd is not installed
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "dnsd.service")
	if err := os.WriteFile(file, []byte(strings.Replace(string(unit), "/usr/local/bin/dnsd", program, 1)), 0o644); err != nil {
		t.Fatal(err)
	}
	if out, err := exec.Command("systemd-analyze", "verify", "--man=no", file).CombinedOutput(); err != nil || len(out) > 0 {
		t.Errorf("systemd-analyze verify: %v\n%s", err, out)
	}
}
