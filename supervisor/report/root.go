package report

import (
	"fmt"
	"os"
)

// NeedsRoot says so where a command is called by somebody else than root, to whom the
// host's store and its state are closed.
func NeedsRoot(command string) bool {
	if os.Geteuid() == 0 {
		return false
	}
	fmt.Fprintf(os.Stderr, "rundockd %[1]s: only root can, as it asks the host's store: sudo rundockd %[1]s ...\n", command)
	return true
}
