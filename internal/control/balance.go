package control

import (
	"path/filepath"
	"time"
)

// BalanceStatus is /run/rundock/balance.json: how a load balancer stands.
type BalanceStatus struct {
	Version  int                 `json:"version"`
	PID      int                 `json:"pid"`               // of rundockd balance
	HAProxy  string              `json:"haproxy,omitempty"` // its version; "": it does not answer
	Problems []string            `json:"problems,omitempty"`
	Store    string              `json:"store,omitempty"` // why it cannot be reached; HAProxy goes on as it is
	Reloads  int                 `json:"reloads"`         // that were asked for since the balancer started
	Services map[string]Balanced `json:"services"`
}

// Balanced is a service of a load balancer.
type Balanced struct {
	Backend  string                    `json:"backend"`           // that has the traffic
	Canary   string                    `json:"canary,omitempty"`  // that has a share of it
	Phase    string                    `json:"phase,omitempty"`   // of the switch; "": it has no colours
	Reached  string                    `json:"reached,omitempty"` // in that phase, as the store was told
	Problem  string                    `json:"problem,omitempty"` // or what is waited for
	Kept     string                    `json:"kept,omitempty"`    // why instances stay that the store lacks
	Since    time.Time                 `json:"since"`             // when the backend got the traffic, or the balancer started
	Backends map[string]BalanceBackend `json:"backends"`
}

// BalanceBackend is a backend of a service.
type BalanceBackend struct {
	Up        int               `json:"up"`                  // servers that are up
	Servers   int               `json:"servers"`             // that have an instance
	Instances map[string]string `json:"instances,omitempty"` // HAProxy's status of each, by address and port
}

const balanceFile = "balance.json"

// BalanceService is the runit service that rundockd balance runs as, which role
// loadbalancer writes.
const BalanceService = "rundock-balance"

// BalanceLock is the lock of the host's balancer.
func BalanceLock(dir string) string { return filepath.Join(dir, "balance.lock") }

// ReadBalance is ReadOverlay for the host's load balancer.
func ReadBalance(dir string) (BalanceStatus, error) {
	var s BalanceStatus
	return s, readStatus(filepath.Join(dir, balanceFile), &s)
}

// WriteBalance is WriteOverlay for the host's load balancer.
func WriteBalance(dir string, s BalanceStatus) error {
	s.Version = Version
	return writeStatus(dir, balanceFile, s)
}
