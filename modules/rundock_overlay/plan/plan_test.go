package plan

import (
	"errors"
	"testing"

	"rundock/internal/module"
	"rundock/internal/overlay"
)

func TestDecideRemoval(t *testing.T) {
	bad := errors.New("apps.json is damaged")
	joined := &overlay.Settings{}
	there := module.Daemon{Standing: module.Standing{Installed: true, Masked: true}}
	for _, c := range []struct {
		claim    string
		now      Situation
		ownsMask bool
		want     Removal
		err      string
	}{
		{"nothing there", Situation{}, false, Removal{Nothing: true}, ""},
		{"left, and the store not told", Situation{Owed: true}, false, Removal{Nothing: true, GiveBack: true}, ""},
		{"in the network", Situation{Joined: joined, Owed: true}, false, Removal{}, ""},
		{"a service that an interrupted call left", Situation{Daemon: there}, false, Removal{}, ""},
		{"with a hidden link to it", Situation{Daemon: there}, true, Removal{Unmask: true}, ""},
		{"a hidden link to nothing", Situation{Daemon: module.Daemon{Standing: module.Standing{Masked: true}}}, true, Removal{Unmask: true}, ""},
		{"a hidden link of somebody else's", Situation{Daemon: module.Daemon{Standing: module.Standing{Masked: true}}}, false, Removal{Nothing: true}, ""},
		{"settings that cannot be read", Situation{Bad: bad}, false, Removal{}, "apps.json is damaged: mend it, as it says what there is to remove"},
		{"settings that are gone", Situation{Bad: bad, Lost: true}, false, Removal{}, "apps.json is damaged"},
		{"damaged settings, which the agent has saved", Situation{Bad: bad, Joined: joined}, false, Removal{}, ""},
	} {
		got, err := DecideRemoval(c.now, c.ownsMask)
		if got != c.want || (err == nil) != (c.err == "") || err != nil && err.Error() != c.err {
			t.Errorf("%s: %+v, %v; want %+v, %s", c.claim, got, err, c.want, c.err)
		}
	}
}
