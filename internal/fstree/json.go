package fstree

import (
	"bytes"
	"encoding/json"
)

// JSON is a value as it is written to a file that people read, too: & and < stay as they
// are.
func JSON(v any) ([]byte, error) { return IndentedJSON(v, "  ") }

// IndentedJSON is JSON with another indentation of a level.
func IndentedJSON(v any, indent string) ([]byte, error) {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", indent)
	err := enc.Encode(v)
	return b.Bytes(), err
}
