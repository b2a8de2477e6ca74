// Package forgetting has the store forget a host that is gone for good: `rundockd
// forget-host`.
//
//	find.go    which keys are a host's; pure
//	forget.go  waiting until its leases are over, and freeing them
//	consul.go  its agent of Consul
//	main.go    the command
//
// What a host holds goes with its leases, when it is gone. What has none stays: its
// subnet in overlay networks, and that switches wait for its load balancer.
package forgetting
