package main

import (
	"os"
	"os/exec"
	"strings"
	"testing"
)

// TestMain lets the test program be rundockd itself.
func TestMain(m *testing.M) {
	if os.Getenv("RUNDOCKD") == "1" {
		os.Exit(program.Main(os.Args[1:]))
	}
	os.Exit(m.Run())
}

// rundockd runs the program, and returns its exit code and what it wrote.
func rundockd(t *testing.T, args ...string) (code int, stdout, stderr string) {
	t.Helper()
	cmd := exec.Command(os.Args[0], args...)
	cmd.Env = append(os.Environ(), "RUNDOCKD=1")
	var out, errs strings.Builder
	cmd.Stdout, cmd.Stderr = &out, &errs
	if err := cmd.Run(); err != nil && cmd.ProcessState == nil {
		t.Fatal(err)
	}
	return cmd.ProcessState.ExitCode(), out.String(), errs.String()
}

func TestArguments_that_are_wrong_are_named(t *testing.T) {
	for line, want := range map[string]string{
		"status --jsno":              "unknown flag --jsno; see rundockd status --help",
		"status influxdb -x":         "unknown flag -x",
		"status ../etc":              `"../etc" is not a service's name`,
		"explain":                    "the name of one service, not 0",
		"explain a b":                "the name of one service, not 2",
		"logs":                       "the name of one service",
		"logs a b":                   `not 2 words: ["a" "b"]`,
		"logs a -n x":                "want a number of lines, or all",
		"logs a -n":                  "flag needs an argument: -n",
		"logs a --since=yesterday":   "want how long ago",
		"logs a --follow=1 announce": "unknown flag --follow",
		"explain ../influxdb --json": `"../influxdb" is not a service's name`,
		"logs ../../etc":             `"../../etc" is not a service's name`,
		"stats":                      `unknown command "stats"`,
		"":                           "usage: rundockd COMMAND",
	} {
		code, stdout, stderr := rundockd(t, strings.Fields(line)...)
		if code != 2 || stdout != "" || !strings.Contains(stderr, want) {
			t.Errorf("rundockd %s: exit code %d, stdout %q, stderr %q; want 2 and %s", line, code, stdout, stderr, want)
		}
	}
}

func TestArguments_help_goes_to_stdout(t *testing.T) {
	for _, name := range []string{"status", "explain", "logs"} {
		code, stdout, stderr := rundockd(t, name, "--help")
		if code != 0 || stderr != "" || !strings.HasPrefix(stdout, "usage: rundockd "+name) || !strings.Contains(stdout, "Exit codes:") || !strings.Contains(stdout, "Examples:") {
			t.Errorf("rundockd %s --help: exit code %d, stdout %q, stderr %q; want usage, exit codes and examples", name, code, stdout, stderr)
		}
	}
	for _, args := range [][]string{{"--help"}, {"help"}} {
		code, stdout, _ := rundockd(t, args...)
		if people, rest := strings.Index(stdout, "For people:"), strings.Index(stdout, "Started by runsv:"); code != 0 || people < 0 || people > rest {
			t.Errorf("rundockd %s: exit code %d, %q; want what is for people first", args[0], code, stdout)
		}
	}
}
