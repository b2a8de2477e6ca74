package svlog

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"
)

// texts reads on to the present end, without times.
func texts(t *testing.T, r *Reader) (all []string) {
	t.Helper()
	for buf := make([]byte, 4096); ; {
		data, err := r.Next(buf)
		if err != nil {
			t.Fatal(err)
		}
		if len(data) == 0 {
			return all
		}
		for _, line := range bytes.Split(bytes.TrimSuffix(data, []byte("\n")), []byte("\n")) {
			_, text := Split(line)
			all = append(all, string(text))
		}
	}
}

// restarted is the reader of a process that knows no more than the cursor as it was saved.
func restarted(t *testing.T, r *Reader) *Reader {
	t.Helper()
	data, err := json.Marshal(r.Cursor())
	if err != nil {
		t.Fatal(err)
	}
	r.Close()
	var saved Cursor
	if err := json.Unmarshal(data, &saved); err != nil {
		t.Fatal(err)
	}
	return NewReader(r.Dir, saved)
}

// TestReader has a real svlogd rotate every few lines, with and without a processor, while
// readers end and their successors go on.
func TestReader_has_each_line_once_over_rotations_and_restarts(t *testing.T) {
	if _, err := exec.LookPath("svlogd"); err != nil {
		t.Skipf("%v (make test installs it)", err)
	}
	for name, config := range map[string]string{"plain": "s1000\nn0\n", "gzip": "s1000\nn0\n!gzip\n"} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			write(t, filepath.Join(dir, "config"), config)
			logger := exec.Command("svlogd", "-tt", dir)
			in, err := logger.StdinPipe()
			if err != nil {
				t.Fatal(err)
			}
			if err := logger.Start(); err != nil {
				t.Fatal(err)
			}
			const lines = 400
			ended := make(chan error, 1)
			go func() {
				for i := range lines {
					fmt.Fprintf(in, "line %d\n", i)
				}
				in.Close()
				ended <- logger.Wait()
			}()
			r := NewReader(dir, Cursor{})
			got := 0
			for running := true; running; {
				select {
				case err := <-ended: // the rest is read once more
					if running = false; err != nil {
						t.Fatal(err)
					}
				default:
				}
				if _, err := os.Stat(filepath.Join(dir, "current")); err != nil {
					continue
				}
				for _, text := range texts(t, r) {
					if want := fmt.Sprintf("line %d", got); text != want {
						t.Fatalf("line %d is %q", got, text)
					}
					got++
				}
				r = restarted(t, r)
			}
			if got != lines {
				t.Errorf("%d of %d lines are read", got, lines)
			}
			if r.Lost() {
				t.Error("it says that lines are lost")
			}
			if list, _ := rotated(dir); len(list) < 10 {
				t.Errorf("svlogd has rotated %d times; the test is of many", len(list))
			}
		})
	}
}

func TestReader_says_that_files_were_removed(t *testing.T) {
	dir := t.TempDir()
	at := time.Date(2026, 11, 21, 7, 30, 0, 0, time.UTC)
	label := func(after time.Duration) string {
		ended := at.Add(after)
		return fmt.Sprintf("@%016x%08x.s", uint64(ended.Unix()+10+1<<62), ended.Nanosecond())
	}
	line := func(after time.Duration, text string) string {
		return at.Add(after).Format(StampForm) + " " + text + "\n"
	}
	write(t, filepath.Join(dir, "current"), line(0, "one")+line(1, "unread"))
	r := NewReader(dir, Cursor{})
	if got, err := r.Next(make([]byte, len(line(0, "one")))); err != nil || !bytes.HasSuffix(got, []byte("one\n")) {
		t.Fatalf("next = %q, %v", got, err)
	}
	r = restarted(t, r)
	write(t, filepath.Join(dir, label(time.Minute)), line(time.Minute, "two"))
	write(t, filepath.Join(dir, "current.new"), line(2*time.Minute, "three"))
	if err := os.Rename(filepath.Join(dir, "current.new"), filepath.Join(dir, "current")); err != nil {
		t.Fatal(err)
	}
	if got := fmt.Sprint(texts(t, r)); got != "[two three]" || !r.Lost() || r.Lost() {
		t.Errorf("it reads %s; want two and three, and to hear once that lines are lost", got)
	}
}

func TestReader_takes_a_long_line_in_pieces_and_waits_for_an_end(t *testing.T) {
	dir := t.TempDir()
	current := filepath.Join(dir, "current")
	write(t, current, "0123456789abcdef\nshort\nhalf")
	r := NewReader(dir, Cursor{})
	buf := make([]byte, 10)
	for _, want := range []string{"0123456789", "abcdef\n", "short\n", "", ""} {
		if got, err := r.Next(buf); string(got) != want || err != nil {
			t.Errorf("next = %q, %v; want %q", got, err, want)
		}
	}
	if err := os.Rename(current, filepath.Join(dir, "@400000006a214895075bca00.u")); err != nil {
		t.Fatal(err)
	}
	write(t, current, "next\n")
	for _, want := range []string{"half", "next\n", ""} {
		if got, err := r.Next(buf); string(got) != want || err != nil {
			t.Errorf("next = %q, %v; want %q", got, err, want)
		}
	}
}

func TestSplit_is_parseLine(t *testing.T) {
	for _, line := range []string{
		"2026-11-21_07:30:51.12345 a  b", "2026-11-21T07:30:51.12345 a", "@400000006a214895075bca00 a", "no time", "",
		"2026-11-21_07:30:99.12345 a", "2026-11-21_07:30:51.12345", "2026-11-21_07:30:51.1234x a", "@not-hexadecimal-xxxxxxxxx a", "2026-13-21_07:30:51.12345 a",
	} {
		want := parseLine(line)
		if at, text := Split([]byte(line)); !at.Equal(want.Time) || string(text) != want.Text {
			t.Errorf("Split(%q) = %s, %q; want %s, %q", line, at, text, want.Time, want.Text)
		}
	}
}
