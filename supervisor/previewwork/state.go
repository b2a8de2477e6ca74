package previewwork

import (
	"context"
	"errors"
	"fmt"
	"time"

	"rundock/internal/preview"
	"rundock/internal/preview/ledger"
	"rundock/internal/preview/settings"
	"rundock/internal/registry"
)

// records writes what a builder writes of previews. Nobody else writes these keys but who holds the
// preview's claim, and routers' wishes to wake one.
type records struct{ store registry.Store }

// state changes the state of a preview by change, which is given the one that there is: Name alone
// where there is none. With wake, a wish to wake it is taken away in the same moment.
func (r records) state(ctx context.Context, name string, wake bool, change func(*preview.State)) (after preview.State, err error) {
	keys := []string{preview.StateKey(name), preview.WakeKey(name)}
	err = ledger.Insist(ctx, "state of "+name, func() (bool, error) {
		found, err := r.store.Read(ctx, keys)
		if err != nil {
			return false, err
		}
		after = preview.State{Name: name}
		swap := registry.Swap{Key: keys[0]}
		if found[0].Exists {
			swap.Old = found[0].Value
			if read, err := preview.ParseState(found[0].Value); err == nil {
				after = read
			}
		}
		step := after.Step
		change(&after)
		if after.Step != step || after.Since.IsZero() {
			after.Since = time.Now().UTC()
		}
		swap.New = after.JSON()
		swaps := []registry.Swap{swap}
		if wake && found[1].Exists {
			swaps = append(swaps, registry.Swap{Key: keys[1], Old: found[1].Value})
		}
		return r.store.Transact(ctx, swaps)
	})
	return after, err
}

// forget removes all that the store has of a preview but its wish.
func (r records) forget(ctx context.Context, name string) error {
	var wrong []error
	keys := []string{preview.StateKey(name), preview.WakeKey(name), settings.OfPreview(name).Key()}
	used, _, err := r.store.List(ctx, preview.UsedPrefix+name+"/")
	if err != nil {
		return fmt.Errorf("forget %s: %w", name, err)
	}
	for _, one := range used {
		keys = append(keys, one.Key)
	}
	for _, key := range keys {
		wrong = append(wrong, r.remove(ctx, "forget "+name, key))
	}
	return errors.Join(wrong...)
}

func (r records) remove(ctx context.Context, what, key string) error {
	return ledger.Insist(ctx, what, func() (bool, error) {
		found, err := r.store.Read(ctx, []string{key})
		if err != nil || !found[0].Exists {
			return true, err
		}
		return r.store.Swap(ctx, registry.Swap{Key: key, Old: found[0].Value})
	})
}
