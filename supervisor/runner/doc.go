// Package runner keeps the container of a service running: the process
// `rundockd run`. runner.go has the loop and decides what is to be done, start.go and replace.go
// make containers, supervise.go follows one, stop.go ends it.
package runner
