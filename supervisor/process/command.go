package process

import (
	"os"
	"path/filepath"
	"strconv"
	"strings"
)

// IsRundockd reports whether pid is a living `rundockd COMMAND ...`, or the
// program rundock-COMMAND that it becomes.
func IsRundockd(pid int, command string) bool {
	words := CommandLine(pid)
	if len(words) == 0 {
		return false
	}
	program := filepath.Base(words[0])
	return program == "rundock-"+command || program == "rundockd" && len(words) > 1 && words[1] == command
}

// CommandLine is that of the process pid, nil where there is none.
func CommandLine(pid int) []string {
	cmdline, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/cmdline")
	if err != nil || len(cmdline) == 0 {
		return nil
	}
	return strings.Split(strings.TrimSuffix(string(cmdline), "\x00"), "\x00")
}
