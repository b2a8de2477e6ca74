package ansible

import (
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"
)

// coerce turns a decoded JSON value (numbers as json.Number) or a default
// into type t: string, int, float64, bool, []any or map[string]any; Raw stays
// as it is.
func coerce(v any, t Type) (any, error) {
	switch t {
	case Int:
		return toInt(v)
	case Float:
		return toFloat(v)
	case Bool:
		return toBool(v)
	case List:
		return toList(v)
	case Dict:
		return toDict(v)
	case Path:
		return toPath(v)
	case Bytes:
		return toSize(v, 'B')
	case Bits:
		return toSize(v, 'b')
	case JSON, JSONArg:
		return toJSON(v)
	case Raw:
		return v, nil
	}
	return toStr(v)
}

func toInt(v any) (any, error) {
	text := ""
	switch v := v.(type) {
	case int:
		return v, nil
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

func toFloat(v any) (any, error) {
	text := ""
	switch v := v.(type) {
	case float64:
		return v, nil
	case int:
		return float64(v), nil
	case string:
		text = strings.TrimSpace(v)
	case json.Number:
		text = v.String()
	}
	// What is infinite or no number cannot be told in JSON either; hexadecimal
	// is Go's alone.
	if f, err := strconv.ParseFloat(text, 64); err == nil && !math.IsInf(f, 0) && !math.IsNaN(f) && !strings.ContainsAny(text, "xX") {
		return f, nil
	}
	return nil, fmt.Errorf("%s cannot be converted to a float", pythonType(v))
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
		if f, err := v.Float64(); err == nil && (f == 0 || f == 1) {
			return f == 1, nil
		}
	default:
		return nil, fmt.Errorf("%s cannot be converted to a bool", pythonType(v))
	}
	switch strings.ToLower(strings.TrimSpace(text)) {
	case "y", "yes", "on", "1", "true", "t":
		return true, nil
	case "n", "no", "off", "0", "false", "f":
		return false, nil
	}
	return nil, fmt.Errorf("The value '%s' is not a valid boolean.  Valid booleans include: "+
		"'y', 'yes', 'on', '1', 'true', 't', 1, 'n', 'no', 'off', '0', 'false', 'f', 0", text)
}

// toList takes a list, a scalar, a string with commas, or one that is a list
// in JSON or Python, as an ad-hoc call has to write lists whose elements hold
// commas.
func toList(v any) (any, error) {
	switch v := v.(type) {
	case []any:
		return v, nil
	case json.Number, bool, int, float64:
		return []any{pythonText(v)}, nil
	case string:
		if decoded, ok := literal(v).([]any); ok {
			return decoded, nil
		}
		list := []any{}
		for s := range strings.SplitSeq(v, ",") {
			list = append(list, s)
		}
		return list, nil
	}
	return nil, fmt.Errorf("%s cannot be converted to a list", pythonType(v))
}

// toDicts is toList for elements that are dicts: a string that is one dict is
// a list of it.
func toDicts(v any) (any, error) {
	if text, ok := v.(string); ok {
		if dict, ok := literal(text).(map[string]any); ok {
			return []any{dict}, nil
		}
	}
	return toList(v)
}

// toDict takes a dict, a string that is one in JSON or Python, or
// "k1=v1, k2=v2".
func toDict(v any) (any, error) {
	switch v := v.(type) {
	case map[string]any:
		return v, nil
	case string:
		if strings.HasPrefix(v, "{") {
			if dict, ok := literal(v).(map[string]any); ok {
				return dict, nil
			}
			return nil, errors.New("unable to evaluate string as dictionary")
		}
		return keyValues(v)
	}
	return nil, fmt.Errorf("%s cannot be converted to a dict", pythonType(v))
}

// toJSON takes a string as it is, and makes one of what came decoded.
func toJSON(v any) (any, error) {
	switch v := v.(type) {
	case string:
		return strings.TrimSpace(v), nil
	case []any, map[string]any:
		line, err := marshal(v)
		return strings.TrimSuffix(string(line), "\n"), err
	}
	return nil, fmt.Errorf("%s cannot be converted to a json string", pythonType(v))
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
		case quote != 0 && quote == c:
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
