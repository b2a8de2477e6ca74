package previewlog

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"rundock/internal/svlog"
)

// Whoever asks may name any place: what begins within a line could begin within a value.
func TestFolder_shows_no_part_of_a_value_from_a_place_within_a_line(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "current")
	const text = "2026-11-30_20:00:00.00001 the token is hunter22\n2026-11-30_20:00:01.00001 next\n"
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	info, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	mask := Mask(map[string]string{"TOKEN": "hunter22"})
	folder := Folder{Dir: dir, Mask: func() (*strings.Replacer, error) { return mask, nil }}
	for at := range len(text) + 1 {
		place := placeOf(svlog.Cursor{Inode: info.Sys().(*syscall.Stat_t).Ino, At: int64(at), Last: time.Unix(0, 0)})
		log, err := ReadAll(t.Context(), folder, ParsePlace(place.String()))
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, l := range log.Lines {
			got = append(got, l.Text)
		}
		want := "[the token is **** next]"
		switch end := strings.IndexByte(text, '\n') + 1; {
		case at > end:
			want = "[]"
		case at > 1: // from 1 the line is shown whole
			want = "[next]"
		}
		if fmt.Sprint(got) != want {
			t.Errorf("from byte %d: %q, want %s", at, got, want)
		}
	}
}
