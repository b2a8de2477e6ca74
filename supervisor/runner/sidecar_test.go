package runner

import (
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

func TestSidecar_is_known_by_its_folder(t *testing.T) {
	dir := t.TempDir()
	for _, d := range []string{"web/services/service", "web/services/announce", "shop/services/announce"} {
		if err := os.MkdirAll(filepath.Join(dir, d), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	web := sidecar{dir: filepath.Join(dir, "web/services/announce")}
	for claim, c := range map[string]struct {
		pid  int
		want bool
	}{
		"its own":           {lingering(t, "announce", filepath.Join(dir, "web/services/announce")), true},
		"another's":         {lingering(t, "announce", filepath.Join(dir, "shop/services/announce")), false},
		"a runner":          {lingering(t, "run", filepath.Join(dir, "web/services/service")), false},
		"something else":    {running(t, exec.Command("/bin/sleep", "600")), false},
		"no process":        {1 << 30, false},
		"this very process": {os.Getpid(), false},
	} {
		if got := web.is(c.pid); got != c.want {
			t.Errorf("%s: is = %v, want %v", claim, got, c.want)
		}
	}
}

// lingering is a living process whose command line is that of `rundockd ARGS`:
// a shell, which takes the first of them for its script.
func lingering(t *testing.T, args ...string) int {
	t.Helper()
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, args[0]), []byte("read line\n"), 0o755); err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command("/bin/sh")
	cmd.Args = append([]string{"/usr/local/bin/rundockd"}, args...)
	cmd.Dir = dir
	if _, err := cmd.StdinPipe(); err != nil {
		t.Fatal(err)
	}
	return running(t, cmd)
}

func running(t *testing.T, cmd *exec.Cmd) int {
	t.Helper()
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { cmd.Process.Kill(); cmd.Wait() })
	return cmd.Process.Pid
}
