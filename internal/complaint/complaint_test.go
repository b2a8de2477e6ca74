package complaint

import (
	"fmt"
	"testing"
	"time"
)

func TestComplaint_is_logged_once_in_a_while(t *testing.T) {
	var c Memory
	start := time.Now()
	logged := 0
	for second := range 24 * 60 * 60 {
		now := start.Add(time.Duration(second) * time.Second)
		for _, text := range []string{"no address", "dockerd does not answer"} {
			if c.News(now, text) {
				logged++
			}
		}
	}
	if want := 2 * 6 * 24; logged != want {
		t.Errorf("of two complaints that are made each second, %d were logged in a day, want %d", logged, want)
	}
}

func TestComplaint_keeps_no_more_than_it_needs(t *testing.T) {
	var c Memory
	for i := range 10_000 {
		if !c.News(time.Now(), fmt.Sprint(i)) {
			t.Fatalf("complaint %d, which is new, was not logged", i)
		}
	}
	if len(c.last) > 100 {
		t.Errorf("%d complaints are remembered", len(c.last))
	}
}

func TestComplaint_of_other_connections_to_one_server_is_the_same(t *testing.T) {
	var c Memory
	now := time.Now()
	for text, want := range map[string]bool{
		"read tcp 10.1.0.2:40001->10.1.0.3:2379: connection reset by peer":     false,
		"read tcp [fd00::2]:40001->[fd00::3]:2379: connection reset by peer":   true,
		"read tcp 10.1.0.2:40001->10.1.0.3:2380: connection reset by peer":     true,
		"dial tcp 10.1.0.3:2379: connect: connection refused":                  true,
		"write tcp 10.1.0.2:40001->10.1.0.3:2379: connection reset by peer":    true,
		"read tcp 10.1.0.2:40001->10.1.0.3:2379: use of closed network socket": true,
	} {
		c = Memory{}
		c.News(now, "read tcp 10.1.0.2:40000->10.1.0.3:2379: connection reset by peer")
		if got := c.News(now, text); got != want {
			t.Errorf("after a reset by 10.1.0.3:2379, News(%q) = %v, want %v", text, got, want)
		}
	}
}
