package hosts

import (
	"io/fs"
	"time"

	"rundock/internal/fstree"
)

// Have is how a host is, as far as Wanted asks.
type Have struct {
	Missing    []string // packages that are not installed
	Docker     DockerState
	Booted     map[string]bool // of Wanted.Unbooted: those that init starts
	Outside    map[string]bool // and those that run without runit
	Runsvdir   bool            // it runs, and its folder is there
	Programs   map[string]string
	Users      map[string]bool
	Files      map[string]*FileState // nil where there is none
	Services   map[string]ServiceState
	Surplus    map[string]bool // of Wanted.Removed: those that site.yml made and that are there
	Rundockd   RundockdState
	ResolvConf *FileState
	Saved      bool            // the resolv.conf of before rundock
	Pending    map[string]bool // renewals that an earlier run owes, by Step.key
}

// DockerState is how dockerd is.
type DockerState struct {
	DaemonJSON *FileState     // nil where there is none
	Settings   map[string]any // of it
	Runs       bool
	Enabled    bool     // at boot
	Waiting    []string // keys that a restart of dockerd is owed for
}

// FileState is a file as it is.
type FileState struct {
	Data         []byte
	Mode         fs.FileMode // permission bits; 0 for what is no regular file
	Owner, Group string      // names, or numbers of nobody
}

// ServiceState is how a runit service stands.
type ServiceState struct {
	Changes    fstree.Changes // from its folder to what is wanted
	Enabled    bool
	Supervised bool
	Stale      bool // its process is older than its scripts
	OldProgram bool // its process runs a program that was replaced
	Settled    bool // its process has run for a while, and is to
}

// RundockdState is how rundockd's processes under runit stand.
type RundockdState struct {
	Running int
	Old     bool // one of them runs a program that was replaced
}

// settled is how long a process has run that is not looked at again in a run
// that changes nothing of it.
const settled = 10 * time.Second
