// Package defaults is what zeros of an announcement and of its check mean: to
// the module, which leaves them out of announce.json, and to the sidecar,
// which announces by them.
package defaults

import "time"

const (
	As       = "private"
	Protocol = "tcp"
	Priority = 10
	Weight   = 100
	Lease    = 15 * time.Second // for which a record outlives its sidecar
	MinLease = 5 * time.Second  // registry.MinLease, whose package a module does not link

	Path     = "/"         // of an http check
	Interval = time.Second // between two checks
	Timeout  = time.Second // of one
	Rise     = 1           // successes in a row before it is up
	Fall     = 3           // failures in a row before it is down
)
