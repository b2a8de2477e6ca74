// Package logger is the log folder of a runit service directory: a script
// that runs svlogd, and svlogd's configuration.
package logger

import (
	"cmp"
	"fmt"
	"strings"
)

// Read is the variable in a logger's environment that holds Reads as they
// were when it started, one after the other.
const Read = "RUNDOCK_READ"

// Reads are the files of its folder that a logger reads when it starts.
var Reads = []string{"run", "config"}

// Script is log/run of a logger that writes to dir.
func Script(dir string) []byte {
	return fmt.Appendf(nil, `#!/bin/sh
umask 027 # also for the folder above, whichever logger makes it
mkdir -p %[1]s
ln -sfn "$PWD/config" %[1]s/config
%[2]s=$(cat %[3]s) # tells the module whether they have changed since
export %[2]s
exec svlogd -tt %[1]s
`, dir, Read, strings.Join(Reads, " "))
}

// Config is log/config, svlogd's own, which it reads when it starts and on
// HUP: files of size bytes, of which keep older ones stay. Zeros are defaults.
func Config(size int64, keep int) []byte {
	return fmt.Appendf(nil, "s%d\nn%d\n", cmp.Or(size, DefaultSize), cmp.Or(keep, DefaultKeep))
}

// What is kept of a log where nothing is said: svlogd's own, in its terms 11
// files of 1 MB with the one that is written.
const (
	DefaultSize = 1_000_000
	DefaultKeep = 10
)
