package spool

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
)

// open opens a spool whose notes are replayed into the returned list.
func open(t *testing.T, dir string, limit int64) (*Spool, *[]string) {
	t.Helper()
	var notes []string
	s, err := Open(dir, limit, func(b Batch) { notes = append(notes, string(b.Note)) }, func() []byte { return []byte("all before") })
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.file.Close() })
	return s, &notes
}

func add(t *testing.T, s *Spool, from, to int) {
	t.Helper()
	for i := from; i <= to; i++ {
		if err := s.Append(fmt.Appendf(nil, "after %d", i), fmt.Appendf(nil, "line %d\n", i), 1); err != nil {
			t.Fatal(err)
		}
	}
	if err := s.Flush(); err != nil {
		t.Fatal(err)
	}
}

// numbers are those of the lines that are read from on, which say the same in their text.
func numbers(t *testing.T, r *Reader) (all []uint64) {
	t.Helper()
	for {
		b, ok, err := r.Next()
		if err != nil {
			t.Fatal(err)
		}
		if !ok {
			return all
		}
		if want := fmt.Sprintf("line %d\n", b.First); string(b.Data) != want || b.Lines != 1 {
			t.Fatalf("batch %d is %q, want %q", b.First, b.Data, want)
		}
		all = append(all, b.First)
	}
}

func between(from, to uint64) (all []uint64) {
	for n := from; n <= to; n++ {
		all = append(all, n)
	}
	return all
}

func same(t *testing.T, what string, got, want []uint64) {
	t.Helper()
	if fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("%s: lines %v, want %v", what, got, want)
	}
}

func TestSpool_is_read_in_order_and_over_a_restart(t *testing.T) {
	dir := t.TempDir()
	s, _ := open(t, dir, 1<<20)
	add(t, s, 1, 6000)
	if len(s.segments) < 3 {
		t.Fatalf("%d segments; the test is of several", len(s.segments))
	}
	r := s.Reader(0)
	same(t, "all", numbers(t, r), between(1, 6000))
	if err := s.Acknowledge(3501); err != nil {
		t.Fatal(err)
	}
	if first := s.segments[0]; first.next <= 3501 {
		t.Errorf("segment of lines %d to %d is there though all is acknowledged", first.first, first.next-1)
	}
	add(t, s, 6001, 6003)
	same(t, "those that came", numbers(t, r), between(6001, 6003))
	id := s.ID()

	again, notes := open(t, dir, 1<<20)
	if last := (*notes)[len(*notes)-1]; (*notes)[0] != "all before" || last != "after 6003" {
		t.Errorf("notes begin with %q and end with %q", (*notes)[0], last)
	}
	same(t, "after a restart", numbers(t, again.Reader(0)), between(3501, 6003))
	if again.ID() != id {
		t.Errorf("the id is %s, was %s", again.ID(), id)
	}
	if f := again.Figures(); f.Lines != 2503 || f.Lost != 0 {
		t.Errorf("figures are %+v", f)
	}
}

func TestSpool_drops_the_oldest_and_counts_it(t *testing.T) {
	dir := t.TempDir()
	s, _ := open(t, dir, 100_000)
	r := s.Reader(0)
	add(t, s, 1, 10)
	if _, ok, err := r.Next(); !ok || err != nil {
		t.Fatal(ok, err)
	}
	add(t, s, 11, 5000)
	f := s.Figures()
	if f.Bytes > 100_000 || f.Lost == 0 || f.Lost+f.Lines != 5000 {
		t.Fatalf("figures are %+v, want at most 100000 bytes, and 5000 lines in all", f)
	}
	got := numbers(t, r)
	same(t, "what is left", got, between(f.Lost+1, 5000))
	// What was under way when it went is not counted twice.
	if err := s.Acknowledge(11); err != nil {
		t.Fatal(err)
	}
	again, _ := open(t, dir, 100_000)
	if now := again.Figures(); now.Lost != f.Lost || now.Lines != f.Lines {
		t.Errorf("figures after a restart are %+v, were %+v", now, f)
	}
}

func TestSpool_cuts_off_what_was_not_written_whole(t *testing.T) {
	for _, cut := range []int64{1, 7, 8, 20, 30} {
		dir := t.TempDir()
		s, _ := open(t, dir, 1<<20)
		add(t, s, 1, 3)
		path := s.file.Name()
		size := s.segments[0].size
		if err := os.Truncate(path, size-cut); err != nil {
			t.Fatal(err)
		}
		again, notes := open(t, dir, 1<<20)
		if last := (*notes)[len(*notes)-1]; last != "after 2" {
			t.Errorf("%d bytes short: the last note is %q, want that before the torn one", cut, last)
		}
		add(t, again, 3, 4)
		same(t, "after it", numbers(t, again.Reader(0)), between(1, 4))
	}
}

func TestSpool_does_without_a_segment_whose_begin_was_not_written(t *testing.T) {
	dir := t.TempDir()
	s, _ := open(t, dir, 1<<20)
	add(t, s, 1, 3)
	if err := os.WriteFile(filepath.Join(dir, "00000000000000000004.seg"), []byte("torn"), 0o600); err != nil {
		t.Fatal(err)
	}
	again, notes := open(t, dir, 1<<20)
	if last := (*notes)[len(*notes)-1]; last != "after 3" {
		t.Errorf("the last note is %q, want after 3", last)
	}
	add(t, again, 4, 5)
	same(t, "after it", numbers(t, again.Reader(0)), between(1, 5))
}

func TestSpool_counts_what_cannot_be_read_once(t *testing.T) {
	dir := t.TempDir()
	s, _ := open(t, dir, 1<<20)
	add(t, s, 1, 6000)
	second := s.segments[1]
	f, err := os.OpenFile(filepath.Join(dir, second.name()), os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := f.WriteAt([]byte("damage"), second.size/2); err != nil {
		t.Fatal(err)
	}
	f.Close()
	for range 2 {
		got := numbers(t, s.Reader(0))
		if lost := s.Figures().Lost; lost == 0 || uint64(len(got))+lost != 6000 {
			t.Errorf("%d lines were read and %d are counted as lost, of 6000", len(got), lost)
		}
	}
}

func TestSpool_shows_nothing_that_is_not_synced(t *testing.T) {
	s, _ := open(t, t.TempDir(), 1<<20)
	if err := s.Append(nil, []byte("line 1\n"), 1); err != nil {
		t.Fatal(err)
	}
	if got := numbers(t, s.Reader(0)); len(got) != 0 {
		t.Errorf("lines %v are read before they are synced", got)
	}
	add(t, s, 2, 2)
	<-s.More()
	same(t, "synced", numbers(t, s.Reader(0)), between(1, 2))
}

func TestSpool_goes_on_once_a_full_disk_has_room(t *testing.T) {
	dir := t.TempDir()
	if err := unix.Mount("tmpfs", dir, "tmpfs", 0, "size=256k"); err != nil {
		t.Skipf("mount a small disk: %v (run it as root)", err)
	}
	defer unix.Unmount(dir, unix.MNT_DETACH)
	s, _ := open(t, filepath.Join(dir, "spool"), 128<<10)
	add(t, s, 1, 10)
	filler, err := os.Create(filepath.Join(dir, "filler"))
	if err != nil {
		t.Fatal(err)
	}
	defer filler.Close()
	for err == nil {
		_, err = filler.Write(make([]byte, 4096))
	}
	long := []byte(strings.Repeat("x", 20_000) + "\n")
	if err := s.Append([]byte("after 11"), long, 1); !errors.Is(err, unix.ENOSPC) {
		t.Fatalf("append on a full disk = %v", err)
	}
	if err := filler.Truncate(0); err != nil {
		t.Fatal(err)
	}
	add(t, s, 11, 20)
	r := s.Reader(0)
	same(t, "all but what was refused", numbers(t, r), between(1, 20))
	r.Close()
	add(t, s, 21, 1200)
	for err = nil; err == nil; {
		_, err = filler.Write(make([]byte, 4096))
	}
	if err := s.Acknowledge(1000); err != nil {
		t.Errorf("acknowledge on a full disk = %v, though that makes room", err)
	}
	if err := filler.Truncate(0); err != nil {
		t.Fatal(err)
	}
	again, notes := open(t, filepath.Join(dir, "spool"), 128<<10)
	if last := (*notes)[len(*notes)-1]; last != "after 1200" {
		t.Errorf("the last note is %q", last)
	}
	same(t, "what was not acknowledged", numbers(t, again.Reader(0)), between(1000, 1200))
	again.Close()
	s.Close()
}

func TestSpool_names_a_damaged_file(t *testing.T) {
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, acknowledgedFile), []byte("{"), 0o600); err != nil {
		t.Fatal(err)
	}
	_, err := Open(dir, 1<<20, func(Batch) {}, func() []byte { return nil })
	if err == nil || !strings.Contains(err.Error(), acknowledgedFile+" is damaged") {
		t.Errorf("open = %v", err)
	}
}
