package look

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"

	"rundock/internal/module"
	"rundock/internal/runit"
	"rundock/supervisor/logger"
)

// readsOldFiles reports whether p, a logger, has read other files than those that dir
// has now. Its environment tells; while it is not svlogd yet, it is about to read
// them.
func readsOldFiles(p module.Process, dir string) bool {
	if !p.Supervised || p.Status.State != runit.Run {
		return false
	}
	var present []byte
	for _, f := range logger.Reads {
		data, err := os.ReadFile(filepath.Join(dir, f))
		if err != nil {
			return false
		}
		present = append(present, data...)
	}
	name, _ := os.ReadFile(fmt.Sprintf("/proc/%d/comm", p.Status.PID))
	if name := string(name); name == "runsv\n" || name == "run\n" {
		return false
	}
	environment, _ := os.ReadFile(fmt.Sprintf("/proc/%d/environ", p.Status.PID))
	for variable := range bytes.SplitSeq(environment, []byte{0}) {
		if read, ok := bytes.CutPrefix(variable, []byte(logger.Read+"=")); ok {
			return !bytes.Equal(read, bytes.TrimRight(present, "\n")) // as the shell does
		}
	}
	return p.OlderThan(dir, logger.Reads...)
}
