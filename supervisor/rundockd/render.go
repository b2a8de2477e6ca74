package main

import (
	"fmt"
	"os"
	"path/filepath"
	"syscall"
)

// renderProgram is installed beside rundockd.
const renderProgram = "rundock-render"

// becomeRender is the verb render: it replaces this process.
func becomeRender(args []string) int {
	own, err := os.Executable()
	if err == nil {
		path := filepath.Join(filepath.Dir(own), renderProgram)
		if err = syscall.Exec(path, append([]string{path}, args...), os.Environ()); err != nil {
			err = fmt.Errorf("start %s: %w", path, err)
		}
	}
	fmt.Fprintln(os.Stderr, "rundockd render:", err)
	return 1
}
