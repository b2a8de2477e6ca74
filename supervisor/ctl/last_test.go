package ctl

import (
	"fmt"
	"strings"
	"testing"

	"rundock/internal/registry"
)

func TestHasOther(t *testing.T) {
	const key = "/skydns/com/example/s/web/node-1-blue"
	for _, c := range []struct {
		claim, records string
		want           bool
	}{
		{"it is alone", "node-1-blue=blue", false},
		{"the other colour is none", "node-1-blue=blue node-1-green=green node-2-green=green", false},
		{"another host has it", "node-1-blue=blue node-2-blue=blue", true},
		{"a further port is none", "node-1-blue=blue _tcp/_admin/node-2-blue=blue", false},
	} {
		var listed []registry.Listed
		for record := range strings.FieldsSeq(c.records) {
			name, colour, _ := strings.Cut(record, "=")
			listed = append(listed, registry.Listed{Key: "/skydns/com/example/s/web/" + name, Value: fmt.Appendf(nil, `{"host":"10.0.0.1","port":80,"colour":%q}`, colour)})
		}
		if got := hasOther(listed, key, "blue"); got != c.want {
			t.Errorf("%s: hasOther(%s) = %v", c.claim, c.records, got)
		}
	}
}
