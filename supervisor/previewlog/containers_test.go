package previewlog

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"

	"rundock/internal/svlog"
)

// A real svlogd rotates every few lines, while a reader comes again and again by the place of the last line.
func TestFolder_that_is_resumed_has_each_line_once_over_rotations(t *testing.T) {
	if _, err := exec.LookPath("svlogd"); err != nil {
		t.Skip("no svlogd: make deps installs it")
	}
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "config"), []byte("s2000\nn40\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	logger := exec.Command("svlogd", "-tt", dir)
	in, err := logger.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := logger.Start(); err != nil {
		t.Fatal(err)
	}
	defer logger.Wait()
	defer in.Close()
	var got, want []string
	after := Place{}
	number := 0
	say := func(n int) {
		for range n {
			number++
			text := fmt.Sprintf("line %d %s", number, strings.Repeat("x", number%90))
			want = append(want, text)
			fmt.Fprintln(in, text)
		}
	}
	for range 30 {
		say(7)
		ctx, cancel := context.WithCancel(t.Context())
		enough := errors.New("enough")
		err := Folder{Dir: dir}.Follow(ctx, after, Reading{On: func(anew bool, at Place, l Line) error {
			got, after = append(got, l.Text), ParsePlace(at.String())
			if anew || l.Time.IsZero() {
				t.Errorf("%+v, anew %v", l, anew)
			}
			if len(got) == len(want)-1 { // the connection ends before the last one
				return enough
			}
			return nil
		}, Sent: func() error { return nil }, Idle: func() error { return nil }})
		cancel()
		if !errors.Is(err, enough) {
			t.Fatal(err)
		}
	}
	if !slices.Equal(got, want[:len(want)-1]) {
		t.Errorf("came %q, want %q", got, want)
	}
	if files, err := filepath.Glob(filepath.Join(dir, "@*")); err != nil || len(files) < 5 {
		t.Errorf("svlogd has rotated %d times: the test is of many", len(files))
	}
	// A file that is gone leads to what came after it.
	files, err := filepath.Glob(filepath.Join(dir, "@*"))
	if err != nil {
		t.Fatal(err)
	}
	info, err := os.Stat(files[0])
	if err != nil {
		t.Fatal(err)
	}
	first, err := os.ReadFile(files[0])
	if err != nil {
		t.Fatal(err)
	}
	when, _ := svlog.Split(first)
	gone := placeOf(svlog.Cursor{Inode: info.Sys().(*syscall.Stat_t).Ino, At: 50, Last: when})
	if err := os.Remove(files[0]); err != nil {
		t.Fatal(err)
	}
	log, err := ReadAll(t.Context(), Folder{Dir: dir}, gone)
	if err != nil || len(log.Lines) == 0 || !slices.Contains(want, log.Lines[0].Text) || slices.Index(want, log.Lines[0].Text) == 0 {
		t.Errorf("after a file that is gone: %+v, %v", log, err)
	}
}

func TestFolder_is_read_from_its_end_and_shows_no_value(t *testing.T) {
	dir := t.TempDir()
	var all strings.Builder
	for n := range 10_000 {
		fmt.Fprintf(&all, "2026-11-30_20:00:%02d.%05d line %d has hunter22 and %s\n", n/1000, n%1000, n, "short")
	}
	if err := os.WriteFile(filepath.Join(dir, "current"), []byte(all.String()), 0o644); err != nil {
		t.Fatal(err)
	}
	mask := Mask(map[string]string{"A": "hunter22", "B": "hunter", "C": "on", "D": "BEGIN\nhas\n  secret line\n"})
	folder := Folder{Dir: dir, Mask: func() (*strings.Replacer, error) { return mask, nil }}
	log, err := ReadAll(t.Context(), folder, Place{})
	if err != nil || len(log.Lines) == 0 || len(log.Lines) > tailAtMost/40 || log.Lines[len(log.Lines)-1].Text != "line 9999 has **** and short" {
		t.Fatalf("%d lines, %v, the last %+v", len(log.Lines), err, log.Lines[max(0, len(log.Lines)-1):])
	}
	for _, l := range log.Lines {
		if !strings.HasPrefix(l.Text, "line ") || strings.Contains(l.Text, "hunter") {
			t.Errorf("%q", l.Text)
		}
	}
	folder.Mask = func() (*strings.Replacer, error) { return nil, errors.New("the key is away") }
	if log, err := ReadAll(t.Context(), folder, Place{}); err == nil || len(log.Lines) > 0 {
		t.Errorf("without knowing what is secret: %d lines, %v", len(log.Lines), err)
	}
	if log, err := ReadAll(t.Context(), Folder{Dir: filepath.Join(dir, "none")}, Place{}); err != nil || len(log.Lines) > 0 {
		t.Errorf("of no container: %+v, %v", log, err)
	}
}
