package compose

import (
	"errors"
	"io/fs"
	"maps"
	"strings"

	"github.com/compose-spec/compose-go/v2/dotenv"
)

// environment is the container's: what env files have, the later ones winning,
// then what environment says. A variable without a value has that of the call
// or of .env, or is left out.
func (v *servicing) environment() {
	env := map[string]string{}
	for _, f := range v.c.EnvFiles {
		maps.Copy(env, v.variablesOf("env_file", f.Path, bool(f.Required), f.Format, env))
	}
	for name, value := range v.c.Environment {
		if value != nil {
			env[name] = *value
		} else if given, ok := v.env[name]; ok {
			env[name] = given
		}
	}
	for name := range env {
		if isHint(name) {
			v.fail("env_file", "%s: a hint of classic Swarm stands in environment", name)
			delete(env, name)
		}
	}
	v.setPairs("environment", "env", "=", env)
}

// variablesOf reads a file of variables, as staged names it; before are those
// that it may refer to.
func (v *servicing) variablesOf(key, staged string, required bool, format string, before map[string]string) map[string]string {
	name := v.stage.original(staged)
	data, err := v.source.file(name)
	switch {
	case errors.Is(err, ErrUnsent):
		return nil
	case errors.Is(err, fs.ErrNotExist) && !required:
		return nil
	case err != nil:
		v.unreadable(v.places.finding(v.name, key, ""), name, err)
		return nil
	}
	lookup := func(name string) (string, bool) {
		if value, ok := before[name]; ok {
			return value, true
		}
		value, ok := v.env[name]
		return value, ok
	}
	vars := map[string]string{}
	if format == "raw" {
		err = parseRaw(string(data), vars, lookup)
	} else {
		err = dotenv.ParseWithFormat(strings.NewReader(string(data)), name, vars, lookup, format)
	}
	if err != nil {
		v.wrong = append(v.wrong, Finding{File: name, Service: v.name, Key: key, Text: parseComplaint(err)})
		return nil
	}
	return vars
}

// parseRaw reads lines of NAME=value as docker's --env-file does: quotes and $
// are part of a value, and a name alone is a variable of the call.
func parseRaw(text string, vars map[string]string, lookup func(string) (string, bool)) error {
	for line := range strings.Lines(text) {
		line = strings.TrimLeft(strings.TrimRight(line, "\r\n"), " \t")
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		name, value, has := strings.Cut(line, "=")
		if name == "" || strings.ContainsAny(name, " \t") {
			return errors.New("a line has no name")
		}
		if !has {
			if value, has = lookup(name); !has {
				continue
			}
		}
		vars[name] = value
	}
	return nil
}
