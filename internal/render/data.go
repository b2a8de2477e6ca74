package render

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"
)

func parseJSON(s string) (any, error) {
	if s == "" {
		return map[string]any{}, nil
	}
	var v any
	if err := json.Unmarshal([]byte(s), &v); err != nil {
		return nil, fmt.Errorf("parseJSON: %w", err)
	}
	return v, nil
}

func parseYAML(s string) (any, error) {
	if s == "" {
		return map[string]any{}, nil
	}
	var v any
	if err := yaml.Unmarshal([]byte(s), &v); err != nil {
		return nil, fmt.Errorf("parseYAML: %w", err)
	}
	return v, nil
}

// writeJSON returns toJSON and its like. escaped writes <, > and & as \u003c and so on.
func writeJSON(margin string, escaped bool) func(any) (string, error) {
	return func(v any) (string, error) {
		var out bytes.Buffer
		enc := json.NewEncoder(&out)
		enc.SetEscapeHTML(escaped)
		enc.SetIndent("", margin)
		err := enc.Encode(v)
		return strings.TrimSpace(out.String()), err
	}
}

func toYAML(v any) (string, error) {
	data, err := yaml.Marshal(v)
	return strings.TrimSpace(string(data)), err
}

// keys and values are sprig's in a fixed order: that of a Go map differs each time.
func keys(maps_ ...map[string]any) []string {
	var all []string
	for _, m := range maps_ {
		all = append(all, slices.Sorted(maps.Keys(m))...)
	}
	return all
}

func values(m map[string]any) (all []any) {
	for _, key := range slices.Sorted(maps.Keys(m)) {
		all = append(all, m[key])
	}
	return all
}

// executeTemplate renders a template that is defined in this one.
func (v *view) executeTemplate(name string, data ...any) (string, error) {
	if v.depth++; v.depth > 100 {
		return "", fmt.Errorf("executeTemplate %s: 100 templates in each other", name)
	}
	defer func() { v.depth-- }()
	if len(data) > 1 {
		return "", fmt.Errorf("executeTemplate %s: %d arguments, want one at most", name, len(data))
	}
	var dot any
	if len(data) == 1 {
		dot = data[0]
	}
	var out strings.Builder
	if v.template.Lookup(name) == nil {
		return "", fmt.Errorf("executeTemplate %s: no template of that name is defined", name)
	}
	err := v.template.ExecuteTemplate(&out, name, dot)
	return out.String(), err
}
