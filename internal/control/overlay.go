package control

import (
	"path/filepath"
	"time"

	"golang.org/x/sys/unix"
)

// OverlayState is how a network of this host stands.
type OverlayState string

const (
	OverlayUp      OverlayState = "up"
	OverlayWaiting OverlayState = "waiting" // for the store, or for what Reason says
	OverlayFenced  OverlayState = "fenced"  // its subnet is another host's: cut off from the others
)

// OverlayStatus is /run/rundock/overlay/<network>.json.
type OverlayStatus struct {
	Version       int          `json:"version"`
	Network       string       `json:"network"`
	PID           int          `json:"pid"`              // of the agent
	Digest        string       `json:"digest,omitempty"` // of the settings when it started
	State         OverlayState `json:"state"`
	Reason        string       `json:"reason,omitempty"`   // what is wrong
	Registry      string       `json:"registry,omitempty"` // why the store cannot be used, if it is needed and cannot
	Refused       bool         `json:"refused,omitempty"`  // as Registry says, the network is configured otherwise than here, or has a living host with this one's machine id, or name: waiting does not help
	Subnet        string       `json:"subnet,omitempty"`
	Gateway       string       `json:"gateway,omitempty"`
	MTU           int          `json:"mtu,omitempty"`
	Bridge        string       `json:"bridge"`
	Vxlan         string       `json:"vxlan"`
	Underlay      string       `json:"underlay,omitempty"`
	Alive         bool         `json:"alive"` // other hosts see this one
	Peers         int          `json:"peers"`
	Narrow        int          `json:"narrow,omitempty"`         // of those, to which only smaller packets than MTU pass
	Silent        int          `json:"silent,omitempty"`         // of Peers, that answer nothing in the network
	SilentSubnets string       `json:"silent_subnets,omitempty"` // subnets of those, of many the first 100, with a space between
	Unheard       string       `json:"unheard,omitempty"`        // what to tell people of them
	Fault         string       `json:"fault,omitempty"`          // of the host, which the agent leaves to others
	Next          string       `json:"next,omitempty"`           // what to do about Fault
	Unsaved       string       `json:"unsaved,omitempty"`        // why what is known is not on disk: check, and a start without store, would go by what is there
	Changes       int          `json:"changes"`                  // operations done since the agent started
	Healed        int          `json:"healed,omitempty"`         // of those, such as put right what others had changed
	Changed       time.Time    `json:"changed,omitzero"`         // when the last of them was done
	Since         time.Time    `json:"since"`                    // when State began

	Beat time.Duration `json:"beat,omitempty"` // by Clock, when the agent last said all this; it does so every OverlayBeat
}

// OverlayBeat is how often an agent says how its network stands, though nothing
// has changed, and overlaySilent after how long it is taken to say nothing more.
const (
	OverlayBeat   = 10 * time.Second
	overlaySilent = 3 * OverlayBeat
)

// Clock is the machine's clock that nobody sets, and that stands still while the
// machine sleeps.
func Clock() time.Duration {
	var t unix.Timespec
	if err := unix.ClockGettime(unix.CLOCK_MONOTONIC, &t); err != nil {
		return 0
	}
	return time.Duration(t.Nano())
}

// Mute returns for how long the agent has said nothing, if that is too long: it
// was stopped, or hangs. now is Clock's.
func (s OverlayStatus) Mute(now time.Duration) time.Duration { return mute(s.Beat, now) }

func mute(beat, now time.Duration) time.Duration {
	if beat == 0 || now-beat < overlaySilent {
		return 0
	}
	return (now - beat).Round(time.Second)
}

// OverlayLock is the lock of the agent of a network on this host.
func OverlayLock(dir, network string) string { return filepath.Join(dir, "overlay", network+".lock") }

// ReadOverlay reads a network's status; the zero status and no error mean
// that none was written yet.
func ReadOverlay(dir, network string) (OverlayStatus, error) {
	var s OverlayStatus
	return s, readStatus(filepath.Join(dir, "overlay", network+".json"), &s)
}

// WriteOverlay replaces a network's status file.
func WriteOverlay(dir string, s OverlayStatus) error {
	s.Version = Version
	return writeStatus(filepath.Join(dir, "overlay"), s.Network+".json", s)
}
