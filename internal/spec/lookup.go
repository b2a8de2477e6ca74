package spec

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"rundock/internal/nearest"
)

// findFlag returns the flag that is written -x or --xyz; one that is refused is
// as unknown as any other.
func findFlag(written string) (dockerFlag, error) {
	name, long := strings.CutPrefix(written, "--")
	if !long {
		name = written[1:]
	}
	for _, f := range flags {
		if name != "" && long && (f.long == name || f.synonym == name) || name != "" && !long && f.short == name {
			return f, nil
		}
	}
	return dockerFlag{}, unknownFlag(written)
}

// findRefusal returns the refusal of a flag as written.
func findRefusal(written string) (refusal, bool) {
	for _, r := range refused {
		if slices.Contains(strings.Fields(r.flags), written) {
			return r, true
		}
	}
	return refusal{}, false
}

// longFlags are the names of all flags, known and refused, without hyphens.
func longFlags() []string {
	var names []string
	for _, f := range flags {
		names = append(names, f.long)
		if f.synonym != "" {
			names = append(names, f.synonym)
		}
	}
	for _, r := range refused {
		for f := range strings.FieldsSeq(r.flags) {
			if name, ok := strings.CutPrefix(f, "--"); ok {
				names = append(names, name)
			}
		}
	}
	return names
}

func isLongFlag(name string) bool {
	for _, n := range longFlags() {
		if n == name {
			return true
		}
	}
	return false
}

// unknownFlag says what a flag may be that docker run has not.
func unknownFlag(written string) error {
	const after = "a flag of the program in the container goes after --"
	name, long := strings.CutPrefix(written, "--")
	if !long || name == "" {
		return fmt.Errorf("unknown flag %s; %s", written, after)
	}
	for _, f := range flags {
		if f.short == name {
			return fmt.Errorf("unknown flag %s; did you mean -%s?", written, name)
		}
	}
	names := slices.Sorted(maps.Keys(misnamed))
	if meant := misnamed[strings.ReplaceAll(name, "_", "-")]; meant != "" {
		return fmt.Errorf("unknown flag %s: %s; %s", written, meant, after)
	}
	if near := nearest.Of(name, longFlags()); near != "" {
		return fmt.Errorf("unknown flag %s; did you mean --%s?", written, near)
	}
	if near := nearest.Of(name, names); near != "" {
		return fmt.Errorf("unknown flag %s: %s; %s", written, misnamed[near], after)
	}
	return fmt.Errorf("unknown flag %s; %s", written, after)
}

// WhyRefused is why args does not take a flag, and what to use instead.
func WhyRefused(flag string) string {
	r, ok := findRefusal(flag)
	if !ok {
		panic(flag + " is no flag that is refused")
	}
	return r.reason
}

// Describe returns what a flag, by its long name, sets, and its values.
func Describe(flag string) (what, allowed string) {
	for _, f := range flags {
		if f.long == flag {
			return f.what, f.allowed
		}
	}
	return "", ""
}
