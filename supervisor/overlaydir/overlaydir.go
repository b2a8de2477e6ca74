// Package overlaydir is the runit service directory of an overlay network's
// agent, overlay-<network>, as package supervisor is that of a service.
package overlaydir

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"

	"rundock/internal/fstree"
	"rundock/internal/hostconfig"
	"rundock/supervisor/logger"
)

// Prefix begins the name of each such directory.
const Prefix = "overlay-"

// LogDir is where the log of a network's agent goes.
func LogDir(network string) string { return "/var/log/" + Prefix + network }

const exec = "exec " + hostconfig.Program + " overlay run "

// Files returns the directory's files. What the network is stands in
// settings, a path.
func Files(network, settings string) []fstree.File {
	run := "#!/bin/sh\n# " + network + ": keeps this host in the overlay network of " + settings + ".\n" +
		"exec 2>&1\n" + exec + network + "\n"
	return []fstree.File{
		{Path: "run", Mode: 0o755, Data: []byte(run)},
		{Path: "log/run", Mode: 0o755, Data: logger.Script(LogDir(network))},
		{Path: "log/config", Mode: 0o644, Data: logger.Config(0, 0)},
	}
}

// Is reports whether dir is a directory of Files.
func Is(dir string) bool {
	data, err := os.ReadFile(filepath.Join(dir, "run"))
	return err == nil && strings.HasPrefix(filepath.Base(dir), Prefix) && bytes.Contains(data, []byte(exec))
}
