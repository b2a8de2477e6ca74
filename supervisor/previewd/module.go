package main

import (
	"fmt"
	"os"
	"syscall"

	"rundock/internal/ansible"
	"rundock/modules/rundock/call"
	rundock "rundock/modules/rundock/params"
	"rundock/modules/rundock/task"
	overlay "rundock/modules/rundock_overlay/params"
	overlaytask "rundock/modules/rundock_overlay/task"
	"rundock/supervisor/report"
)

// module is a call of a module, as Ansible would make it: arguments on stdin, the result on stdout.
func module(args []string) int {
	if len(args) != 1 {
		return report.BadUsage("previewd module", "want rundock or rundock_overlay")
	}
	// Folders are for all to read whatever umask runsv has.
	syscall.Umask(0o022)
	os.Args = os.Args[:1] // the arguments come on stdin
	switch args[0] {
	case "rundock":
		ansible.Main(rundock.Spec, func(c ansible.Call) ansible.Result { return call.Do(task.ThisHost(), c) })
	case "rundock_overlay":
		ansible.Main(overlay.Spec, overlaytask.Do)
	}
	return report.BadUsage("previewd module", fmt.Sprintf("there is no %q: want rundock or rundock_overlay", args[0]))
}
