package call

import (
	"slices"
	"testing"
)

func TestWaiting(t *testing.T) {
	for name, c := range map[string]struct {
		after [][]int
		want  []int
	}{
		"nobody for anybody":            {[][]int{nil, nil}, nil},
		"in a row":                      {[][]int{{1}, {2}, nil}, nil},
		"for two":                       {[][]int{{1, 2}, nil, nil}, nil},
		"for each other":                {[][]int{{1}, {0}, nil}, []int{0, 1}},
		"for those who wait for others": {[][]int{{1}, {2}, {1}, nil}, []int{0, 1, 2}},
	} {
		if got := deadlocked(c.after); !slices.Equal(got, c.want) {
			t.Errorf("%s: waiting(%v) = %v, want %v", name, c.after, got, c.want)
		}
	}
}
