package runit

import (
	"fmt"
	"iter"
	"os"
	"path/filepath"
	"strconv"
	"strings"
)

// processes gives each process that there is: its id, and its folder in /proc.
func processes() iter.Seq2[int, string] {
	return func(yield func(int, string) bool) {
		entries, _ := os.ReadDir("/proc")
		for _, e := range entries {
			pid, err := strconv.Atoi(e.Name())
			if err == nil && !yield(pid, filepath.Join("/proc", e.Name())) {
				return
			}
		}
	}
}

// nameOf is what a process calls itself; "" once it has ended.
func nameOf(proc string) string {
	name, _ := os.ReadFile(filepath.Join(proc, "comm"))
	return strings.TrimSpace(string(name))
}

// HasDeleted reports whether a process has a file open that was at path, and is gone.
func HasDeleted(pid int, path string) bool {
	open, _ := filepath.Glob(fmt.Sprintf("/proc/%d/fd/*", pid))
	for _, fd := range open {
		if to, err := os.Readlink(fd); err == nil && to == path+deletedMark {
			return true
		}
	}
	return false
}
