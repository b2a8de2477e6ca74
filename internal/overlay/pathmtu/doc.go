// Package pathmtu finds the largest packet of an overlay network that passes to
// each of its hosts: path MTU discovery by probes of the packetization layer,
// which trusts no ICMP error of a router. And it tells whether a host still
// answers in the network.
//
// A Prober sends the probes and takes the answers (sockets.go, packet.go), and
// has a search for each path that is being looked at (search.go), which decides
// which sizes to ask for and when the answer is certain. search is pure.
//
// Source: RFC 8899, Datagram Packetization Layer Path MTU Discovery: probes are
// padded, acknowledged by the peer and sent beside the data, a size counts as
// too large only after several probes were lost, and a black hole is found by
// looking again (its search, and PROBE_COUNT's place, are ours: many sizes are
// asked for at once, and answers to small controls tell loss from size). The
// peer's acknowledgement is the answer of its kernel to an ICMP echo (RFC 792)
// inside VXLAN (RFC 7348).
package pathmtu
