package spec

import (
	"errors"
	"strings"
)

// Pair is one key of a compound value and its value.
type Pair struct{ Key, Value string }

// readPairs splits a flag's value. Commas in quotes belong to a value.
func readPairs(value string) ([]Pair, error) {
	fields, ok := splitFields(value)
	if !ok {
		return nil, errors.New("not of the form key=value,key=value")
	}
	var pairs []Pair
	for _, f := range fields {
		k, v, has := strings.Cut(f, "=")
		if !has {
			v = bare
		}
		pairs = append(pairs, Pair{k, v})
	}
	return pairs, nil
}

// splitFields splits one line of CSV (RFC 4180): a field that begins with a
// quote ends with one, and two of them in it are one.
func splitFields(s string) (fields []string, ok bool) {
	for {
		field := ""
		if rest, quoted := strings.CutPrefix(s, `"`); quoted {
			for quoted {
				part, after, closed := strings.Cut(rest, `"`)
				if !closed {
					return nil, false
				}
				field += part
				if rest, quoted = strings.CutPrefix(after, `"`); quoted {
					field += `"`
				}
			}
			s = rest
		} else {
			field, _, _ = strings.Cut(s, ",")
			s = s[len(field):]
		}
		fields = append(fields, field)
		if s == "" {
			return fields, true
		}
		if s, ok = strings.CutPrefix(s, ","); !ok {
			return nil, false
		}
	}
}

// bare stands for the value of a key that is given without one. No value
// holds a NUL: see splitWords.
const bare = "\x00"

// writePairs is the inverse of readPairs.
func writePairs(pairs []Pair) string {
	fields := make([]string, len(pairs))
	for i, p := range pairs {
		fields[i] = p.Key + "=" + p.Value
		if p.Value == bare {
			fields[i] = p.Key
		}
	}
	for i, f := range fields {
		if strings.ContainsAny(f, `,"`) {
			fields[i] = `"` + strings.ReplaceAll(f, `"`, `""`) + `"`
		}
	}
	return strings.Join(fields, ",")
}

// each are the pairs of a part that repeats.
func each(key string, values []string) []Pair {
	var out []Pair
	for _, v := range values {
		out = append(out, Pair{key, v})
	}
	return out
}
