package ansible

import (
	"encoding/json"
	"errors"
	"fmt"
)

// What is said of a value that nobody can tell how it was written.
var (
	errNumber = errors.New("a text is meant: put it in quotes, as YAML makes 18 of 022, 2013 of 33:33 and 1.1 of 1.10 (a template ends by | string)")
	errBool   = errors.New("a text is meant: put it in quotes, as YAML makes true of yes and on (a template ends by | string)")
)

// QuoteAdvice is why v, a decoded JSON value, is no text, and what to write
// instead; nil if it is neither a number nor a boolean.
func QuoteAdvice(v any) error {
	switch v.(type) {
	case bool:
		return errBool
	case json.Number, int, float64:
		return errNumber
	}
	return nil
}

func toStr(v any) (any, error) {
	if text, ok := v.(string); ok {
		return text, nil
	}
	if err := QuoteAdvice(v); err != nil {
		return nil, err
	}
	// Ansible would make Python source of it, which nobody ever wants.
	return nil, fmt.Errorf("'%s' is not a string and conversion is not allowed", compact(v))
}
