package params

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"rundock/internal/ansible"
	"rundock/internal/spec"
)

// dict is a dictionary of texts, see text.
type dict map[string]json.RawMessage

// amounts is a dictionary of texts or whole numbers, where a number is meant.
type amounts map[string]json.RawMessage

// compound is a dictionary whose values are texts, truths, numbers, lists and
// dictionaries.
type compound map[string]json.RawMessage

// text is a string. Other values are refused: YAML has made something else of
// what the user wrote (yes, 022, 1.10). The error does not show the value.
func text(raw json.RawMessage) (string, error) {
	var v any
	if err := json.Unmarshal(raw, &v); err != nil {
		return "", err
	}
	if s, ok := v.(string); ok {
		return s, nil
	}
	if err := ansible.QuoteAdvice(v); err != nil {
		return "", err
	}
	return "", errors.New("neither a text nor a number")
}

// amount is a string, or a whole number as it is written.
func amount(raw json.RawMessage) (string, error) {
	var n json.Number
	if raw[0] != '"' && json.Unmarshal(raw, &n) == nil && n != "" && !strings.ContainsAny(n.String(), ".eE") {
		return n.String(), nil
	}
	return text(raw)
}

// list is a list of texts.
func list(raw json.RawMessage) ([]string, error) {
	var items []json.RawMessage
	if err := json.Unmarshal(raw, &items); err != nil || items == nil {
		return nil, errors.New("not a list")
	}
	words := []string{}
	for _, item := range items {
		w, err := text(item)
		if err != nil {
			return nil, err
		}
		words = append(words, w)
	}
	return words, nil
}

// pairs are c's keys, sorted: one for each entry of a list or dictionary.
func (c compound) pairs() ([]spec.Pair, error) {
	var out []spec.Pair
	for _, key := range slices.Sorted(maps.Keys(c)) {
		values, err := flat(c[key])
		if err != nil {
			return nil, fmt.Errorf("%s: %w", key, err)
		}
		for _, v := range values {
			out = append(out, spec.Pair{Key: key, Value: v})
		}
	}
	return out, nil
}

// flat is a value, or each of several: of a list, of a list in a list (where
// docker asks for one of several sets, of which there may be one), and
// key=value of a dictionary. Null is none.
func flat(raw json.RawMessage) ([]string, error) {
	switch {
	case len(raw) == 0 || string(raw) == "null":
		return nil, nil
	case string(raw) == "true", string(raw) == "false":
		return []string{string(raw)}, nil
	case raw[0] == '[':
		var sets []json.RawMessage
		if err := json.Unmarshal(raw, &sets); err != nil {
			return nil, err
		}
		if len(sets) > 0 && len(sets[0]) > 0 && sets[0][0] == '[' {
			if len(sets) > 1 {
				return nil, errors.New("a choice of several sets is not taken: give one")
			}
			return list(sets[0])
		}
		return list(raw)
	case raw[0] == '{':
		var d dict
		if err := json.Unmarshal(raw, &d); err != nil {
			return nil, err
		}
		var out []string
		for _, key := range slices.Sorted(maps.Keys(d)) {
			s, err := text(d[key])
			if err != nil {
				return nil, fmt.Errorf("%s: %w", key, err)
			}
			out = append(out, key+"="+s)
		}
		return out, nil
	}
	s, err := amount(raw) // an option that Ansible knows to be a number, or a text
	return []string{s}, err
}
