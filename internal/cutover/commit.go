package cutover

import (
	"context"
	"fmt"

	"rundock/internal/registry"
)

// kept is how many entries of a service's history there are at most.
const kept = 100

// Commit makes a step that Next or Orphaned has decided for v: it writes the
// State, and the history where the attempt is settled by that. It reports false if
// somebody else was faster: then v is old. After an error it may have been made.
func Commit(ctx context.Context, store registry.Store, v View, s Step) (bool, error) {
	done, err := store.Swap(ctx, registry.Swap{Key: Key(v.Service), Old: v.Raw, New: JSON(s.Next)})
	if err != nil || !done {
		return done, err
	}
	if s.Next.Phase != Settled || v.State == nil || v.State.Phase == Settled {
		return true, nil
	}
	if err := record(ctx, store, v.Service, Ended(*v.State, s.Next)); err != nil {
		return true, fmt.Errorf("history of %s: %w", v.Service, err)
	}
	return true, nil
}

// record writes an entry, and takes the oldest away where there are too many.
func record(ctx context.Context, store registry.Store, service string, e Entry) error {
	if _, err := store.Swap(ctx, registry.Swap{Key: HistoryKey(service, e.Ended), New: JSON(e)}); err != nil {
		return err
	}
	all, _, err := store.List(ctx, HistoryPrefix(service))
	if err != nil {
		return err
	}
	for len(all) > kept {
		if _, err := store.Swap(ctx, registry.Swap{Key: all[0].Key, Old: all[0].Value}); err != nil {
			return err
		}
		all = all[1:]
	}
	return nil
}
