package hostconfig

import (
	"context"
	"errors"
	"testing"
	"time"
)

func TestMoved_is_only_who_has_another_address_for_good(t *testing.T) {
	away := errors.New("interface eth0 has no address")
	for claim, c := range map[string]struct {
		seen []any // one look after the other; the last goes on
		want string
	}{
		"another address":                     {[]any{"old", "new"}, "new"},
		"the same address":                    {[]any{"old"}, ""},
		"no address":                          {[]any{"old", away}, ""},
		"the same after none":                 {[]any{away, "old"}, ""},
		"another after none":                  {[]any{away, away, "new"}, "new"},
		"another for a moment":                {[]any{"new", "old"}, ""},
		"another, then none, then the same":   {[]any{"new", away, "old"}, ""},
		"one after the other, until it stays": {[]any{"a", "b", "c", "new"}, "new"},
	} {
		t.Run(claim, func(t *testing.T) {
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			looks := 0
			got, ok := Moved(ctx, time.Microsecond, "old", func() (string, error) {
				at := min(looks, len(c.seen)-1)
				if looks++; looks == 100 {
					cancel()
				}
				if err, ok := c.seen[at].(error); ok {
					return "", err
				}
				return c.seen[at].(string), nil
			})
			if got != c.want || ok != (c.want != "") {
				t.Errorf("moved to %q, %v; want %q", got, ok, c.want)
			}
		})
	}
}
