package main

import (
	"fmt"
	"os"
	"path/filepath"
	"syscall"
)

// become returns what a verb does that is a program of its own, rundock-VERB, which
// is installed beside rundockd: it replaces this process.
func become(verb string) func(args []string) int {
	return func(args []string) int {
		own, err := os.Executable()
		if err == nil {
			path := filepath.Join(filepath.Dir(own), "rundock-"+verb)
			if err = syscall.Exec(path, append([]string{path}, args...), os.Environ()); err != nil {
				err = fmt.Errorf("start %s: %w", path, err)
			}
		}
		fmt.Fprintf(os.Stderr, "rundockd %s: %v\n", verb, err)
		return 1
	}
}
