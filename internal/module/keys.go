package module

import (
	"errors"
	"fmt"

	"rundock/internal/control"
)

// Keys reads and writes keys of a store, by `rundockd ctl`: a module links no
// client of one.
type Keys struct {
	Session *control.Session
	Store   string // etcd or consul
}

// Read returns the key as it is now.
func (k Keys) Read(key string) (control.Key, error) {
	a, err := k.do(control.Request{Op: control.Read, Key: key})
	if err == nil && a.Key == nil {
		err = errors.New("rundockd ctl gives no key: install the same release on host and controller")
	}
	if err != nil {
		return control.Key{}, err
	}
	return *a.Key, nil
}

// Write gives the key another value than it had, and with nil takes it away. It
// reports whether it did: not where somebody was faster.
func (k Keys) Write(key string, now control.Key, value []byte) (bool, error) {
	a, err := k.do(control.Request{Op: control.Swap, Key: key, Exists: now.Exists, Old: now.Value, New: value, Delete: value == nil})
	return a.Swapped, err
}

// KeyChange is what a key is to become.
type KeyChange struct {
	Key   string
	Name  string // for errors
	Value []byte // nil: it is to be gone
	// Differs says whether the key as it is has to be changed for that. The error says why
	// it must not be.
	Differs func(now control.Key) (bool, error)
}

// attempts is how often a write is tried that others were faster than.
const attempts = 5

// Settle writes c to a key that differs from it and was now when it was read. Where somebody
// was faster it looks again. It returns the key as it was before, and whether this call has
// changed it.
func (k Keys) Settle(c KeyChange, now control.Key) (before control.Key, changed bool, err error) {
	for range attempts {
		changed, err = k.Write(c.Key, now, c.Value)
		if err != nil || changed {
			return now, changed, err
		}
		if now, err = k.Read(c.Key); err != nil {
			return now, false, err
		}
		if differs, err := c.Differs(now); err != nil || !differs {
			return now, false, err
		}
	}
	return now, false, fmt.Errorf("%s is changed by somebody else all the time", c.Name)
}

func (k Keys) do(r control.Request) (control.Response, error) {
	r.Store, r.Service = k.Store, r.Key
	a, err := k.Session.Do(r)
	if err == nil && a.Error != "" {
		err = errors.New(a.Error)
	}
	return a, err
}
