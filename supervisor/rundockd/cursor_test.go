package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

var (
	one = strings.Repeat("a", 64)
	two = strings.Repeat("b", 64)
)

// reopen maps the cursor file again, as the successor of a killed runner does.
func reopen(t *testing.T, path string) *cursor {
	t.Helper()
	c, err := openCursor(path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.close() })
	return c
}

func TestCursor(t *testing.T) {
	path := filepath.Join(t.TempDir(), "influxdb", "log.cursor")
	c := reopen(t, path)
	expect := func(id string, wantDone, wantPlanned position, wantSum uint64) {
		t.Helper()
		done, planned, sum := reopen(t, path).begin(id)
		if done != wantDone || sum != wantSum || sum != 0 && planned != wantPlanned {
			t.Errorf("begin(%.4s) = %v, %v, %d; want %v, %v, %d", id, done, planned, sum, wantDone, wantPlanned, wantSum)
		}
	}
	expect(one, position{}, position{}, 0)
	c.begin(one)
	c.plan(position{10, 1}, 7)
	expect(one, position{}, position{10, 1}, 7)
	c.done()
	expect(one, position{10, 1}, position{}, 0)
	c.plan(position{12, 2}, 9)
	c.undo()
	expect(one, position{10, 1}, position{}, 0)
	c.plan(position{12, 2}, 9)
	c.done()
	c.plan(position{12, 3}, 11)
	expect(one, position{12, 2}, position{12, 3}, 11)
	expect(two, position{}, position{}, 0) // another container begins at its beginning
	expect(two, position{}, position{}, 0)
}

func TestPosition_counts_messages_of_the_same_time(t *testing.T) {
	p := position{}.next(5).next(5).next(5)
	if p != (position{5, 3}) {
		t.Errorf("after three messages at 5: %v, want {5 3}", p)
	}
	if p = p.next(6); p != (position{6, 1}) {
		t.Errorf("after one more at 6: %v, want {6 1}", p)
	}
}

func TestWasWritten(t *testing.T) {
	path := filepath.Join(t.TempDir(), "current")
	log := "2026-11-21_04:00:00.00000 started\n2026-11-21_04:00:01.00000 tick\n2026-11-21_04:00:02.00000 tick\n2026-11-21_04:00:03.00000 rundock: runner ended by signal 9\n"
	if err := os.WriteFile(path, []byte(log), 0o600); err != nil {
		t.Fatal(err)
	}
	for line, want := range map[string]bool{
		"started\n": true,
		"absent\n":  false,
		"tick\n":    false, // twice: which one it was cannot be known, and repeating is better than losing
	} {
		if got := wasWritten(path, digest([]byte(line))); got != want {
			t.Errorf("wasWritten(%q) = %t, want %t", line, got, want)
		}
	}
}
