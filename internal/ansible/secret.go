package ansible

import (
	"encoding/json"
	"slices"
	"sort"
	"strconv"
	"strings"
)

// masked stands for a whole value that must not be shown, as Ansible has it.
const masked = "VALUE_SPECIFIED_IN_NO_LOG_PARAMETER"

// secrets lists the texts in values of no_log parameters, at every level: as
// given, by any name, or from the environment, or by default. It takes what
// is wrong as well, since messages about that must not show it. Like Ansible
// it leaves out what is empty, true or false, and keeps the very short,
// however much that masks.
func secrets(params []Param, given map[string]any, env func(string) (string, bool)) []string {
	var list []string
	for _, p := range params {
		for _, v := range p.candidates(given, env) {
			if p.NoLog || p.NoLogIf != "" && given[p.NoLogIf] != nil && !isFalse(given[p.NoLogIf]) {
				list = append(list, texts(v)...)
			}
			read, unread := dicts(p, v)
			for _, dict := range read {
				list = append(list, secrets(p.Options, dict, env)...)
			}
			if holdSecrets(p.Options) {
				list = append(list, texts(unread)...)
			}
		}
	}
	return list
}

// isFalse reports whether v is false as Ansible reads it. What is neither true
// nor false is wrong, and hides rather than shows.
func isFalse(v any) bool {
	b, err := toBool(v)
	return err == nil && b == false
}

// candidates are the values that p has been given or else gets.
func (p Param) candidates(given map[string]any, env func(string) (string, bool)) []any {
	var values []any
	for _, name := range p.names() {
		if v := given[name]; v != nil {
			values = append(values, v)
		}
	}
	if values != nil {
		return values
	}
	if v, ok := p.fallback(env); ok {
		return []any{v}
	}
	if p.Default != nil {
		return []any{generic(p.Default)}
	}
	if p.ApplyDefaults {
		return []any{map[string]any{}}
	}
	return nil
}

// dicts are those in v that p's Options are about; unread is what should be
// one and is not.
func dicts(p Param, v any) (read []map[string]any, unread []any) {
	if p.Options == nil {
		return nil, nil
	}
	elements := []any{v}
	if p.Type == List {
		if list, err := toDicts(v); err == nil {
			elements = list.([]any)
		}
	}
	for _, e := range elements {
		if dict, err := toDict(e); err == nil {
			read = append(read, dict.(map[string]any))
		} else {
			unread = append(unread, e)
		}
	}
	if unread != nil {
		unread = append(unread, v)
	}
	return read, unread
}

// holdSecrets reports whether there is a no_log parameter at any level.
func holdSecrets(params []Param) bool {
	return slices.ContainsFunc(params, func(p Param) bool { return p.NoLog || holdSecrets(p.Options) })
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
	sort.Slice(list, func(i, j int) bool {
		a, b := list[i], list[j]
		return len(a) > len(b) || len(a) == len(b) && a < b
	})
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
