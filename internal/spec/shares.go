package spec

import "strings"

// Share is that a container lives in part of another: in one of its
// namespaces, or with its volumes.
type Share struct {
	What Shared
	With string // name of the other container
}

// Shared is what of another container is shared.
type Shared string

const (
	SharedNetwork Shared = "network"
	SharedIPC     Shared = "ipc"
	SharedPID     Shared = "pid"
	SharedVolumes Shared = "volumes"
)

// Namespace reports whether it is a namespace, which is another one after each
// start of the other container; volumes stay as long as that exists.
func (s Shared) Namespace() bool { return s != SharedVolumes }

// Shares lists what c shares with other containers: namespaces before volumes.
func (c Container) Shares() []Share {
	var all []Share
	for _, mode := range []struct {
		what  Shared
		value string
	}{{SharedNetwork, c.Network}, {SharedIPC, c.IPC}, {SharedPID, c.PID}} {
		if name, ok := strings.CutPrefix(mode.value, "container:"); ok {
			all = append(all, Share{mode.what, name})
		}
	}
	for _, from := range c.VolumesFrom {
		name, _, _ := strings.Cut(from, ":")
		all = append(all, Share{SharedVolumes, name})
	}
	return all
}
