package ansible

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// masked stands for a whole value that must not be shown, as Ansible has it.
const masked = "VALUE_SPECIFIED_IN_NO_LOG_PARAMETER"

// answer is the one line of JSON for res, and the exit code. Ansible takes an
// exit code without `failed` for success, so both are given. Invalid UTF-8,
// at which newer cores fail, is replaced by U+FFFD.
func (r *request) answer(res Result) ([]byte, int) {
	out := maps.Clone(res.Values)
	if out == nil {
		out = map[string]any{}
	}
	out["changed"] = res.Changed
	if res.Msg != "" {
		out["msg"] = res.Msg
	}
	if len(res.Diff) > 0 && r.call.Diff {
		out["diff"] = res.Diff
	}
	if len(res.Warnings) > 0 {
		out["warnings"] = res.Warnings
	}
	if r.invocation {
		out["invocation"] = map[string]any{"module_args": r.call.values}
	}
	code := 0
	if res.Err != nil {
		out["failed"], out["msg"] = true, res.Err.Error()
		code = 1
	}
	line, err := r.encode(out)
	if err != nil {
		line, _ = r.encode(map[string]any{"failed": true, "changed": res.Changed, "msg": fmt.Sprintf("write result: %v", err)})
		code = 1
	}
	return line, code
}

// encode is v as a line of JSON without secrets. They are taken out of the
// decoded text, so that no struct or nesting can hide one.
func (r *request) encode(v any) ([]byte, error) {
	line, err := marshal(v)
	if err != nil || len(r.secrets) == 0 {
		return line, err
	}
	var plain any
	if err := decode(line, &plain); err != nil {
		return nil, err
	}
	// The longest first: a secret may be part of another.
	secrets := slices.Clone(r.secrets)
	slices.SortFunc(secrets, func(a, b string) int { return cmp.Compare(len(b), len(a)) })
	return marshal(mask(plain, secrets))
}

func marshal(v any) ([]byte, error) {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	err := enc.Encode(v)
	return b.Bytes(), err
}

// mask replaces secrets in every string and number of a decoded JSON value.
// Names of fields stay.
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
		if slices.Contains(secrets, v.String()) {
			return masked
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

// texts lists the strings and numbers in v.
func texts(v any) []string {
	switch v := v.(type) {
	case string:
		if v != "" {
			return []string{v}
		}
	case json.Number:
		return []string{v.String()}
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
