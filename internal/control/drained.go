package control

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"rundock/internal/fstree"
)

// A Drain is drained.json in /var/lib/rundock. While it is there no service of the
// host runs or is announced: also after a boot, and whatever else is enabled
// meanwhile.
type Drain struct {
	Version int       `json:"version"`
	Since   time.Time `json:"since"`
	By      string    `json:"by,omitempty"` // who asked for it, as he said
}

func (d Drain) String() string {
	text := "the host is drained"
	if !d.Since.IsZero() {
		text += " since " + d.Since.UTC().Format("2006-01-02 15:04:05 UTC")
	}
	if d.By != "" {
		text += ", by " + d.By
	}
	return text
}

func drainFile(dir string) string { return filepath.Join(dir, "drained.json") }

// ReadDrain returns whether the host whose state is in dir is drained. A file that
// cannot be read or is damaged counts as one: what must not run does not run. Where
// the folder is closed to the caller, who then runs nothing either, it is not known,
// and not said.
func ReadDrain(dir string) (d Drain, drained bool) {
	data, err := os.ReadFile(drainFile(dir))
	if errors.Is(err, fs.ErrNotExist) || errors.Is(err, fs.ErrPermission) {
		return Drain{}, false
	}
	if err == nil && json.Unmarshal(data, &d) != nil {
		d = Drain{}
	}
	return d, true
}

// WriteDrain has the host be drained.
func WriteDrain(dir string, d Drain) error {
	d.Version = Version
	data, err := json.Marshal(d)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	return fstree.Replace(drainFile(dir), 0o644, append(data, '\n'))
}

// RemoveDrain has the host be drained no longer.
func RemoveDrain(dir string) error {
	err := os.Remove(drainFile(dir))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("have the host be drained no longer: %w", err)
	}
	return fstree.SyncDir(dir)
}
