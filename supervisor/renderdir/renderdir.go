// Package renderdir is the runit service directory of a host's renderer,
// rundock-render, as package supervisor is that of a service.
package renderdir

import (
	"bytes"
	"os"
	"path/filepath"

	"rundock/internal/fstree"
	"rundock/internal/hostconfig"
	"rundock/supervisor/logger"
)

// Name is that of the directory.
const Name = "rundock-render"

// LogDir is where the renderer's log goes.
const LogDir = "/var/log/" + Name

const exec = "exec " + hostconfig.Program + " render\n"

// Files returns the directory's files, which are the same on every host.
// Definitions are in the folder templates.
func Files(templates string) []fstree.File {
	run := "#!/bin/sh\n# Keeps the files of the templates that " + templates + "/*.json define.\nexec 2>&1\n" + exec
	return []fstree.File{
		{Path: "run", Mode: 0o755, Data: []byte(run)},
		{Path: "log/run", Mode: 0o755, Data: logger.Script(LogDir)},
		{Path: "log/config", Mode: 0o644, Data: logger.Config(0, 0)},
	}
}

// Is reports whether dir is a directory of Files.
func Is(dir string) bool {
	data, err := os.ReadFile(filepath.Join(dir, "run"))
	return err == nil && filepath.Base(dir) == Name && bytes.Contains(data, []byte(exec))
}
