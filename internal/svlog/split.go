package svlog

import "time"

// Split takes the time off a line, without a copy. svlogd(8) writes three forms: those of -tt and
// -ttt, and for -t a TAI64N label. The zero time: there is none.
func Split(line []byte) (at time.Time, text []byte) {
	const size = len(StampForm)
	if len(line) <= size || line[size] != ' ' {
		return time.Time{}, line
	}
	if line[0] == '@' {
		if at, ok := taiLabel(string(line[:size])); ok {
			return at, line[size+1:]
		}
		return time.Time{}, line
	}
	if at, ok := readable(line[:size]); ok {
		return at, line[size+1:]
	}
	return time.Time{}, line
}

// readable is a time as -tt and -ttt write it.
func readable(s []byte) (at time.Time, ok bool) {
	if s[4] != '-' || s[7] != '-' || s[10] != '_' && s[10] != 'T' || s[13] != ':' || s[16] != ':' || s[19] != '.' {
		return at, false
	}
	year, month, day := number(s[:4]), number(s[5:7]), number(s[8:10])
	hour, minute, second, part := number(s[11:13]), number(s[14:16]), number(s[17:19]), number(s[20:])
	if year < 0 || month < 1 || month > 12 || day < 1 || day > 31 || hour < 0 || hour > 23 || minute < 0 || minute > 59 || second < 0 || second > 59 || part < 0 {
		return at, false
	}
	at = time.Date(year, time.Month(month), day, hour, minute, second, part*10_000, time.UTC)
	return at, at.Day() == day // no 31st of a month of 30 days
}

// number is that of digits alone, or less than 0.
func number(digits []byte) (n int) {
	for _, d := range digits {
		if d < '0' || d > '9' {
			return -1
		}
		n = n*10 + int(d-'0')
	}
	return n
}
