package control

import (
	"path/filepath"
	"time"
)

// ShipService is the runit service that rundockd ship runs as, which role logs writes.
const ShipService = "rundock-ship"

// ShipStatus is /run/rundock/ship.json, of rundockd ship.
type ShipStatus struct {
	Version int       `json:"version"`
	PID     int       `json:"pid"`
	Since   time.Time `json:"since"`             // when it started
	Digest  string    `json:"digest,omitempty"`  // of the settings when it started
	To      string    `json:"to"`                // the receiver
	Reason  string    `json:"reason,omitempty"`  // why nothing is shipped
	Failing time.Time `json:"failing,omitzero"`  // since when, while there is a reason
	Unread  string    `json:"unread,omitempty"`  // why logs are not read into the buffer
	Arrived time.Time `json:"arrived,omitzero"`  // when the receiver last acknowledged lines
	Shipped uint64    `json:"shipped"`           // lines that it acknowledged since the start
	Lines   uint64    `json:"lines"`             // that are buffered: neither acknowledged nor lost
	Bytes   int64     `json:"bytes"`             // that the buffer takes on disk
	Limit   int64     `json:"limit"`             // that it may take
	Lost    uint64    `json:"lost,omitempty"`    // lines that went as the buffer was full, ever
	Removed uint64    `json:"removed,omitempty"` // times since the start that svlogd removed files before they were read

	Beat time.Duration `json:"beat,omitempty"` // as an overlay network's agent has it
}

// ShipLock is the lock of the host's rundockd ship.
func ShipLock(dir string) string { return filepath.Join(dir, "ship.lock") }

// Mute is that of OverlayStatus.
func (s ShipStatus) Mute(now time.Duration) time.Duration { return mute(s.Beat, now) }

// ReadShip is ReadRunner for rundockd ship.
func ReadShip(dir string) (ShipStatus, error) {
	var s ShipStatus
	return s, readStatus(filepath.Join(dir, "ship.json"), &s)
}

// WriteShip is WriteRunner for rundockd ship.
func WriteShip(dir string, s ShipStatus) error {
	s.Version = Version
	return writeStatus(dir, "ship.json", s)
}
