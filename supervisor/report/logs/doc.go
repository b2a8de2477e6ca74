// Package logs is `rundockd logs`: it shows the log of a service's container and
// runner, that of its sidecar, or both by time.
package logs
