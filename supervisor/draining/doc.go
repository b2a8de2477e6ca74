// Package draining takes a host's services out of use, and back: `rundockd drain` and
// `rundockd undrain`.
//
//	last.go      which services would lose their last instance; pure
//	turn.go      one host at a time
//	services.go  the host's services, what is told to them, and how far each is
//	main.go      the two commands
//
// That a host is drained is in a file (control.Drain), by which runners stop their
// containers and start none, and sidecars without a container withdraw: so it outlives a boot, and
// whatever is installed meanwhile.
package draining
