package control

import (
	"path/filepath"
	"time"
)

// FilterService is the runit service that rundockd filter runs as, which role filter
// writes.
const FilterService = "rundock-filter"

// FilterStatus is /run/rundock/filter.json, of rundockd filter.
type FilterStatus struct {
	Version  int       `json:"version"`
	PID      int       `json:"pid"`
	Since    time.Time `json:"since"`              // when it started
	Digest   string    `json:"digest,omitempty"`   // of the settings when it started
	Reason   string    `json:"reason,omitempty"`   // why the table may not be as it is to be
	Docker   string    `json:"docker,omitempty"`   // why dockerd cannot be asked: then what it last said counts
	Devices  []string  `json:"devices,omitempty"`  // by which packets of containers come
	Confined []string  `json:"confined,omitempty"` // those of Devices by which those of builds and previews come
	Ports    []string  `json:"ports,omitempty"`    // of the host that containers reach, as they are published or announced
	Changes  int       `json:"changes"`            // how often the table was put since it started
	Healed   int       `json:"healed,omitempty"`   // of those, as others had changed it
	Changed  time.Time `json:"changed,omitzero"`   // when it was put last

	Beat time.Duration `json:"beat,omitempty"` // as an overlay network's agent has it
}

// FilterLock is the lock of the host's rundockd filter.
func FilterLock(dir string) string { return filepath.Join(dir, "filter.lock") }

// Mute is that of OverlayStatus.
func (s FilterStatus) Mute(now time.Duration) time.Duration { return mute(s.Beat, now) }

// ReadFilter is ReadRunner for rundockd filter.
func ReadFilter(dir string) (FilterStatus, error) {
	var s FilterStatus
	return s, readStatus(filepath.Join(dir, "filter.json"), &s)
}

// WriteFilter is WriteRunner for rundockd filter.
func WriteFilter(dir string, s FilterStatus) error {
	s.Version = Version
	return writeStatus(dir, "filter.json", s)
}
