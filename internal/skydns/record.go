// Package skydns is the record shared by sidecars and dnsd: the JSON value
// of an etcd key, and the mapping between DNS names and keys.
//
// Source: the message format of SkyDNS 2, which CoreDNS's etcd plugin reads
// as well. The fields type, rdata, tags, meta, colour, id and at are rundock's; both
// ignore them.
package skydns

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"net/netip"
	"strconv"
	"strings"
)

// A Record is the value of one key. The zero of each number means unset: it
// is left out of the JSON, and whoever answers fills in the default.
type Record struct {
	Host        string            `json:"host,omitempty"`        // an address (SRV gets a synthesised target) or a name (CNAME, SRV target)
	Port        int               `json:"port,omitempty"`        // 0 to 65535
	Priority    int               `json:"priority,omitempty"`    // 0 means 10; lower is preferred; at most 65535
	Weight      int               `json:"weight,omitempty"`      // 0 means 100; relative to the other records of the priority
	TTL         uint32            `json:"ttl,omitempty"`         // seconds; 0 means the server's default; at most 2^31-1
	Text        string            `json:"text,omitempty"`        // answered as TXT
	Mail        bool              `json:"mail,omitempty"`        // also answered as MX
	TargetStrip int               `json:"targetstrip,omitempty"` // leading labels taken off a synthesised target; at most 127
	Group       string            `json:"group,omitempty"`       // separates records under one name, see dnsd
	Tags        []string          `json:"tags,omitempty"`
	Meta        map[string]string `json:"meta,omitempty"`
	Colour      string            `json:"colour,omitempty"` // blue or green, or unset
	ID          string            `json:"id,omitempty"`     // machine-id/service/colour of the sidecar
	Type        string            `json:"type,omitempty"`   // of rdata, such as CAA or TYPE65
	RData       string            `json:"rdata,omitempty"`  // a record of that type, in zone-file syntax
	At          string            `json:"at,omitempty"`     // name of the instance's host, where the key does not tell it: of a slot of a stack
}

// Addr returns the address that Host is, with an IPv4-mapped one turned into
// plain IPv4; false when Host is empty or a name.
func (r Record) Addr() (netip.Addr, bool) {
	a, err := netip.ParseAddr(r.Host)
	if err != nil {
		return netip.Addr{}, false
	}
	return a.Unmap(), true
}

const (
	max16     = 1<<16 - 1
	maxTTL    = 1<<31 - 1 // RFC 2181 section 8
	maxLabels = 127
)

// Parse reads a record. Field names are matched regardless of case and unknown
// ones are ignored, as SkyDNS does; a number may also be written as a string
// ("port":"80"), and null leaves a field unset. Of a field that is there twice the
// last counts. The error names the field.
func Parse(value []byte) (Record, error) {
	value = bytes.TrimSpace(value)
	if len(value) == 0 {
		return Record{}, errors.New("record: empty value")
	}
	if value[0] != '{' {
		return Record{}, fmt.Errorf("record: not a JSON object: %.40q", value)
	}
	var r Record
	if json.Unmarshal(value, &r) == nil && r.check() == nil {
		return r, nil
	}
	return parseFields(value)
}

// parseFields is Parse of what is not written as a Record is. It takes several
// times as long, but takes more for right, and knows which field is wrong.
func parseFields(value []byte) (r Record, err error) {
	var whole json.RawMessage
	if err := json.Unmarshal(value, &whole); err != nil {
		return Record{}, fmt.Errorf("record: %w", err)
	}
	// In their order, as a map would have another one each time.
	in := json.NewDecoder(bytes.NewReader(whole))
	in.Token()
	for in.More() {
		var raw json.RawMessage
		token, err := in.Token()
		if err == nil {
			err = in.Decode(&raw)
		}
		if err != nil {
			return Record{}, fmt.Errorf("record: %w", err)
		}
		if bytes.Equal(raw, []byte("null")) {
			continue
		}
		name := token.(string)
		if err := r.set(strings.ToLower(name), raw); err != nil {
			return Record{}, fmt.Errorf("record: %s: %w", name, err)
		}
	}
	return r, nil
}

// check holds the fields to what set does.
func (r *Record) check() error {
	for _, field := range []struct{ value, limit int }{
		{r.Port, max16}, {r.Priority, max16}, {r.Weight, max16}, {int(r.TTL), maxTTL}, {r.TargetStrip, maxLabels},
	} {
		if err := within(field.value, field.limit); err != nil {
			return err
		}
	}
	return checkHost(r.Host)
}

func within(n, limit int) error {
	if n < 0 || n > limit {
		return fmt.Errorf("%d is not between 0 and %d", n, limit)
	}
	return nil
}

func (r *Record) set(name string, raw json.RawMessage) (err error) {
	switch name {
	case "host":
		if err = text(raw, &r.Host); err == nil {
			err = checkHost(r.Host)
		}
	case "port":
		r.Port, err = number(raw, max16)
	case "priority":
		r.Priority, err = number(raw, max16)
	case "weight":
		r.Weight, err = number(raw, max16)
	case "ttl":
		var ttl int
		ttl, err = number(raw, maxTTL)
		r.TTL = uint32(ttl)
	case "text":
		err = text(raw, &r.Text)
	case "mail":
		r.Mail, err = truth(raw)
	case "targetstrip":
		r.TargetStrip, err = number(raw, maxLabels)
	case "group":
		err = text(raw, &r.Group)
	case "type":
		err = text(raw, &r.Type)
	case "rdata":
		err = text(raw, &r.RData)
	case "tags":
		if json.Unmarshal(raw, &r.Tags) != nil {
			err = fmt.Errorf("want a list of strings, have %.40s", raw)
		}
	case "meta":
		if json.Unmarshal(raw, &r.Meta) != nil {
			err = fmt.Errorf("want an object of strings, have %.40s", raw)
		}
	case "colour":
		err = text(raw, &r.Colour)
	case "id":
		err = text(raw, &r.ID)
	case "at":
		err = text(raw, &r.At)
	}
	return err
}

func text(raw json.RawMessage, to *string) error {
	if json.Unmarshal(raw, to) != nil {
		return fmt.Errorf("want a string, have %.40s", raw)
	}
	return nil
}

func truth(raw json.RawMessage) (bool, error) {
	b, err := strconv.ParseBool(strings.Trim(string(raw), `"`))
	if err != nil {
		return false, fmt.Errorf("want true or false, have %.40s", raw)
	}
	return b, nil
}

func number(raw json.RawMessage, limit int) (int, error) {
	s := string(raw)
	if len(s) >= 2 && s[0] == '"' {
		s = strings.TrimSpace(s[1 : len(s)-1])
		if s == "" {
			return 0, nil
		}
	}
	n, err := strconv.Atoi(s)
	if err != nil && !errors.Is(err, strconv.ErrRange) {
		return 0, fmt.Errorf("want a whole number, have %.40s", raw)
	}
	if err != nil || n < 0 || n > limit {
		return 0, fmt.Errorf("%.40s is not between 0 and %d", raw, limit)
	}
	return n, nil
}
