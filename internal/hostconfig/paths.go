package hostconfig

// Where rundock is on a host, whichever part writes, runs or reads it.
const (
	Program    = "/usr/local/bin/rundockd" // the services run it, and modules where they need Docker or the store
	DNSProgram = "/usr/local/bin/dnsd"
	StateDir   = "/var/lib/rundock" // outlives a boot
)
