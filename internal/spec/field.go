package spec

import (
	"maps"
	"slices"
	"strconv"
	"strings"
)

// dockerFlag is one flag of docker run that has a form in Container.
type dockerFlag struct {
	long, short, synonym string // without hyphens
	what                 string // what it sets, for docs/args.md
	allowed              string // its values, for docs/args.md and for errors
	secret               bool   // the value never enters an error or a command line
	variables            bool   // $PRIVATE_IP and the like are expanded in it
	field
}

// field is where a flag's values live in a Container. set checks a value,
// makes it canonical and stores it; get returns what set has stored, as values
// for the flag.
type field struct {
	set     func(c *Container, value string) error
	get     func(c *Container) []string
	repeats bool // may be given more than once
	empty   bool // may be empty
	boolean bool // given without a value

	// assemble is set for a compound value, out of the keys of a parameter;
	// nil where there are none.
	assemble func(c *Container, pairs []Pair) error
}

// name is f as DockerCommand writes it.
func (f dockerFlag) name() string {
	if f.short != "" {
		return "-" + f.short
	}
	return "--" + f.long
}

// show is a flag and its value as an error may show it.
func (f dockerFlag) show(written, value string) string {
	if f.secret {
		name, _, _ := strings.Cut(value, "=")
		if checkEnvName(name) != nil {
			return written // who knows what this is
		}
		value = name
	}
	return written + " " + quote(value)
}

// list is a field that collects values in the order given.
func list(at func(*Container) *[]string, canonical func(string) (string, error)) field {
	return field{
		repeats: true,
		set: func(c *Container, value string) error {
			v, err := canonical(value)
			if err == nil && !slices.Contains(*at(c), v) {
				*at(c) = append(*at(c), v)
			}
			return err
		},
		get: func(c *Container) []string { return *at(c) },
	}
}

// pairs is a field that collects keys and values, written with separator
// between them; canonical is told whether the separator was there.
func pairs(at func(*Container) *map[string]string, separator string, canonical func(k, v string, hasValue bool) (string, string, error)) field {
	return field{
		repeats: true,
		set: func(c *Container, value string) error {
			k, v, hasValue := strings.Cut(value, separator)
			k, v, err := canonical(k, v, hasValue)
			if err != nil {
				return err
			}
			// Docker takes the last one silently. In a playbook two values for
			// one name are two templates that do not know of each other.
			if old, ok := (*at(c))[k]; ok && old != v {
				return &contradiction{k}
			}
			if *at(c) == nil {
				*at(c) = map[string]string{}
			}
			(*at(c))[k] = v
			return nil
		},
		get: func(c *Container) []string {
			var out []string
			for _, k := range slices.Sorted(maps.Keys(*at(c))) {
				v := (*at(c))[k]
				if v == "" && separator == ":" {
					out = append(out, k)
					continue
				}
				out = append(out, k+separator+v)
			}
			return out
		},
	}
}

// scalar is a field that is given once.
func scalar(at func(*Container) *string, canonical func(string) (string, error)) field {
	return field{
		set: func(c *Container, value string) (err error) {
			*at(c), err = canonical(value)
			return err
		},
		get: func(c *Container) []string {
			if *at(c) == "" {
				return nil
			}
			return []string{*at(c)}
		},
	}
}

// truth is a field that is given without a value, or with =true or =false.
func truth(at func(*Container) *bool) field {
	return field{
		boolean: true,
		set: func(c *Container, value string) (err error) {
			*at(c), err = strconv.ParseBool(value)
			return err
		},
		get: func(c *Container) []string {
			if !*at(c) {
				return nil
			}
			return []string{"true"}
		},
	}
}

// whole is a field that holds a number from low to high; zero, which is
// Docker's default, may be written too if it is within.
func whole(at func(*Container) *int, low, high int) field {
	return field{
		set: func(c *Container, value string) (err error) {
			*at(c), err = parseWhole(value, low, high)
			return err
		},
		get: func(c *Container) []string { return number(int64(*at(c))) },
	}
}

// size is a field that holds bytes.
func size(at func(*Container) *int64, parse func(string) (int64, error)) field {
	return field{
		set: func(c *Container, value string) (err error) {
			*at(c), err = parse(value)
			return err
		},
		get: func(c *Container) []string { return number(*at(c)) },
	}
}

func number(n int64) []string {
	if n == 0 {
		return nil
	}
	return []string{strconv.FormatInt(n, 10)}
}

// contradiction is a key with two values.
type contradiction struct{ key string }

func (c *contradiction) Error() string {
	return quote(c.key) + " is given twice, with different values"
}
