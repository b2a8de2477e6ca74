package previewroute

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"rundock/internal/complaint"
	"rundock/internal/fstree"
	"rundock/internal/pause"
	"rundock/internal/preview"
)

// snapshotEvery is how often the snapshot is written at most.
const snapshotEvery = time.Second

// snapshot is what the file holds.
type snapshot struct {
	States []*preview.State `json:"states"`
}

// snapshotPath is the file in a folder.
func snapshotPath(dir string) string { return filepath.Join(dir, "routes.json") }

// load has the router start with the snapshot in dir, if there is one and the store has
// not answered yet.
func (f *follower) load(dir string) error {
	data, err := os.ReadFile(snapshotPath(dir))
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	var s snapshot
	if err == nil {
		err = json.Unmarshal(data, &s)
	}
	if err != nil {
		return fmt.Errorf("read snapshot %s: %w", snapshotPath(dir), err)
	}
	states := map[string]*preview.State{}
	for _, one := range s.States {
		// What is not in order is as good as absent, until the store answers.
		if checked, err := preview.ParseState(one.JSON()); err == nil {
			states[checked.Name] = &checked
		}
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	if !f.listed {
		f.set(states)
	}
	return nil
}

// keepSnapshot writes the table to dir when it has changed, until ctx is done, and then
// what changed last. It tries on where that fails.
func (f *follower) keepSnapshot(ctx context.Context, dir string) {
	var said complaint.Memory
	for wanted, over := false, false; !over; {
		if !wanted {
			select {
			case <-f.changed:
			case <-ctx.Done():
				return
			}
		}
		over = pause.For(ctx, snapshotEvery) != nil
		err := f.save(dir)
		if wanted = err != nil; wanted && said.News(time.Now(), err.Error()) {
			f.log.Error("snapshot: trying on", "err", err)
		}
	}
}

// save writes the table to dir.
func (f *follower) save(dir string) error {
	var s snapshot
	for _, state := range f.router.table.Load().All() {
		s.States = append(s.States, state)
	}
	data, err := json.Marshal(s)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return fmt.Errorf("write snapshot: %w", err)
	}
	if err := fstree.Replace(snapshotPath(dir), 0o600, data); err != nil {
		return fmt.Errorf("write snapshot: %w", err)
	}
	return nil
}
