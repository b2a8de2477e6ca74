package e2e

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"
)

// TestBenchCalls measures tasks in one run of ansible-playbook, connection
// and Ansible's start not counted.
func TestBenchCalls(t *testing.T) {
	s := need(t)
	took := s.spans(t, "internal/e2e/testdata/bench/calls.yml", "rounds="+strconv.Itoa(rounds()))
	side := func(tasks ...string) []time.Duration {
		sum := make([]time.Duration, rounds())
		for _, task := range tasks {
			if len(took[task]) != rounds()+1 {
				t.Fatalf("task %q ran %d times, want %d", task, len(took[task]), rounds()+1)
			}
			for i, d := range took[task][1:] { // the first is for warmth
				sum[i] += d
			}
		}
		return sum
	}
	versus("a call that changes nothing", side("nothing to do, by rundock"),
		"ansible.builtin.ping, pipelined", side("nothing to do, by ping"), 0.6)
	versus("a call that writes a service", side("a new service, by rundock"), "file and 3 x copy",
		side("a new service, by file", "a new service, by copy 1", "a new service, by copy 2", "a new service, by copy 3"), 0.3)
}

// spans runs a playbook with variables, and returns how long its tasks took,
// by their names; of a loop, all of it together.
func (s *setup) spans(t *testing.T, playbook string, variables ...string) map[string][]time.Duration {
	t.Helper()
	file := filepath.Join(t.TempDir(), "spans")
	cmd := exec.Command("ansible-playbook", "-i", s.inventory, playbook, "-e", strings.Join(variables, " "))
	cmd.Dir = s.checkout
	settings := []string{"ANSIBLE_CALLBACK_PLUGINS=internal/e2e/testdata/bench/callback", "ANSIBLE_CALLBACKS_ENABLED=spans", "SPANS=" + file}
	cmd.Env = append(os.Environ(), settings...)
	fmt.Println(strings.Join(settings, " "), cmd)
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	took := map[string][]time.Duration{}
	for line := range strings.Lines(string(data)) {
		task, seconds, _ := strings.Cut(strings.TrimSpace(line), "\t")
		d, err := time.ParseDuration(seconds + "s")
		if err != nil {
			t.Fatalf("%q: %v", line, err)
		}
		took[task] = append(took[task], d)
	}
	return took
}
