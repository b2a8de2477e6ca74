package svlog

import (
	"encoding/hex"
	"strings"
	"time"
)

// Line is a line of a folder that svlogd writes.
type Line struct {
	Time  time.Time // zero: svlogd was told to write none
	Stamp string    // the time as svlogd -tt writes it, or as it is there
	Text  string
}

// StampForm is how svlogd -tt writes a time (UTC); -ttt writes T for the "_".
const StampForm = "2006-01-02_15:04:05.00000"

// parseLine takes the time off a line. A TAI64N label is made readable here.
func parseLine(line string) Line {
	at, text := Split([]byte(line))
	if at.IsZero() {
		return Line{Text: line}
	}
	stamp := line[:len(StampForm)]
	if stamp[0] == '@' {
		stamp = at.Format(StampForm)
	}
	return Line{at, stamp, string(text)}
}

func parseLines(data []byte) []Line {
	var lines []Line
	for line := range strings.Lines(string(data)) {
		lines = append(lines, parseLine(strings.TrimSuffix(line, "\n")))
	}
	return lines
}

// taiLabel decodes "@" and 24 hexadecimal digits, as runit computes TAI64N:
// 2^62 and 10 s ahead of Unix time.
func taiLabel(s string) (time.Time, bool) {
	if len(s) != 25 || s[0] != '@' {
		return time.Time{}, false
	}
	b, err := hex.DecodeString(s[1:])
	if err != nil {
		return time.Time{}, false
	}
	var seconds, nanos int64
	for _, c := range b[:8] {
		seconds = seconds<<8 | int64(c)
	}
	for _, c := range b[8:] {
		nanos = nanos<<8 | int64(c)
	}
	return time.Unix(seconds-1<<62-10, nanos).UTC(), true
}
