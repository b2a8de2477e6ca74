package ctl

import (
	"fmt"
	"os"
	"time"

	"rundock/internal/control"
)

// CheckMain is `rundockd check NAME`, which `sv check` calls through the
// service's check script: it reads the status file and asks nobody.
func CheckMain(args []string) int {
	if len(args) != 1 {
		fmt.Fprintln(os.Stderr, "usage: rundockd check NAME")
		return 2
	}
	s, err := control.ReadRunner(control.Dir, args[0])
	switch {
	case err != nil:
		fmt.Fprintln(os.Stderr, "rundockd check:", err)
		return 1
	case s.PID == 0:
		fmt.Printf("%s: no runner has started since boot\n", args[0])
		return 1
	case s.Phase == control.Ended && s.ExitCode == 0:
		fmt.Printf("%s: a job, which ended well\n", args[0])
		return 0
	case s.Phase == control.Standby:
		fmt.Printf("%s: a standby: %s\n", args[0], s.Error)
		return 0
	case s.Phase != control.Running:
		fmt.Printf("%s: %s since %s: %s\n", args[0], s.Phase, s.Since.Format(time.RFC3339), s.Error)
		return 1
	}
	fmt.Printf("%s: container %.12s up since %s\n", args[0], s.Container, s.Started.Format(time.RFC3339))
	return 0
}
