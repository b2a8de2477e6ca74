// Package runner keeps the container of a service running: the process
// `rundockd run`. The loop (runner.go) looks how things are, decide.go says
// what to do about it, and act.go has it done by the parts that own it:
// containers.go makes and removes them, follow.go follows one, prerequisites.go
// waits for what one needs, backoff.go for the next attempt, sidecar.go has the
// service withdrawn, status.go says what is going on. What a container is made
// from is in origins.go and contents.go, its networks in networks.go, and what
// the runner is told in signals.go. The lock of a slot that two hosts have is in lock.go.
package runner
