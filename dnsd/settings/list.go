package settings

import (
	"errors"
	"fmt"
	"log/slog"
	"strconv"
	"strings"
	"time"
)

// A list is a flag that may be repeated, each time with several values. The
// first one given replaces the default.
type list struct {
	values []string
	given  bool
}

func (l *list) String() string { return strings.Join(l.values, ",") }

func (l *list) Set(s string) error {
	if !l.given {
		l.values, l.given = nil, true
	}
	for v := range strings.SplitSeq(s, ",") {
		if v = strings.TrimSpace(v); v != "" {
			l.values = append(l.values, v)
		}
	}
	return nil
}

// seconds is a time to live: "30" or "30s".
type seconds uint32

func (n *seconds) String() string { return strconv.Itoa(int(*n)) }

func (n seconds) duration() time.Duration { return time.Duration(n) * time.Second }

func (n *seconds) Set(s string) error {
	v, err := strconv.ParseUint(strings.TrimSuffix(s, "s"), 10, 31)
	if err != nil {
		return errors.New("want whole seconds, at most 2147483647")
	}
	*n = seconds(v)
	return nil
}

// count is a whole number.
type count int

func (n *count) String() string { return strconv.Itoa(int(*n)) }

func (n *count) Set(s string) error {
	v, err := strconv.Atoi(s)
	if err != nil {
		return errors.New("want a whole number")
	}
	*n = count(v)
	return nil
}

// choice is a flag that may be given without a value.
type choice bool

func (c *choice) String() string   { return strconv.FormatBool(bool(*c)) }
func (c *choice) IsBoolFlag() bool { return true }

func (c *choice) Set(s string) error {
	v, err := strconv.ParseBool(s)
	if err != nil {
		return errors.New("want true or false")
	}
	*c = choice(v)
	return nil
}

// level is the least level to log.
type level slog.Level

func (l *level) String() string { return slog.Level(*l).String() }

func (l *level) Set(s string) error {
	var v slog.Level
	if v.UnmarshalText([]byte(s)) != nil {
		return errors.New("want debug, info, warn or error")
	}
	*l = level(v)
	return nil
}

// each parses the values of a list; the error names the flag and has each value
// that is wrong.
func each[T any](name string, values []string, parse func(string) (T, error)) (all []T, wrong error) {
	for _, v := range values {
		one, err := parse(v)
		if err != nil {
			wrong = errors.Join(wrong, fmt.Errorf("--%s: %w", name, err))
			continue
		}
		all = append(all, one)
	}
	return all, wrong
}
