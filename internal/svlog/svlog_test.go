package svlog

import (
	"os"
	"path/filepath"
	"testing"
	"time"
)

func TestParseLine(t *testing.T) {
	at := time.Date(2026, 11, 21, 7, 30, 51, 123450000, time.UTC)
	const stamp = "2026-11-21_07:30:51.12345"
	for line, want := range map[string]Line{
		"2026-11-21_07:30:51.12345 a  b":    {at, stamp, "a  b"},
		"2026-11-21_07:30:51.12345 ":        {at, stamp, ""},
		"2026-11-21T07:30:51.12345 a":       {at, "2026-11-21T07:30:51.12345", "a"},
		"@400000006a214895075bca00 a":       {time.Unix(0x6a214895-10, 0x075bca00).UTC(), time.Unix(0x6a214895-10, 0x075bca00).UTC().Format(StampForm), "a"},
		"no time":                           {Text: "no time"},
		"":                                  {},
		"2026-11-21_07:30:99.12345 a":       {Text: "2026-11-21_07:30:99.12345 a"},
		"@not-hexadecimal-xxxxxxxxx a":      {Text: "@not-hexadecimal-xxxxxxxxx a"},
		"level=INFO msg=\"is not a stamp\"": {Text: "level=INFO msg=\"is not a stamp\""},
	} {
		if got := parseLine(line); got != want {
			t.Errorf("parseLine(%q) = %+v, want %+v", line, got, want)
		}
	}
}

func TestFolder_takes_a_file_that_was_emptied_for_a_new_one(t *testing.T) {
	logs := t.TempDir()
	current := filepath.Join(logs, "current")
	write(t, current, "long old line\n")
	l := &Folder{Dir: logs}
	defer l.Close()
	if _, err := l.Begin(Wanted{Last: -1}); err != nil {
		t.Fatal(err)
	}
	write(t, current, "new\n")
	got, err := l.Poll()
	if err != nil || len(got) != 1 || got[0].Text != "new" {
		t.Errorf("poll = %+v, %v; want the new line", got, err)
	}
}

func write(t *testing.T, path, text string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}
