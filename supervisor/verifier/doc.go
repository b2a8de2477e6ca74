// Package verifier is `rundockd verify-switch`: it switches a service's colours to
// and fro while clients send requests, and counts and explains those that fail.
//
//	load.go       clients that send requests, on kept and on fresh connections
//	websocket.go  one that keeps a connection for as long as it may
//	tally.go      what was counted, and what a failure means: pure
//	main.go       the command
//
// Source of the websocket's frames: RFC 6455, section 5.
package verifier
