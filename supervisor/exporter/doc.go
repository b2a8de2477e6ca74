// Package exporter is `rundockd metrics`: the figures of a host, for Prometheus, at one
// address. Those of runners, sidecars, store agent, networks, templates, load balancer,
// packet filter and the shipping of logs it reads from their status files; those of dnsd
// and previews it fetches from them, on loopback.
package exporter
