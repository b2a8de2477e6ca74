package agentsite

import (
	"fmt"
	"net/netip"

	"rundock/internal/await"
	"rundock/internal/overlay"
	"rundock/internal/overlay/kernel"
)

// AwaitKernel waits until the kernel holds what it should with these peers.
func (s *Site) AwaitKernel(peers []overlay.Peer) {
	s.T.Helper()
	await.Empty(s.T, "the kernel holds what it should", func() string { return s.Missing(Own, peers) })
}

// Missing is what an audit would do to have the kernel hold these peers, "" if
// nothing: not an agent's audit, that of a test.
func (s *Site) Missing(subnet netip.Prefix, peers []overlay.Peer) string {
	s.T.Helper()
	want, err := overlay.Want(s.Network, overlay.Host{Machine: Machine, Subnet: subnet, Underlay: s.At, Interface: "eth0", MTU: 1500}, peers)
	if err != nil {
		s.T.Fatal(err)
	}
	k, err := kernel.Open()
	if err != nil {
		s.T.Fatal(err)
	}
	defer k.Close()
	have, err := k.Read(s.Network, subnet)
	if err != nil {
		return err.Error()
	}
	ops := overlay.Plan(have, want)
	if len(ops) == 0 {
		return ""
	}
	return fmt.Sprintf("%d operations are left, the first is %s", len(ops), ops[0])
}

// Begin starts the agent with peers, and returns when they are programmed.
func (s *Site) Begin(peers []overlay.Peer) {
	s.T.Helper()
	s.Reserve(Own)
	s.Fill(peers)
	s.Start()
	s.AwaitKernel(peers)
}
