// Package ctl answers what modules, playbooks and generated scripts ask of
// rundockd: requests on stdin (ctl.go), check, config, handover and reap. Requests
// are
//
//	adopt.go stop.go wait.go    taking over a container, ending it, waiting for one
//	announceable.go             whether a service can be announced; unannounceable.go: why waiting for that is hopeless
//	last.go                     whether it is the only instance of its colour
//	owned.go reserve.go         ports of the host: another's, and those that another call is about to take
//	keys.go                     keys of the store
package ctl
