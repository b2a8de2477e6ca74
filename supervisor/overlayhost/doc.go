// Package overlayhost is a network as this host takes part in it: its place under
// it (place.go), what its agent has saved (saved.go, ports.go, instance.go), and
// how the kernel differs from that (look.go). It changes nothing of the network.
package overlayhost
