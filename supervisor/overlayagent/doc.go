// Package overlayagent keeps this host's part of an overlay network: the process
// `rundockd overlay run`. agent.go has the agent and its loop; audit.go and
// change.go put the kernel right, docker.go puts Docker right,
// save.go has the saved state, status.go the status file; registry.go follows who is in the network.
package overlayagent
