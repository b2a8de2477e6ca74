// Package plan is what a call of rundock_record decides: whether a key of the store has to become
// the record that is asked for, and how that is told. It reads and writes none: package task does.
package plan

import (
	"encoding/json"
	"fmt"
	"reflect"

	"rundock/internal/control"
	"rundock/internal/fstree"
	"rundock/internal/module"
	"rundock/internal/skydns"
	"rundock/modules/rundock_record/params"
)

// Differs decides whether the key, as it is now, has to be written. The error
// says who holds it: a record of somebody else's is left alone.
func Differs(r params.Record, now control.Key) (bool, error) {
	if !now.Exists {
		return r.Value != nil, nil
	}
	have, err := skydns.Parse(now.Value)
	if now.Lease != "" || err == nil && have.ID != "" && have.ID != params.Owner {
		return false, fmt.Errorf("%s (%s) is held by %s%s", r.Name, r.Key, now.ID, under(now))
	}
	if r.Value == nil || err != nil {
		return true, nil
	}
	want, err := skydns.Parse(r.Value)
	return !reflect.DeepEqual(have, want), err
}

func under(now control.Key) string {
	if now.Lease != "" {
		return ", which announces it: stop that service, or take another instance"
	}
	return ", without a lease: remove it, or take another instance"
}

// shown is a record for the diff.
func shown(value []byte) string {
	if value == nil {
		return ""
	}
	r, err := skydns.Parse(value)
	if err != nil {
		return string(value) + "\n"
	}
	text, err := json.MarshalIndent(r, "", "  ")
	if err != nil {
		return string(value) + "\n"
	}
	return string(text) + "\n"
}

// Action is in words what making the key r is.
func Action(r params.Record, now control.Key) string {
	if r.Value == nil {
		return "record removed"
	}
	return module.Choose(now.Exists, "record updated", "record written")
}

// Diff is how the key, which is called header, changes.
func Diff(r params.Record, header string, now control.Key) fstree.Diff {
	var before []byte
	if now.Exists {
		before = now.Value
	}
	return fstree.Diff{BeforeHeader: header, AfterHeader: header, Before: shown(before), After: shown(r.Value)}
}
