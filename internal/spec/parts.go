package spec

import (
	"errors"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"unicode"
)

// part is one key of a compound value, which docker run writes as
// key=value,key=value, quoted as CSV, and a parameter as a dictionary.
type part[T any] struct {
	key     string // in the flag; the first is canonical, others are synonyms; "" is in the parameter alone
	param   string // in the parameter; "" is in the flag alone
	allowed string
	repeats bool
	boolean bool // in the flag it may stand without a value
	set     func(*T, string) error
}

// partError is an error about one part, which says what is allowed there.
type partError struct{ text string }

func (e *partError) Error() string { return e.text }

// assemble puts pairs together. named says whether their keys are those of
// a parameter.
func assemble[T any](parts []part[T], pairs []Pair, named bool) (T, error) {
	var out T
	seen := map[string]bool{}
	for _, pair := range pairs {
		p, ok := findPart(parts, pair.Key, named)
		if !ok {
			return out, &partError{fmt.Sprintf("unknown key %s; allowed: %s", quote(pair.Key), strings.Join(keys(parts, named), ", "))}
		}
		if seen[p.name(named)] && !p.repeats {
			return out, &partError{pair.Key + " is given twice"}
		}
		seen[p.name(named)] = true
		value := pair.Value
		switch {
		case value == bare && p.boolean:
			value = "true"
		case value == bare:
			return out, &partError{fmt.Sprintf("%s: its value is missing; allowed: %s", pair.Key, p.allowed)}
		}
		if err := p.set(&out, value); err != nil {
			return out, &partError{fmt.Sprintf("%s %s: %v; allowed: %s", pair.Key, quote(value), err, p.allowed)}
		}
	}
	return out, nil
}

func (p part[T]) name(named bool) string {
	if named {
		return p.param
	}
	first, _, _ := strings.Cut(p.key, " ")
	return first
}

func findPart[T any](parts []part[T], key string, named bool) (part[T], bool) {
	for _, p := range parts {
		if named && p.param == key && key != "" || !named && slices.Contains(strings.Fields(p.key), key) {
			return p, true
		}
	}
	return part[T]{}, false
}

func keys[T any](parts []part[T], named bool) []string {
	var out []string
	for _, p := range parts {
		if name := p.name(named); name != "" {
			out = append(out, name)
		}
	}
	return out
}

// compound is a field that collects Ts. check looks at a whole T, and is told
// how a key of the flag is called where it comes from.
func compound[T any](at func(*Container) *[]T, parts []part[T], check func(t *T, called func(string) string) error, show func(T) string) field {
	add := func(c *Container, pairs []Pair, named bool) error {
		t, err := assemble(parts, pairs, named)
		if err != nil {
			return err
		}
		if err := check(&t, called(parts, named)); err != nil {
			return &partError{err.Error()}
		}
		if !slices.ContainsFunc(*at(c), func(old T) bool { return reflect.DeepEqual(old, t) }) {
			*at(c) = append(*at(c), t)
		}
		return nil
	}
	return field{
		repeats: true,
		set: func(c *Container, value string) error {
			pairs, err := readPairs(value)
			if err != nil {
				return err
			}
			return add(c, pairs, false)
		},
		assemble: func(c *Container, pairs []Pair) error { return add(c, pairs, true) },
		get: func(c *Container) []string {
			var out []string
			for _, t := range *at(c) {
				out = append(out, show(t))
			}
			return out
		},
	}
}

// called returns how a key of the flag is called in what the user wrote.
func called[T any](parts []part[T], named bool) func(string) string {
	return func(key string) string {
		if p, ok := findPart(parts, key, false); ok && named && p.param != "" {
			return p.param
		}
		return key
	}
}

// word is a part that takes what canonical allows.
func word[T any](at func(*T) *string, canonical func(string) (string, error)) func(*T, string) error {
	return func(t *T, v string) (err error) {
		*at(t), err = canonical(v)
		return err
	}
}

// yes is a part that is true or false.
func yes[T any](at func(*T) *bool) func(*T, string) error {
	return func(t *T, v string) (err error) {
		if *at(t), err = strconv.ParseBool(v); err != nil {
			err = errors.New("neither true nor false")
		}
		return err
	}
}

// keyValue is a part that is key=value, and may be given several times.
func keyValue[T any](at func(*T) *map[string]string) func(*T, string) error {
	return func(t *T, v string) error {
		k, v, ok := strings.Cut(v, "=")
		if !ok || k == "" {
			return errors.New("not of the form key=value")
		}
		if old, ok := (*at(t))[k]; ok && old != v {
			return &contradiction{k}
		}
		if *at(t) == nil {
			*at(t) = map[string]string{}
		}
		(*at(t))[k] = v
		return printable(k + v)
	}
}

// several is a part that collects values.
func several[T any](at func(*T) *[]string, canonical func(string) (string, error)) func(*T, string) error {
	return func(t *T, v string) error {
		v, err := canonical(v)
		if err == nil && !slices.Contains(*at(t), v) {
			*at(t) = append(*at(t), v)
		}
		return err
	}
}

// separated is a part that is a list in one value.
func separated[T any](at func(*T) *[]string) func(*T, string) error {
	one := several(at, func(s string) (string, error) {
		if s == "" || strings.ContainsFunc(s, unicode.IsSpace) {
			return "", errors.New("an empty name, or one with a space")
		}
		return s, printable(s)
	})
	return func(t *T, v string) error {
		for s := range strings.SplitSeq(v, ",") {
			if err := one(t, s); err != nil {
				return err
			}
		}
		return nil
	}
}

// joined are the entries of m as key=value, sorted.
func joined(m map[string]string) []string {
	var out []string
	for _, k := range slices.Sorted(maps.Keys(m)) {
		out = append(out, k+"="+m[k])
	}
	return out
}
