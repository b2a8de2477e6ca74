package module

import (
	"errors"

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

func (k Keys) do(r control.Request) (control.Response, error) {
	r.Store, r.Service = k.Store, r.Key
	a, err := k.Session.Do(r)
	if err == nil && a.Error != "" {
		err = errors.New(a.Error)
	}
	return a, err
}
