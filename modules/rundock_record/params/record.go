package params

import (
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"strings"

	"rundock/internal/skydns"
)

// Owner is the id of our records: a sidecar that wants the key says that this
// holds it.
const Owner = "rundock_record"

// apex stands for the zone itself, below it, as dnsd has it.
const apex = "apex.dns"

// Record is where a record is to be, and what it is to say.
type Record struct {
	Name  string // fully qualified, without the final dot
	Key   string
	Value []byte // nil: there is to be none
}

// Record is what p asks for, in the host's own zone unless it names another.
func (p Params) Record(zone string) (r Record, err error) {
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
	r.Key = skydns.Key(skydns.Prefix, r.Name)
	if _, err := skydns.Name(skydns.Prefix, r.Key); err != nil {
		return r, fmt.Errorf("name %s: %w", r.Name, err)
	}
	if p.State == "absent" {
		return r, nil
	}
	r.Value, err = p.value()
	return r, err
}

// value is the record as the store has it.
func (p Params) value() ([]byte, error) {
	// As JSON numbers, which Parse holds to their limits and names.
	fields := map[string]any{"id": Owner}
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
