package logcopy

import (
	"path/filepath"
	"strings"
	"testing"

	"rundock/supervisor/process"
)

var (
	one = strings.Repeat("a", 64)
	two = strings.Repeat("b", 64)
)

// reopen maps the cursor file again, as the successor of a killed runner does.
func reopen(t *testing.T, path string) *Cursor {
	t.Helper()
	c, err := OpenCursor(path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	return c
}

func TestCursor(t *testing.T) {
	path := filepath.Join(t.TempDir(), "influxdb", "log.cursor")
	c := reopen(t, path)
	expect := func(id string, wantDone position, wantBatch string, wantUnique bool) {
		t.Helper()
		c := reopen(t, path)
		done := c.begin(id)
		batch, unique := c.pending()
		if done != wantDone || string(batch) != wantBatch || unique != wantUnique {
			t.Errorf("begin(%.4s) = %v, pending %q, %t; want %v, %q, %t", id, done, batch, unique, wantDone, wantBatch, wantUnique)
		}
	}
	expect(one, position{}, "", false)
	c.begin(one)
	c.plan(position{10, 1, 0}, []byte("first\n"), true)
	expect(one, position{}, "first\n", true)
	c.done()
	expect(one, position{10, 1, 0}, "", false)
	c.plan(position{12, 2, 4096}, []byte("second\n"), false)
	expect(one, position{10, 1, 0}, "second\n", false)
	c.undo()
	expect(one, position{10, 1, 0}, "", false)
	full := strings.Repeat("x", process.PipeBuf)
	c.plan(position{12, 2, 4096}, []byte(full), true)
	expect(one, position{10, 1, 0}, full, true)
	c.done()
	c.plan(position{12, 3, 0}, []byte("third\n"), true)
	expect(one, position{12, 2, 4096}, "third\n", true)
	expect(two, position{}, "", false) // another container begins at its beginning
	expect(two, position{}, "", false)
}

func TestPosition_counts_messages_of_the_same_time(t *testing.T) {
	p := position{}.next(5).next(5).next(5)
	if p != (position{5, 3, 0}) {
		t.Errorf("after three messages at 5: %v, want {5 3 0}", p)
	}
	if p = p.next(6); p != (position{6, 1, 0}) {
		t.Errorf("after one more at 6: %v, want {6 1 0}", p)
	}
}

func TestPosition_counts_the_bytes_of_a_long_message(t *testing.T) {
	p := position{}.next(5).within(5, 4096).within(5, 4096)
	if p != (position{5, 1, 8192}) {
		t.Errorf("two pieces into the second message at 5: %v, want {5 1 8192}", p)
	}
	if q := p.within(6, 10); q != (position{6, 0, 10}) {
		t.Errorf("a piece into the first message at 6: %v, want {6 0 10}", q)
	}
	if p = p.next(5); p != (position{5, 2, 0}) {
		t.Errorf("after the second message at 5: %v, want {5 2 0}", p)
	}
}
