package ansible

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"
)

// coerce turns a decoded JSON value (numbers as json.Number) into type t:
// string, int, bool, []any or map[string]any.
func coerce(v any, t Type) (any, error) {
	switch t {
	case Int:
		return toInt(v)
	case Bool:
		return toBool(v)
	case List:
		return toList(v)
	case Dict:
		return toDict(v)
	}
	return toStr(v)
}

func toStr(v any) (any, error) {
	switch v := v.(type) {
	case string:
		return v, nil
	case json.Number:
		return v.String(), nil
	case bool: // as Python writes it
		if v {
			return "True", nil
		}
		return "False", nil
	}
	// Ansible would make Python source of it, which nobody ever wants.
	return nil, fmt.Errorf("'%s' is not a string and conversion is not allowed", compact(v))
}

func toInt(v any) (any, error) {
	text := ""
	switch v := v.(type) {
	case string:
		text = strings.TrimSpace(v)
	case json.Number:
		text = v.String()
	}
	if n, err := strconv.Atoi(text); err == nil {
		return n, nil
	}
	return nil, fmt.Errorf("%s cannot be converted to an int", pythonType(v))
}

func toBool(v any) (any, error) {
	text := ""
	switch v := v.(type) {
	case bool:
		return v, nil
	case string:
		text = v
	case json.Number:
		text = v.String()
	default:
		return nil, fmt.Errorf("%s cannot be converted to a bool", pythonType(v))
	}
	switch strings.ToLower(strings.TrimSpace(text)) {
	case "y", "yes", "on", "1", "1.0", "true", "t":
		return true, nil
	case "n", "no", "off", "0", "0.0", "false", "f":
		return false, nil
	}
	return nil, fmt.Errorf("The value '%s' is not a valid boolean.  Valid booleans include: "+
		"'y', 'yes', 'on', '1', 'true', 't', 1, 'n', 'no', 'off', '0', 'false', 'f', 0", text)
}

// toList takes a list, a scalar, a string with commas, or one that is a JSON
// list, as an ad-hoc call has to write lists whose elements hold commas.
func toList(v any) (any, error) {
	switch v := v.(type) {
	case []any:
		return v, nil
	case json.Number:
		return []any{v.String()}, nil
	case string:
		if strings.HasPrefix(strings.TrimSpace(v), "[") {
			var list []any
			if err := decode([]byte(v), &list); err == nil {
				return list, nil
			}
		}
		list := []any{}
		for s := range strings.SplitSeq(v, ",") {
			list = append(list, s)
		}
		return list, nil
	}
	return nil, fmt.Errorf("%s cannot be converted to a list", pythonType(v))
}

// toDict takes a dict, a string that is a JSON object, or "k1=v1, k2=v2".
func toDict(v any) (any, error) {
	switch v := v.(type) {
	case map[string]any:
		return v, nil
	case string:
		if strings.HasPrefix(v, "{") {
			var dict map[string]any
			if decode([]byte(v), &dict) != nil {
				return nil, errors.New("unable to evaluate string as dictionary")
			}
			return dict, nil
		}
		return keyValues(v)
	}
	return nil, fmt.Errorf("%s cannot be converted to a dict", pythonType(v))
}

// keyValues parses k=v pairs separated by commas or spaces. Quotes keep
// separators, a backslash keeps the next character.
func keyValues(text string) (any, error) {
	var fields []string
	var field strings.Builder
	end := func() {
		if field.Len() > 0 {
			fields = append(fields, field.String())
		}
		field.Reset()
	}
	quote, escaped := rune(0), false
	for _, c := range strings.TrimSpace(text) {
		switch {
		case escaped:
			field.WriteRune(c)
			escaped = false
		case c == '\\':
			escaped = true
		case quote == 0 && (c == '\'' || c == '"'):
			quote = c
		case quote == c:
			quote = 0
		case quote == 0 && (c == ',' || c == ' '):
			end()
		default:
			field.WriteRune(c)
		}
	}
	end()
	dict := map[string]any{}
	for _, f := range fields {
		k, v, ok := strings.Cut(f, "=")
		if !ok {
			return nil, errors.New("dictionary requested, could not parse JSON or key=value")
		}
		dict[k] = v
	}
	if len(dict) == 0 {
		return nil, errors.New("dictionary requested, could not parse JSON or key=value")
	}
	return dict, nil
}

// pythonType is how Ansible's messages call the type of a JSON value.
func pythonType(v any) string {
	name := "NoneType"
	switch v := v.(type) {
	case string:
		name = "str"
	case bool:
		name = "bool"
	case json.Number:
		name = "int"
		if strings.ContainsAny(v.String(), ".eE") {
			name = "float"
		}
	case []any:
		name = "list"
	case map[string]any:
		name = "dict"
	}
	return "<class '" + name + "'>"
}

func compact(v any) string {
	data, err := json.Marshal(v)
	if err != nil {
		return fmt.Sprint(v)
	}
	return string(data)
}

// decode reads exactly one JSON value, with its numbers as written.
func decode(data []byte, into any) error {
	dec := json.NewDecoder(bytes.NewReader(data))
	dec.UseNumber()
	if err := dec.Decode(into); err != nil {
		return err
	}
	if dec.More() {
		return errors.New("something follows the JSON value")
	}
	return nil
}
