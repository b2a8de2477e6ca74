// Package overlayagent keeps this host's part of an overlay network: the process
// `rundockd overlay run`. Each part has an owner that knows none of the others:
// kernelsync.go has the kernel follow changes and audit.go puts all of it right,
// docker.go keeps Docker's part, save.go the saved state, status.go the status
// file, paths.go the MTU of paths, alive.go what other hosts are told. agent.go
// connects them in its loop; store.go follows who is in the network,
// change.go takes in what became of them, underlay.go where this host is.
package overlayagent
