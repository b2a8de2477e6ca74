package previewroute

import (
	"context"
	"sync"
	"sync/atomic"
	"time"

	"rundock/internal/pause"
	"rundock/internal/preview"
	"rundock/internal/preview/route"
	"rundock/internal/registry"
)

// usedEvery is how often the store is told of uses.
const usedEvery = time.Minute

// uses say when each preview was used last, by its name.
type uses struct{ byName sync.Map } // of *use

// use is that of one preview.
type use struct {
	open atomic.Int64 // requests that are being answered
	last atomic.Int64 // when one began or ended last, in Unix nanoseconds
	told int64        // what the store was told of last; of whoever tells it
}

func (u *uses) begin(name string) *use {
	found, ok := u.byName.Load(name)
	if !ok {
		found, _ = u.byName.LoadOrStore(name, &use{})
	}
	one := found.(*use)
	one.open.Add(1)
	one.last.Store(time.Now().UnixNano())
	return one
}

func (u *use) end() {
	u.last.Store(time.Now().UnixNano())
	u.open.Add(-1)
}

// at is when it was used last, in Unix nanoseconds: now, while a request is open.
func (u *use) at(now time.Time) int64 {
	if u.open.Load() > 0 {
		return now.UnixNano()
	}
	return u.last.Load()
}

// tell writes into the store when previews of table were used, where that is later
// than what was written, as host's. What is there of previews that are no more it takes away.
func (u *uses) tell(ctx context.Context, store registry.Store, host string, table *route.Table, now time.Time) {
	u.byName.Range(func(key, value any) bool {
		name, one := key.(string), value.(*use)
		if table.State(name) == nil {
			if one.open.Load() == 0 && put(ctx, store, preview.UsedKey(name, host), nil) == nil {
				u.byName.Delete(name)
			}
			return ctx.Err() == nil
		}
		at := one.at(now)
		if at > one.told && put(ctx, store, preview.UsedKey(name, host), preview.Used{At: time.Unix(0, at).UTC()}.JSON()) == nil {
			one.told = at
		}
		return ctx.Err() == nil
	})
}

// put makes a key, which nobody else writes, have value; nil: not be there.
func put(ctx context.Context, store registry.Store, key string, value []byte) error {
	now, err := store.Read(ctx, []string{key})
	if err != nil {
		return err
	}
	s := registry.Swap{Key: key, New: value}
	if now[0].Exists {
		s.Old = now[0].Value
	}
	if s.Writes() {
		_, err = store.Swap(ctx, s)
	}
	return err
}

// keepUses tells the store of uses until ctx is done, and then of the last ones.
func (r *Router) keepUses(ctx context.Context, store registry.Store, host string, every time.Duration) {
	tell := func(ctx context.Context) {
		if table := r.table.Load(); table != nil {
			r.uses.tell(ctx, store, host, table, time.Now())
		}
	}
	for pause.For(ctx, every) == nil {
		tell(ctx)
	}
	last, cancel := context.WithTimeout(context.WithoutCancel(ctx), registry.Goodbye)
	defer cancel()
	tell(last)
}
