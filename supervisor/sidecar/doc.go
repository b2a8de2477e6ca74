// Package sidecar announces a service while it is healthy, and withdraws it:
// the process `rundockd announce`.
package sidecar
