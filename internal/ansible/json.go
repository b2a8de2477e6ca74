package ansible

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
)

// decode reads exactly one JSON value, with its numbers as written.
func decode(data []byte, into any) error {
	dec := json.NewDecoder(bytes.NewReader(data))
	dec.UseNumber()
	if err := dec.Decode(into); err != nil {
		return err
	}
	if _, err := dec.Token(); err != io.EOF {
		return errors.New("something follows the JSON value")
	}
	return nil
}

func compact(v any) string {
	data, err := json.Marshal(v)
	if err != nil {
		return fmt.Sprint(v)
	}
	return string(data)
}

func marshal(v any) ([]byte, error) {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	err := enc.Encode(v)
	return b.Bytes(), err
}

// generic is a default of a specification as decoding JSON would give it.
func generic(v any) any {
	switch v.(type) {
	case string, bool, int:
		return v
	}
	var decoded any
	if data, err := json.Marshal(v); err != nil || decode(data, &decoded) != nil {
		panic(fmt.Sprintf("default %v of a parameter is no JSON value", v))
	}
	return decoded
}
