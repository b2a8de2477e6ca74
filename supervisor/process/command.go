package process

import (
	"os"
	"path/filepath"
	"strconv"
	"strings"
)

// IsRundockd reports whether pid is a living `rundockd COMMAND ...`.
func IsRundockd(pid int, command string) bool {
	words := CommandLine(pid)
	return len(words) > 1 && filepath.Base(words[0]) == "rundockd" && words[1] == command
}

// CommandLine is that of the process pid, nil where there is none.
func CommandLine(pid int) []string {
	cmdline, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/cmdline")
	if err != nil || len(cmdline) == 0 {
		return nil
	}
	return strings.Split(strings.TrimSuffix(string(cmdline), "\x00"), "\x00")
}
