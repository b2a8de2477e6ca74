package task

import (
	"time"

	"rundock/internal/control"
	"rundock/internal/hostconfig"
)

// Host is where things are on the host that the module runs on.
type Host struct {
	Config  string        // host.json
	Program string        // rundockd
	Run     string        // status files
	State   string        // what rundockd keeps over boots
	Slack   time.Duration // for a stop beyond what the service itself asks for, before it is killed
}

// ThisHost is a host as rundock has it.
func ThisHost() Host {
	return Host{Config: hostconfig.Path, Program: hostconfig.Program, Run: control.Dir, State: hostconfig.StateDir, Slack: 40 * time.Second}
}
