// Package registrytest is the suite that every store passes which package
// store stands for, and what the tests of one store need to watch and to
// announce. Only tests import it.
package registrytest

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"rundock/internal/registry"
)

// Server is a real store, to be tampered with and harmed.
type Server interface {
	Open(t *testing.T) registry.Store    // a client as the product has it, closed when the test ends
	Patient(t *testing.T) registry.Store // the same, but it bears with a busy machine for as long as tests wait
	Address() string                     // as errors name it
	Lease() time.Duration                // the shortest that the store grants reliably
	Expiry() time.Duration               // by when such a lease is over that nobody renews

	Put(t *testing.T, key, value string)
	Delete(t *testing.T, key string)
	Get(t *testing.T, key string) (value string, exists bool)
	EndLease(t *testing.T, lease string) // with all keys under it
	Leases(t *testing.T) int             // how many there are

	Kill()    // kill -9
	Restart() // after Kill
	Wipe()    // removes the data of a killed store
	Backup()  // copies the data of a killed store
	Restore() // brings back what Backup copied
	Freeze()  // has it hang, its connections open
	Thaw()
}

// aCase is a claim about a store.
type aCase struct {
	claim string
	test  func(t *testing.T, server Server)
}

// each runs the cases side by side, each with a server of its own.
func each(t *testing.T, start func(t *testing.T) Server, cases []aCase) {
	t.Parallel()
	for _, c := range cases {
		t.Run(c.claim, func(t *testing.T) {
			t.Parallel()
			c.test(t, start(t))
		})
	}
}

// Want fails unless got is want.
func Want[T comparable](t *testing.T, what string, got, want T) {
	t.Helper()
	if got != want {
		t.Errorf("%s = %v, want %v", what, got, want)
	}
}

// Contains fails unless text names all parts.
func Contains(t *testing.T, what, text string, parts ...string) {
	t.Helper()
	if missing := missing(text, parts); missing != "" {
		t.Errorf("%s %s", what, missing)
	}
}

// missing says which part text does not name; "": it names them all.
func missing(text string, parts []string) string {
	for _, part := range parts {
		if !strings.Contains(text, part) {
			return fmt.Sprintf("= %q, want it to name %q", text, part)
		}
	}
	return ""
}
