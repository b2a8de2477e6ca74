// Package sidecar announces a service while it is healthy, and withdraws it:
// the process `rundockd announce`. Of a service with colours it follows the State
// of the switch, and writes the first one (colour.go).
package sidecar
