package announce

import (
	"slices"
	"strings"
	"testing"

	"rundock/internal/await"
	"rundock/internal/control"
)

const blueKey = webKey + "-blue"

// value is what is stored at a key.
func (s *stage) value(key string) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.keys[key]
}

func (s *stage) inGroup(group string) func() bool {
	return func() bool { return strings.Contains(s.value(blueKey), `"group":"`+group+`"`) }
}

func TestAnnouncer_of_a_colour(t *testing.T) {
	s := newStage(t)
	a := s.announce(func(c *Config) { c.Name, c.Colour, c.ID = "web-blue", "blue", "m1/web/blue" })
	a.Instance(s.run("one"))
	await.True(t, "it is not announced before it is known which colour is active", func() bool {
		return a.status().Reason == "which colour of web is active is not known yet"
	})
	a.Active("blue")
	await.True(t, "the active colour answers the service's name", s.inGroup("main"))
	a.Active("green")
	await.True(t, "the idle one does not", s.inGroup("_blue"))
	await.True(t, "its status says so", func() bool {
		got := a.status()
		return got.Service == "web-blue" && got.State == control.Announced && got.Colour == "blue" && got.Active == "green"
	})
	a.Active("blue")
	await.True(t, "it is active again", s.inGroup("main"))
	s.mu.Lock()
	seen := slices.Clone(s.seen)
	s.mu.Unlock()
	if want := []string{"put " + blueKey, "put " + blueKey, "put " + blueKey}; !slices.Equal(seen, want) {
		t.Errorf("seen = %v, want %v: the instance is there all the time", seen, want)
	}
	a.end(nil)
	await.True(t, "it is withdrawn", s.has())
}
