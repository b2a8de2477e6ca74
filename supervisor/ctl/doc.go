// Package ctl answers what modules, playbooks and generated scripts ask of
// rundockd: requests on stdin (ctl.go, and adopt.go, stop.go, wait.go for what
// they ask), check, config, handover and reap.
package ctl
