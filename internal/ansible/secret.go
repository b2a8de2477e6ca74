package ansible

import (
	"cmp"
	"encoding/json"
	"slices"
	"strconv"
	"strings"
)

// masked stands for a whole value that must not be shown, as Ansible has it.
const masked = "VALUE_SPECIFIED_IN_NO_LOG_PARAMETER"

// secrets lists the texts in values of no_log parameters, at every level: as
// given, by any name, from the environment and by default. It takes what is
// wrong as well, since messages about that must not show it. Like Ansible it
// leaves out what is empty, true or false, and keeps the very short, however
// much that masks.
func secrets(params []Param, given map[string]any, env func(string) (string, bool)) []string {
	var list []string
	for _, p := range params {
		values := []any{p.Default}
		for _, name := range p.names() {
			values = append(values, given[name])
		}
		if v, ok := p.fallback(env); ok {
			values = append(values, v)
		}
		for _, v := range values {
			if p.NoLog {
				list = append(list, texts(v)...)
			}
			for _, dict := range dicts(p, v) {
				list = append(list, secrets(p.Options, dict, env)...)
			}
		}
	}
	return list
}

// dicts are those that p's Options are about, as far as v can be read.
func dicts(p Param, v any) []map[string]any {
	if p.Options == nil {
		return nil
	}
	elements := []any{v}
	if list, err := toList(v); p.Type == List && err == nil {
		elements = list.([]any)
	}
	found := []map[string]any{nil} // for what needs no value: defaults and environment
	for _, e := range elements {
		if dict, err := toDict(e); err == nil {
			found = append(found, dict.(map[string]any))
		}
	}
	return found
}

// texts lists the strings and numbers in v.
func texts(v any) []string {
	switch v := v.(type) {
	case string:
		if v != "" {
			return []string{v}
		}
	case json.Number, int, float64:
		return []string{pythonText(v)}
	case []any:
		var list []string
		for _, e := range v {
			list = append(list, texts(e)...)
		}
		return list
	case map[string]any:
		var list []string
		for _, e := range v {
			list = append(list, texts(e)...)
		}
		return list
	}
	return nil
}

// spellings are the secrets as they may stand in a text: plain, in the quotes
// of an error message, in JSON. The longest is first, as one may be part of
// another.
func spellings(secrets []string) []string {
	var list []string
	for _, s := range secrets {
		list = append(list, s)
		for _, quoted := range []string{strconv.Quote(s), compact(s)} {
			list = append(list, quoted[1:len(quoted)-1])
		}
	}
	slices.SortFunc(list, func(a, b string) int { return cmp.Or(cmp.Compare(len(b), len(a)), cmp.Compare(a, b)) })
	return slices.Compact(list)
}

// mask replaces secrets in every string and number of a decoded JSON value.
// Names of fields stay, and true, false and null, which decide what Ansible
// does with the result.
func mask(v any, secrets []string) any {
	switch v := v.(type) {
	case map[string]any:
		for k := range v {
			v[k] = mask(v[k], secrets)
		}
		return v
	case []any:
		for i := range v {
			v[i] = mask(v[i], secrets)
		}
		return v
	case json.Number:
		for _, s := range secrets {
			if strings.Contains(v.String(), s) {
				return masked
			}
		}
		return v
	case string:
		if slices.Contains(secrets, v) {
			return masked
		}
		for _, s := range secrets {
			v = strings.ReplaceAll(v, s, "********")
		}
		return v
	}
	return v
}
