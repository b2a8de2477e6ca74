package registry

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
)

// Item is a key to hold.
type Item struct {
	Key   string
	Value []byte // JSON; its "id" says whose it is
	ID    string // the same id, by which we know our own
}

// Change is a key's new value.
type Change struct {
	Key   string
	Value []byte // nil: deleted
}

// Batch is what changed since the last one.
type Batch struct {
	Revision int64  // of the store, when the last of Changes was made
	Complete bool   // replaces everything known; Changes are then all keys there are, sorted
	Cluster  uint64 // that was asked, of a complete batch: another one is another store
	Changes  []Change
}

// Swap is a write that happens only if nobody was faster. One whose New is its Old
// writes nothing: the key, and the lease that it is under, stay as they are.
type Swap struct {
	Key    string
	Old    []byte   // what must be there; nil: nothing may be
	New    []byte   // nil: delete the key
	Absent []string // keys that may not be there either; one that ends with a slash is all keys below
}

// Writes reports whether s changes anything.
func (s Swap) Writes() bool { return (s.Old == nil) != (s.New == nil) || !bytes.Equal(s.Old, s.New) }

// KeysOf are the keys of swaps, for people.
func KeysOf(swaps []Swap) string {
	var keys []string
	for _, s := range swaps {
		keys = append(keys, s.Key)
	}
	return strings.Join(keys, ", ")
}

// Found is a key as the store has it now.
type Found struct {
	Key    string
	Exists bool
	Value  []byte
	ID     string // of whoever holds it, in words if the value has none
	Lease  string // "": none, so that the key does not go away by itself
}

// Listed is a key as List found it.
type Listed struct {
	Key      string
	Value    []byte
	Revision int64  // of its last change
	Lease    string // "": none, so that the key does not go away by itself
}

// OwnerOf returns the id in a record's value, in words if there is none.
func OwnerOf(value []byte) string {
	var record struct {
		ID string `json:"id"`
	}
	if err := json.Unmarshal(value, &record); err != nil {
		return fmt.Sprintf("a record that is no JSON (%v)", err)
	}
	if record.ID == "" {
		return "a record without an id"
	}
	return record.ID
}

// Encode is a value as a key has it, in JSON. It is of what can be written: texts, numbers, times, and structs and maps of them.
func Encode(value any) []byte {
	data, err := json.Marshal(value)
	if err != nil {
		panic(err)
	}
	return data
}

// Decode reads the one JSON value that a key has; an unknown field is an error.
func Decode(value []byte, into any) error {
	dec := json.NewDecoder(bytes.NewReader(value))
	dec.DisallowUnknownFields()
	if err := dec.Decode(into); err != nil {
		return err
	}
	if _, err := dec.Token(); err != io.EOF {
		return errors.New("more than one JSON value")
	}
	return nil
}
