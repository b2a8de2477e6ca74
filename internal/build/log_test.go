package build

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestLog_is_read_from_where_one_was(t *testing.T) {
	path := filepath.Join(t.TempDir(), "log")
	l, err := CreateLog(path, 1<<20)
	if err != nil {
		t.Fatal(err)
	}
	l.Add("one\ntw")
	l.Add("o\r\n10%\r20%\nred \x1b[31mtext\x00\xff\nrest")
	read := func(after int) (text string) {
		t.Helper()
		lines, err := ReadLog(path, after)
		if err != nil {
			t.Fatal(err)
		}
		for _, one := range lines {
			text += fmt.Sprintf("%d %s|", one.Number, one.Text)
		}
		return text
	}
	if got, want := read(0), "1 one|2 two|3 20%|4 red \x1b[31mtext?|"; got != want {
		t.Errorf("while it is written it has %q, want %q", got, want)
	}
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	if got, want := read(3), "4 red \x1b[31mtext?|5 rest|"; got != want {
		t.Errorf("behind line 3 it has %q, want %q", got, want)
	}
	if lines, err := ReadLog(path+"x", 0); err != nil || lines != nil {
		t.Errorf("a log that is not there: %v, %v", lines, err)
	}
	file, err := os.OpenFile(path, os.O_APPEND|os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	file.WriteString(`{"n":6,"te`)
	file.Close()
	if got := read(4); got != "5 rest|" {
		t.Errorf("with half a line at its end it has %q", got)
	}
}

func TestLog_keeps_its_beginning_and_its_end_within_its_limit(t *testing.T) {
	path := filepath.Join(t.TempDir(), "log")
	l, err := CreateLog(path, 10_000)
	if err != nil {
		t.Fatal(err)
	}
	l.Add(strings.Repeat("x", 1<<20) + "\n")
	for i := range 100_000 {
		l.Addf("line %d", i+2)
	}
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	lines, err := ReadLog(path, 0)
	if err != nil {
		t.Fatal(err)
	}
	info, _ := os.Stat(path)
	end := lines[len(lines)-1]
	if len(lines[0].Text) != lineAtMost || info.Size() > 40_000 || end.Text != "line 100001" || end.Number != 100_001 {
		t.Errorf("the log has %d bytes, its first line %d, and ends with %v", info.Size(), len(lines[0].Text), end)
	}
	before, told := 0, false
	for _, one := range lines {
		if one.Number <= before {
			t.Fatalf("line %d comes after line %d", one.Number, before)
		}
		before, told = one.Number, told || strings.Contains(one.Text, "lines are left out")
	}
	if !told {
		t.Error("nothing says that lines are left out")
	}
}
