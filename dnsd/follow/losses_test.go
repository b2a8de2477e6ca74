package follow

import (
	"strings"
	"testing"
	"time"
)

func TestLossesAreRetainedWhereTheyAreSuspicious(t *testing.T) {
	same, policy := origin{7, 100}, Losses{Share: 30, Hold: time.Minute}
	for _, c := range []struct {
		claim          string
		losses         Losses
		before, now    origin
		known, missing int
		want           string // "": they go at once
	}{
		{"nothing lost", policy, same, same, 100, 0, ""},
		{"the share itself is no excess", policy, same, origin{7, 200}, 100, 30, ""},
		{"one more is", policy, same, origin{7, 200}, 100, 31, "more than 30% of the records"},
		{"an empty store", policy, same, origin{7, 200}, 100, 100, "the store is empty"},
		{"a small site loses two services", policy, same, origin{7, 200}, 3, 2, ""},
		{"a small site loses three", policy, same, origin{7, 200}, 4, 3, "more than 30%"},
		{"a small site's store is another", policy, same, origin{8, 200}, 1, 1, "another cluster, 8, was 7"},
		{"another store that has it all", policy, same, origin{8, 200}, 100, 0, ""},
		{"another store that lacks little", policy, same, origin{8, 200}, 100, 10, ""},
		{"a backup of before", policy, same, origin{7, 50}, 2, 1, "went back from revision 100 to 50"},
		{"a snapshot that does not know its cluster", policy, origin{0, 100}, origin{8, 200}, 2, 2, ""},
		{"hold 0", Losses{Share: 30}, same, origin{8, 5}, 100, 100, ""},
		{"share 0", Losses{Hold: time.Minute}, same, origin{7, 200}, 100, 3, "more than 0%"},
		{"share 100", Losses{Share: 100, Hold: time.Minute}, same, origin{8, 5}, 100, 100, ""},
		{"nothing was known", policy, origin{}, same, 0, 0, ""},
	} {
		got := c.losses.suspicion(c.before, c.now, c.known, c.missing)
		if (got == "") != (c.want == "") || !strings.Contains(got, c.want) {
			t.Errorf("%s: %d of %d missing: suspicion = %q, want %q", c.claim, c.missing, c.known, got, c.want)
		}
	}
}
