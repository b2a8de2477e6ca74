package ctl

import (
	"strings"
	"testing"

	"rundock/internal/container"
)

func TestHealth_is_waited_for_while_that_can_help(t *testing.T) {
	for _, c := range []struct {
		state   container.State
		pending bool
	}{
		{container.State{Health: "starting", HealthLog: "refused\n"}, true},
		{container.State{Health: "unhealthy", HealthLog: "refused\n"}, false},
		{container.State{Health: "unhealthy", HealthLog: "containerd: unavailable\n", Unchecked: true}, true},
	} {
		pending, err := health(c.state)
		if (err == nil) != c.pending {
			t.Errorf("%s, unchecked %v: final error %v, want that it goes on: %v", c.state.Health, c.state.Unchecked, err, c.pending)
		}
		if err != nil {
			pending = err.Error()
		}
		if want := "container is " + c.state.Health + ": " + strings.TrimSpace(c.state.HealthLog); pending != want {
			t.Errorf("it says %q, want %q", pending, want)
		}
	}
}
