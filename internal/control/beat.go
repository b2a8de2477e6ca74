package control

import (
	"os"
	"path/filepath"
	"time"
)

// Beat is how often a sidecar that is at work gives its status file the present
// time. One that is older tells what was, not what is: its process is frozen, or
// hangs.
const Beat = 5 * time.Second

// BeatAnnounce gives a sidecar's status file the present time.
func BeatAnnounce(dir, service string) error {
	now := time.Now()
	return os.Chtimes(announcePath(dir, service), now, now)
}

// LastBeat is when a sidecar's status file was written, or BeatAnnounce was last
// called for it; zero where there is none.
func LastBeat(dir, service string) time.Time {
	info, err := os.Stat(announcePath(dir, service))
	if err != nil {
		return time.Time{}
	}
	return info.ModTime()
}

func announcePath(dir, service string) string { return filepath.Join(dir, service, "announce.json") }
