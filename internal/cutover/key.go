package cutover

import (
	"strings"
	"time"
)

// Prefixes of the keys, for a watch.
const (
	Prefix              = "/rundock/v1/switch/"
	LoadBalancersPrefix = "/rundock/v1/loadbalancers/"
)

// Key is that of a service's State.
func Key(service string) string { return Prefix + service }

// LockKey is that of a service's Lock.
func LockKey(service string) string { return Prefix + service + "/lock" }

// AckKey is that of the Ack of a host's load balancer.
func AckKey(service, host string) string { return AcksPrefix(service) + host }

// AcksPrefix begins the keys of a service's Acks.
func AcksPrefix(service string) string { return Prefix + service + "/acks/" }

// LoadBalancerKey is that of the LoadBalancer of a host.
func LoadBalancerKey(host string) string { return LoadBalancersPrefix + host }

// HistoryPrefix begins the keys of a service's history.
func HistoryPrefix(service string) string { return Prefix + service + "/history/" }

// HistoryKey is that of the Entry of an attempt that ended at a time. Keys sort
// by time.
func HistoryKey(service string, ended time.Time) string {
	return HistoryPrefix(service) + ended.UTC().Format("2006-01-02T15:04:05.000000Z")
}

// kind is what a key is of.
type kind int

const (
	kindOther kind = iota // history, and what is not ours
	kindState
	kindLock
	kindAck
	kindLoadBalancer
)

// split says what a key is of: of which service, and of which host. A load
// balancer's key is of no service.
func split(key string) (k kind, service, host string) {
	if host, ok := strings.CutPrefix(key, LoadBalancersPrefix); ok && host != "" && !strings.Contains(host, "/") {
		return kindLoadBalancer, "", host
	}
	rest, ok := strings.CutPrefix(key, Prefix)
	if !ok {
		return kindOther, "", ""
	}
	parts := strings.Split(rest, "/")
	switch {
	case parts[0] == "":
	case len(parts) == 1:
		return kindState, parts[0], ""
	case len(parts) == 2 && parts[1] == "lock":
		return kindLock, parts[0], ""
	case len(parts) == 3 && parts[1] == "acks" && parts[2] != "":
		return kindAck, parts[0], parts[2]
	}
	return kindOther, "", ""
}
