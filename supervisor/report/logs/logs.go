package logs

import (
	"bufio"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"
	"time"

	"rundock/internal/hostconfig"
	"rundock/internal/runit"
	"rundock/supervisor"
	"rundock/supervisor/report"
)

// Main is `rundockd logs`; it returns the exit code.
func Main(args []string) int {
	asked, code, done := parseLogs(args, time.Now())
	if done {
		return code
	}
	services := hostServices()
	name, code := resolve(services, asked.name)
	if code != 0 {
		return code
	}
	asked.name = name
	w := bufio.NewWriter(os.Stdout)
	err := showLogs(w, asked, services.Folders.Dir(supervisor.Prefix+asked.name), supervisor.LogDir(asked.name))
	if flushErr := w.Flush(); err == nil {
		err = flushErr
	}
	if err != nil {
		if errors.Is(err, fs.ErrPermission) {
			err = fmt.Errorf("%w: run it as root", err)
		}
		fmt.Fprintln(os.Stderr, "rundockd logs:", err)
		return report.ExitUnknown
	}
	return report.ExitWell
}

// hostServices finds the services of this host; a host.json that cannot be read
// keeps nobody from a log.
func hostServices() report.Services {
	config, _ := hostconfig.Load(hostconfig.Path)
	folders, _ := runit.Detect(config.Runit.SV, config.Runit.Service)
	return report.Services{Folders: folders}
}

// resolve is services.Resolve for logs, which outlive their service.
func resolve(services report.Services, name string) (string, int) {
	short := strings.TrimPrefix(name, supervisor.Prefix)
	for _, n := range []string{name, short} {
		if supervisor.IsName(n) && !services.Known(n) && report.Exists(supervisor.LogDir(n)) {
			return n, 0
		}
	}
	found, code := services.Resolve("logs", []string{name})
	if code != 0 {
		return "", code
	}
	return found[0], 0
}
