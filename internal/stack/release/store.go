package release

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"maps"
	"slices"

	"rundock/internal/registry"
)

// kept is how many releases of a stack there are at most that were current, and how many
// that were not, besides those in use.
const kept = 10

// ErrSuperseded is a write that was not made, as somebody else wrote meanwhile, or
// the lock is not ours any more.
var ErrSuperseded = errors.New("the stack was changed meanwhile, or the lock is lost")

// Load reads what the store has of a stack, without what its blobs hold.
func Load(ctx context.Context, store registry.Store, stack string) (View, error) {
	v := View{Stack: stack, Releases: map[int]Release{}, Faults: map[string]error{}, raw: map[string][]byte{}}
	all, _, err := store.List(ctx, StackPrefix(stack))
	if err != nil {
		return v, fmt.Errorf("releases of %s: %w", stack, err)
	}
	for _, found := range all {
		if err := v.take(found.Key, found.Value); err != nil {
			v.Faults[found.Key] = fmt.Errorf("%s: %w", found.Key, err)
		}
	}
	v.settlePast()
	return v, nil
}

func (v *View) take(key string, value []byte) error {
	k, number, hash := split(v.Stack, key)
	switch k {
	case kindBlob:
		v.Blobs = append(v.Blobs, hash)
		return nil
	case kindCurrent:
		var p Pointer
		if err := registry.Decode(value, &p); err != nil {
			return fmt.Errorf("current release: %w", err)
		}
		v.Current = p.Release
	case kindLock:
		var l Lock
		if err := registry.Decode(value, &l); err != nil {
			return fmt.Errorf("lock: %w", err)
		}
		v.Lock = &l
	case kindRelease:
		r, err := Parse(value)
		if err != nil {
			return err
		}
		if r.Number != number || r.Model.Name != v.Stack {
			return fmt.Errorf("it is release %d of %s", r.Number, r.Model.Name)
		}
		v.Releases[number] = r
	}
	v.raw[key] = value
	return nil
}

// settlePast has those past that were current.
func (v View) settlePast() {
	for number, r := range v.Releases {
		if r.State == Current && number != v.Current {
			r.State = Past
			v.Releases[number] = r
		}
	}
}

// Next is the number that the next release gets.
func (v View) Next() int {
	if latest := v.Latest(); latest != nil {
		return latest.Number + 1
	}
	return v.Current + 1
}

// Write writes a release in the place of what v has of it, all under the lock that v
// has. It returns v as it is then. After an error other than ErrSuperseded it may have
// been written: Load tells.
func (v View) Write(ctx context.Context, store registry.Store, r Release) (View, error) {
	return v.write(ctx, store, fmt.Sprintf("release %d of %s", r.Number, v.Stack), r, v.Current)
}

// Commit makes a release the current one, and so the one before it past, in one
// transaction: whoever reads sees all of it, or nothing. It returns v as it is then,
// and errors are as those of Write.
func (v View) Commit(ctx context.Context, store registry.Store, r Release) (View, error) {
	what := fmt.Sprintf("commit release %d of %s", r.Number, v.Stack)
	if v.Current != r.From {
		return v, fmt.Errorf("%s: it was planned from release %d, and %d is current", what, r.From, v.Current)
	}
	next, err := r.Enter(Current, "", r.Since)
	if err != nil {
		return v, fmt.Errorf("%s: %w", what, err)
	}
	return v.write(ctx, store, what, next, r.Number)
}

// write writes a release, and the pointer where it changes.
func (v View) write(ctx context.Context, store registry.Store, what string, r Release, current int) (View, error) {
	after := v
	after.Current, after.Releases, after.raw = current, maps.Clone(v.Releases), maps.Clone(v.raw)
	var swaps []registry.Swap
	write := func(key string, value []byte) {
		swaps = append(swaps, registry.Swap{Key: key, Old: v.raw[key], New: value})
		after.raw[key] = value
	}
	data, err := r.JSON()
	if err != nil {
		return v, err
	}
	write(Key(v.Stack, r.Number), data)
	after.Releases[r.Number] = r
	if current != v.Current {
		write(CurrentKey(v.Stack), encode(Pointer{current}))
	}
	if err := v.transact(ctx, store, what, swaps...); err != nil {
		return v, err
	}
	after.settlePast()
	return after, nil
}

// transact makes all swaps, or none, and only while the lock is as v has it.
func (v View) transact(ctx context.Context, store registry.Store, what string, swaps ...registry.Swap) error {
	lock := v.raw[LockKey(v.Stack)]
	if lock == nil {
		return fmt.Errorf("%s: nobody holds the lock of %s", what, v.Stack)
	}
	done, err := store.Transact(ctx, append([]registry.Swap{{Key: LockKey(v.Stack), Old: lock, New: lock}}, swaps...))
	if err == nil && !done {
		err = ErrSuperseded
	}
	if err != nil {
		return fmt.Errorf("%s: %w", what, err)
	}
	return nil
}

// PutBlob keeps a config of the stack, and returns the hash by which it is found.
// That it is there already is no error.
func PutBlob(ctx context.Context, store registry.Store, stack string, content []byte) (hash string, err error) {
	if len(content) > MostBytes {
		return "", fmt.Errorf("config of %s: it is %d bytes, and %d are the most", stack, len(content), MostBytes)
	}
	sum := sha256.Sum256(content)
	hash = hex.EncodeToString(sum[:])
	if _, err := store.Swap(ctx, registry.Swap{Key: BlobKey(stack, hash), New: content}); err != nil {
		return "", fmt.Errorf("config of %s: %w", stack, err)
	}
	return hash, nil
}

// Blob reads a config. One that is not what its hash says is an error.
func Blob(ctx context.Context, store registry.Store, stack, hash string) ([]byte, error) {
	found, err := store.Read(ctx, []string{BlobKey(stack, hash)})
	if err != nil {
		return nil, fmt.Errorf("config %s of %s: %w", hash, stack, err)
	}
	if !found[0].Exists {
		return nil, fmt.Errorf("config %s of %s: the store does not have it", hash, stack)
	}
	if sum := sha256.Sum256(found[0].Value); hex.EncodeToString(sum[:]) != hash {
		return nil, fmt.Errorf("config %s of %s: the store has something else at its key", hash, stack)
	}
	return found[0].Value, nil
}

// Prune deletes what is not needed any more: the oldest releases where more than ten
// were current, or more than ten never were, but neither the current one nor what one
// under way came from; then blobs that no release names. Only who holds the lock may
// do it.
func (v View) Prune(ctx context.Context, store registry.Store) error {
	stay, numbers := v.remain()
	for _, number := range numbers {
		if !stay[number] {
			if err := v.drop(ctx, store, Key(v.Stack, number), v.raw[Key(v.Stack, number)]); err != nil {
				return err
			}
		}
	}
	needed := map[string]bool{}
	for number := range stay {
		for _, file := range v.Releases[number].Model.Configs {
			needed[file.Hash] = true
		}
	}
	for _, hash := range v.Blobs {
		if needed[hash] {
			continue
		}
		content, err := Blob(ctx, store, v.Stack, hash)
		if err != nil {
			return fmt.Errorf("prune: %w", err)
		}
		if err := v.drop(ctx, store, BlobKey(v.Stack, hash), content); err != nil {
			return err
		}
	}
	return nil
}

// Purge deletes all that the store has of the stack but the lock. The pointer goes
// first, so that no release is current of those that are left after an error. Only
// who holds the lock may do it.
func (v View) Purge(ctx context.Context, store registry.Store) error {
	for _, key := range sortedKeys(v.raw) { // current sorts before releases
		if key == LockKey(v.Stack) {
			continue
		}
		if err := v.drop(ctx, store, key, v.raw[key]); err != nil {
			return fmt.Errorf("purge: %w", err)
		}
	}
	for _, hash := range v.Blobs {
		content, err := Blob(ctx, store, v.Stack, hash)
		if err == nil {
			err = v.drop(ctx, store, BlobKey(v.Stack, hash), content)
		}
		if err != nil {
			return fmt.Errorf("purge: %w", err)
		}
	}
	return nil
}

// remain are the releases that stay, of all numbers, sorted.
func (v View) remain() (stay map[int]bool, numbers []int) {
	numbers = slices.Sorted(maps.Keys(v.Releases))
	stay = map[int]bool{}
	counts := map[bool]int{} // apart, so that those which failed take nobody's way back
	for _, number := range slices.Backward(numbers) {
		r := v.Releases[number]
		was := r.WasCurrent()
		if counts[was]++; number == v.Current || counts[was] <= kept {
			stay[number] = true
		}
		if r.isUnderWay() {
			stay[number], stay[r.From] = true, true
		}
	}
	return stay, numbers
}

// drop deletes a key, under the lock.
func (v View) drop(ctx context.Context, store registry.Store, key string, value []byte) error {
	return v.transact(ctx, store, "delete "+key, registry.Swap{Key: key, Old: value})
}
