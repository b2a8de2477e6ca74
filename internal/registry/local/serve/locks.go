package serve

import (
	"slices"
	"sync"
)

// locks are held by key. Its zero is ready for use.
type locks struct {
	mu   sync.Mutex
	held map[string]*lock
}

type lock struct {
	sync.Mutex
	users int
}

// lock waits for all keys; unlock is called once.
func (l *locks) lock(keys []string) (unlock func()) {
	keys = slices.Compact(slices.Sorted(slices.Values(keys))) // in one order, lest two wait for each other
	for _, key := range keys {
		l.mu.Lock()
		if l.held == nil {
			l.held = map[string]*lock{}
		}
		k := l.held[key]
		if k == nil {
			k = &lock{}
			l.held[key] = k
		}
		k.users++
		l.mu.Unlock()
		k.Lock()
	}
	return func() {
		l.mu.Lock()
		defer l.mu.Unlock()
		for _, key := range keys {
			k := l.held[key]
			k.Unlock()
			if k.users--; k.users == 0 {
				delete(l.held, key)
			}
		}
	}
}
