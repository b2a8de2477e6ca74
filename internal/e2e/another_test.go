package e2e

import (
	"testing"

	"rundock/internal/lab"
)

// another is a lab of the test's own, of hosts as they are in o, which goes with the test.
func (s *setup) another(t *testing.T, o lab.Options) *setup {
	t.Helper()
	config := s.Config
	config.ID, config.Dir = s.ID+"n", t.TempDir()
	l, err := lab.New(config)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if _, err := l.Down(); err != nil {
			t.Error(err)
		}
	})
	other := &setup{l, s.checkout, l.Dir + "/inventory", s.ansible}
	if _, err := other.Up(t.Context(), o); err != nil {
		t.Fatal(err)
	}
	return other
}
