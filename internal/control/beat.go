package control

import (
	"os"
	"path/filepath"
	"time"
)

// Beat is how often a sidecar, or rundockd store, that is at work gives its
// status file the present time. One that is older tells what was, not what is:
// its process is frozen, or hangs.
const Beat = 5 * time.Second

// BeatAnnounce gives a sidecar's status file the present time.
func BeatAnnounce(dir, service string) error { return beat(announcePath(dir, service)) }

// LastBeat is when a sidecar's status file was written, or BeatAnnounce was last
// called for it; zero where there is none.
func LastBeat(dir, service string) time.Time { return lastBeat(announcePath(dir, service)) }

func announcePath(dir, service string) string { return filepath.Join(dir, service, "announce.json") }

func beat(path string) error {
	now := time.Now()
	return os.Chtimes(path, now, now)
}

func lastBeat(path string) time.Time {
	info, err := os.Stat(path)
	if err != nil {
		return time.Time{}
	}
	return info.ModTime()
}
