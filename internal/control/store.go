package control

import (
	"path/filepath"
	"time"
)

// StoreService is the runit service that rundockd store runs as.
const StoreService = "rundock-store"

// StoreStatus is /run/rundock/store.json, of rundockd store.
type StoreStatus struct {
	Version int           `json:"version"`
	PID     int           `json:"pid"`
	Since   time.Time     `json:"since"`            // when it started
	Reason  string        `json:"reason,omitempty"` // why it serves nothing
	Stores  []ServedStore `json:"stores,omitempty"` // the host's own first
}

// ServedStore is a store that it has a connection to.
type ServedStore struct {
	Name    string `json:"name"`              // etcd or consul
	Reason  string `json:"reason,omitempty"`  // why the store cannot be used
	Catalog string `json:"catalog,omitempty"` // why Consul's catalog does not follow the records
	Clients int    `json:"clients"`           // processes of this host that use it
	Records int    `json:"records"`           // keys that those hold
	Watches int    `json:"watches"`           // of the store, each for all who watch the same
}

// storePath is where the status file of rundockd store is.
func storePath(dir string) string { return filepath.Join(dir, "store.json") }

// ReadStore is ReadRunner for rundockd store.
func ReadStore(dir string) (StoreStatus, error) {
	var s StoreStatus
	return s, readStatus(storePath(dir), &s)
}

// WriteStore is WriteRunner for rundockd store.
func WriteStore(dir string, s StoreStatus) error {
	s.Version = Version
	return writeStatus(dir, filepath.Base(storePath(dir)), s)
}

// BeatStore gives the status file of rundockd store the present time.
func BeatStore(dir string) error { return beat(storePath(dir)) }

// storeSilent is for how long rundockd store may give no sign of life.
const storeSilent = 3 * Beat

// StoreMute returns for how long rundockd store has given no sign of life, if that
// is too long: it was stopped, or hangs.
func StoreMute(dir string, now time.Time) time.Duration {
	last := lastBeat(storePath(dir))
	if silent := now.Sub(last); !last.IsZero() && silent > storeSilent {
		return silent.Round(time.Second)
	}
	return 0
}
