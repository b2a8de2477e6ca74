package supervisor

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"rundock/internal/spec"
)

// finish returns the runner's finish script as a file.
func finish(t *testing.T) string {
	t.Helper()
	files, err := Files(Service{Name: "web", Container: spec.Container{Image: "x"}})
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "finish")
	for _, f := range files {
		if f.Path == "finish" {
			if err := os.WriteFile(path, f.Data, f.Mode); err != nil {
				t.Fatal(err)
			}
		}
	}
	return path
}

func TestFinish_says_why_the_runner_ended(t *testing.T) {
	script := finish(t)
	for args, want := range map[string]string{
		"0 0":   "",
		"3 768": "rundock: web ended with exit code 3\n",
		"-1 9":  "rundock: runner of web ended by signal 9; the container stays\n",
	} {
		out, err := exec.Command(script, strings.Fields(args)...).CombinedOutput()
		if err != nil || string(out) != want {
			t.Errorf("finish %s says %q, %v; want %q", args, out, err, want)
		}
	}
}

// As the pipe to an svlogd whose disk is full. The test ends if the script does.
func TestFinish_ends_though_nobody_takes_what_it_says(t *testing.T) {
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	defer w.Close()
	full := exec.Command("timeout", "1", "dd", "if=/dev/zero", "bs=4096")
	full.Stdout = w
	full.Run()
	cmd := exec.Command(finish(t), "3", "768")
	cmd.Stdout = w
	if err := cmd.Run(); err != nil && cmd.ProcessState == nil {
		t.Error(err)
	}
}
