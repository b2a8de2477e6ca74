package defaults_test

import (
	"testing"

	"rundock/internal/announce/defaults"
	"rundock/internal/registry"
)

func TestMinLease_is_the_one_that_stores_take(t *testing.T) {
	if defaults.MinLease != registry.MinLease {
		t.Errorf("MinLease = %s, registry has %s", defaults.MinLease, registry.MinLease)
	}
}
