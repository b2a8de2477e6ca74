// Package process holds what every long-running process of rundockd shares: the
// causes with which its context ends (cause.go), handing over to a successor
// (handover.go), taking over from a predecessor (lock.go, command.go), waiting
// (wait.go), its log through svlogd's pipe (pipe.go, logger.go), its frugality
// (small.go), and what a daemon of a host is around its work (resident.go).
package process
