package kernel

import "testing"

func TestEntries_are_those_of_a_map(t *testing.T) {
	want := map[string]int{"a": 1, "b": 2, "c": 3}
	for _, c := range []struct {
		name   string
		listed entries[string, int]
		are    bool
	}{
		{"all, in any order", entries[string, int]{{"c", 3}, {"a", 1}, {"b", 2}}, true},
		{"one is missing", entries[string, int]{{"c", 3}, {"a", 1}}, false},
		{"one is another", entries[string, int]{{"c", 3}, {"a", 1}, {"b", 9}}, false},
		{"one is of no one", entries[string, int]{{"c", 3}, {"a", 1}, {"d", 2}}, false},
		{"one is there twice, and another not", entries[string, int]{{"c", 3}, {"a", 1}, {"a", 1}}, false},
		{"one more", entries[string, int]{{"c", 3}, {"a", 1}, {"b", 2}, {"d", 4}}, false},
		{"none", nil, false},
	} {
		if got := c.listed.equal(want); got != c.are {
			t.Errorf("%s: they are those of the map: %v, want %v", c.name, got, c.are)
		}
	}
}
