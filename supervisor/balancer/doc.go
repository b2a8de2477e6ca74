// Package balancer keeps the HAProxy of a load balancer as settings and store
// say: the process `rundockd balance`.
//
// world.go folds what the store says; pass.go looks at HAProxy, has decide.go
// decide for each service what follows, and does that: slots and maps by the
// runtime socket, the configuration on disk (place.go), sessions, and what the
// store is told (acks.go). All of it is derived anew in each pass, so that a
// HAProxy or a balancer that was restarted, and what somebody changed by hand,
// take no path of their own. Without the store HAProxy goes on as it is.
package balancer
