package previewwork

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"math"
	"os"
	"os/user"
	"path/filepath"
	"strconv"
	"time"

	"rundock/internal/control"
	"rundock/internal/fstree"
	"rundock/internal/pause"
)

type rawJSON = json.RawMessage

// asker does a step of a run.
type asker func(ctx context.Context, step control.StackStep, change func(*control.StackRequest)) (control.StackAnswer, error)

// waver does the waves of a run on this host, as the action plugin of rundock_stack does.
type waver struct {
	engine
	rollout
	ask     asker
	secrets map[string][]byte
}

// do does waves, up to one that goes wrong.
func (w waver) do(ctx context.Context, a control.StackAnswer) error {
	if a.Secret {
		told, err := w.ask(ctx, control.StackSecret, nil)
		if err != nil {
			return err
		}
		w.secrets = told.Secrets
	}
	for n, wave := range a.Waves {
		if err := w.one(ctx, wave); err != nil {
			return err
		}
		if wave.Commit {
			ctx = context.WithoutCancel(ctx) // what left is stopped whoever wants something else by now
			if n < len(a.Waves)-1 && w.current != nil {
				pause.For(ctx, drain)
			}
		}
	}
	return nil
}

// drain is how long what left goes on once others have its requests: routers hear of that within a
// moment, and answers that have begun end.
const drain = 5 * time.Second

func (w waver) one(ctx context.Context, wave control.StackWork) error {
	if _, err := w.ask(ctx, control.StackWave, func(q *control.StackRequest) {
		q.Wave = wave.Number
		q.Patience += int(math.Ceil(wave.Watch + wave.Pause))
	}); err != nil {
		return err
	}
	if err := pause.For(ctx, time.Duration(wave.Watch*float64(time.Second))); err != nil {
		return err
	}
	if err := w.here(ctx, wave); err != nil {
		return err
	}
	if wave.Commit {
		if err := call(ctx, w.ready); err != nil {
			return err
		}
		if _, err := w.ask(ctx, control.StackCommit, nil); err != nil {
			return err
		}
		// From here on the release is the current one: nothing is undone.
		if err := call(ctx, w.current); err != nil {
			return err
		}
	}
	return pause.For(ctx, time.Duration(wave.Pause*float64(time.Second)))
}

// here does what of a wave is this host's.
func (w waver) here(ctx context.Context, wave control.StackWork) error {
	own, ok := wave.Hosts[w.host]
	if !ok {
		return nil
	}
	w.say("%s", wave.Title)
	if len(own.Images) > 0 {
		if _, err := w.ask(ctx, control.StackPull, func(q *control.StackRequest) { q.Images = own.Images }); err != nil {
			return siteError{err}
		}
	}
	for _, network := range own.Networks {
		if err := w.module(ctx, "rundock_overlay", network); err != nil {
			return fmt.Errorf("network %v: %w", network["name"], err)
		}
	}
	for _, file := range own.Files {
		if err := w.file(file); err != nil {
			return err
		}
	}
	if len(own.Services) > 0 {
		for _, entry := range own.Services {
			withEnv(entry, w.settings)
		}
		if err := w.moduleMasked(ctx, "rundock", map[string]any{"services": own.Services}, w.settings); err != nil {
			return err
		}
	}
	return removeFiles(own.Stale)
}

// file writes a config or secret of an instance.
func (w waver) file(f control.StackHostFile) error {
	content := f.Content
	if f.Secret != "" {
		content = w.secrets[f.Secret]
	}
	mode, err := strconv.ParseUint(f.Mode, 8, 32)
	if err != nil {
		return fmt.Errorf("%s: mode %s: want octal digits", f.Path, f.Mode)
	}
	uid, err := idOf(f.Owner, func(name string) (string, error) {
		u, err := user.Lookup(name)
		if err != nil {
			return "", err
		}
		return u.Uid, nil
	})
	if err != nil {
		return fmt.Errorf("%s: %w", f.Path, err)
	}
	gid, err := idOf(f.Group, func(name string) (string, error) {
		g, err := user.LookupGroup(name)
		if err != nil {
			return "", err
		}
		return g.Gid, nil
	})
	if err != nil {
		return fmt.Errorf("%s: %w", f.Path, err)
	}
	if err := os.MkdirAll(filepath.Dir(f.Path), 0o755); err != nil {
		return err
	}
	if err := fstree.Replace(f.Path, fs.FileMode(mode), content); err != nil {
		return err
	}
	return os.Chown(f.Path, uid, gid)
}

// idOf is a user's or group's number, which a name may be already.
func idOf(name string, find func(string) (string, error)) (int, error) {
	if id, err := strconv.Atoi(name); err == nil {
		return id, nil
	}
	text, err := find(name)
	if err != nil {
		return 0, err
	}
	return strconv.Atoi(text)
}

// removeFiles removes files and folders, and what these are in with the last of them.
func removeFiles(paths []string) error {
	var all []error
	for _, path := range paths {
		all = append(all, os.RemoveAll(path))
		os.Remove(filepath.Dir(path)) // fails while it holds another
	}
	return errors.Join(all...)
}
