package runit

import (
	"sync"
	"time"
)

// Together is what callers share who enable services at the same time. runsvdir looks at its folder
// once a second at most: it is woken once all of them have linked theirs, so that it finds
// all links at once. The zero value is ready for use.
type Together struct {
	mu      sync.Mutex
	parties map[*Party]bool // that are still to link
}

// Party is one caller's part in it. A nil one is that of a caller who is alone.
type Party struct {
	all  *Together
	left chan struct{} // closed once it has linked, or will not
	once sync.Once
}

// longest is how long who has linked waits for the others.
var longest = 200 * time.Millisecond

// Join says that the caller is about to link a service. It is Leave's to say that it has, or does not.
func (t *Together) Join() *Party {
	if t == nil {
		return nil
	}
	p := &Party{all: t, left: make(chan struct{})}
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.parties == nil {
		t.parties = map[*Party]bool{}
	}
	t.parties[p] = true
	return p
}

// Leave keeps the others from waiting for p. It may be called again.
func (p *Party) Leave() {
	if p == nil {
		return
	}
	p.once.Do(func() {
		p.all.mu.Lock()
		defer p.all.mu.Unlock()
		delete(p.all.parties, p)
		close(p.left)
	})
}

// await waits for those who are about to link now.
func (p *Party) await() {
	if p == nil {
		return
	}
	p.all.mu.Lock()
	var others []*Party
	for other := range p.all.parties {
		others = append(others, other)
	}
	p.all.mu.Unlock()
	late := time.After(longest)
	for _, other := range others {
		select {
		case <-other.left:
		case <-late:
			return
		}
	}
}
