// Package servicecontainer says how a service's container is made (expand.go,
// options.go), what must be mounted before (mounts.go) and which containers are a
// service's (own.go). Runner, ctl and reports agree by it.
package servicecontainer
