// Package announcing joins what announce.json, host.json and Docker say into what
// package announce works with: config.go for a service, instance.go for its
// container.
package announcing
