package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"strings"

	"rundock/internal/control"
	"rundock/internal/skydns"
)

// Prefix is where records are in the store.
const prefix = "/skydns"

// owner is the id of our records: a sidecar that wants the key says that this
// holds it.
const owner = "rundock_record"

// apex stands for the zone itself, below it, as dnsd has it.
const apex = "apex.dns"

// record is where a record is to be, and what it is to say.
type record struct {
	Name  string // fully qualified, without the final dot
	Key   string
	Value []byte // nil: there is to be none
}

// record is what p asks for, in the host's own zone unless it names another.
func (p params) record(zone string) (r record, err error) {
	if p.Zone != "" {
		zone = p.Zone
	}
	labels := []string{p.Instance, p.Name, zone}
	if p.Name == "@" {
		labels[1] = apex
	}
	for i, what := range []string{"instance", "name", "zone"} {
		labels[i] = strings.TrimSuffix(labels[i], ".")
		if labels[i] == "" {
			return r, fmt.Errorf("%s is empty", what)
		}
	}
	if strings.Contains(p.Instance, ".") {
		return r, fmt.Errorf("instance %q: want one label", p.Instance)
	}
	r.Name = strings.ToLower(strings.Join(labels, "."))
	r.Key = skydns.Key(prefix, r.Name)
	if _, err := skydns.Name(prefix, r.Key); err != nil {
		return r, fmt.Errorf("name %s: %w", r.Name, err)
	}
	if p.State == "absent" {
		return r, nil
	}
	r.Value, err = p.value()
	return r, err
}

// value is the record as the store has it.
func (p params) value() ([]byte, error) {
	// As JSON numbers, which Parse holds to their limits and names.
	fields := map[string]any{"id": owner}
	set := func(name string, v any) {
		if !reflect.ValueOf(v).IsZero() {
			fields[name] = v
		}
	}
	set("host", p.Host)
	set("port", p.Port)
	set("priority", p.Priority)
	set("weight", p.Weight)
	set("ttl", p.TTL)
	set("text", p.Text)
	set("mail", p.Mail)
	set("type", p.Type)
	set("rdata", p.RData)
	set("targetstrip", p.TargetStrip)
	set("group", p.Group)
	set("tags", p.Tags)
	set("meta", p.Meta)
	loose, err := json.Marshal(fields)
	if err != nil {
		return nil, err
	}
	r, err := skydns.Parse(loose)
	if err != nil {
		return nil, err
	}
	if r.Mail && r.Host == "" {
		return nil, errors.New("mail: want host, the mail exchanger")
	}
	return json.Marshal(r)
}

// differs decides whether the key, as it is now, has to be written. The error
// says who holds it: a record of somebody else's is left alone.
func (r record) differs(now control.Key) (bool, error) {
	if !now.Exists {
		return r.Value != nil, nil
	}
	have, err := skydns.Parse(now.Value)
	if now.Lease != "" || err == nil && have.ID != "" && have.ID != owner {
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
