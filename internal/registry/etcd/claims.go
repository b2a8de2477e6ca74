package etcd

import (
	"sync"

	clientv3 "go.etcd.io/etcd/client/v3"

	"rundock/internal/registry"
	"rundock/internal/registry/leasing"
)

// claimKeys is how many keys claims that go together may have: etcd takes 128
// operations at once.
const claimKeys = 100

// claim is a call of Claim.
type claim struct {
	lease   clientv3.LeaseID
	items   []registry.Item
	decided chan struct{} // closed once got and err are set
	got     leasing.Claimed
	err     error
}

func (c *claim) end(got leasing.Claimed, err error) {
	c.got, c.err = got, err
	close(c.decided)
}

// claims gathers the claims that come while etcd is asked for others: they go
// together. Otherwise all services of a host that finds etcd again would ask by
// themselves, and those of many hosts be more than it answers in time.
type claims struct {
	mu      sync.Mutex
	asking  bool
	waiting []*claim
	// made are the keys that were claimed, and under which lease: they are
	// probably there still.
	made map[string]clientv3.LeaseID
}

// add has a claim wait, and reports whether nobody is asking yet.
func (c *claims) add(one *claim) (first bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.waiting = append(c.waiting, one)
	first, c.asking = !c.asking, true
	return first
}

// next takes claims that go together, in the order in which they came. There are
// none: nobody is asking any more.
func (c *claims) next() (all []*claim, look bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	keys := 0
	var later []*claim
	for _, one := range c.waiting {
		if len(all) > 0 && (one.lease != all[0].lease || keys+len(one.items) > claimKeys) {
			later = append(later, one)
			continue
		}
		all, keys = append(all, one), keys+len(one.items)
		for _, item := range one.items {
			look = look || c.made[item.Key] == one.lease
		}
	}
	c.waiting, c.asking = later, len(all) > 0
	return all, look || len(all) > 1
}

// settle ends a claim that was decided.
func (c *claims) settle(one *claim, got leasing.Claimed) {
	c.mu.Lock()
	if c.made == nil {
		c.made = map[string]clientv3.LeaseID{}
	}
	for _, item := range one.items {
		if got.HeldBy == "" {
			c.made[item.Key] = one.lease
		} else {
			delete(c.made, item.Key)
		}
	}
	c.mu.Unlock()
	one.end(got, nil)
}

// forget is told of a key that was written otherwise, or a lease that was revoked.
func (c *claims) forget(is func(key string, lease clientv3.LeaseID) bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for key, lease := range c.made {
		if is(key, lease) {
			delete(c.made, key)
		}
	}
}
