package main

import (
	"fmt"
	"testing"
	"time"
)

func TestComplaint_is_logged_once_in_a_while(t *testing.T) {
	var c complaint
	start := time.Now()
	logged := 0
	for second := range 24 * 60 * 60 {
		now := start.Add(time.Duration(second) * time.Second)
		for _, text := range []string{"no address", "dockerd does not answer"} {
			if c.news(now, text) {
				logged++
			}
		}
	}
	if want := 2 * 6 * 24; logged != want {
		t.Errorf("of two complaints that are made each second, %d were logged in a day, want %d", logged, want)
	}
}

func TestComplaint_keeps_no_more_than_it_needs(t *testing.T) {
	var c complaint
	for i := range 10_000 {
		if !c.news(time.Now(), fmt.Sprint(i)) {
			t.Fatalf("complaint %d, which is new, was not logged", i)
		}
	}
	if len(c.last) > 100 {
		t.Errorf("%d complaints are remembered", len(c.last))
	}
}
