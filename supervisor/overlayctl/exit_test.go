package overlayctl

import (
	"strings"
	"testing"
)

func TestMain_says_by_its_exit_code_what_is_wrong_with_a_name(t *testing.T) {
	for _, c := range []struct {
		args string
		code int
	}{
		{"", 2},
		{"chek", 2},
		{"check --all", 2},
		{"check no-such-network", 4},
		{"check ../../passwd", 4},
		{"status ../../passwd", 4},
		{"peers no-such-network", 4},
		{"explain 203.0.113.9", 4},
		{"leave ../../passwd", 2},
		{"leave no-such-network", 4},
		{"leave --check no-such-network", 4},
		{"leave --attached no-such-network", 4},
		{"run ../../passwd", 2},
		{"forget", 2},
		{"forget ../../passwd node-1", 2},
		{"--help", 0},
	} {
		if code := Main(strings.Fields(c.args)); code != c.code {
			t.Errorf("rundockd overlay %s exits with %d, want %d", c.args, code, c.code)
		}
	}
	if !strings.Contains(usage, "4 no such network") {
		t.Error("the usage does not tell of exit code 4")
	}
}
