package ansible

import (
	"fmt"
	"maps"
	"slices"
)

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
	if w := slices.Concat(r.warnings, res.Warnings); len(w) > 0 {
		out["warnings"] = w
	}
	if d := slices.Concat(r.deprecations, res.Deprecations); len(d) > 0 {
		out["deprecations"] = d
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
	return marshal(mask(plain, spellings(r.secrets)))
}
