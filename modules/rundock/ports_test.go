package main

import (
	"slices"
	"strings"
	"testing"
)

func TestPortsChangeHandsWithinACall(t *testing.T) {
	m := onHost(t)
	call := func(ports ...string) string {
		var list []string
		for i, p := range ports {
			list = append(list, `{"name":"`+string(rune('a'+i))+`a","image":"app:1",`+p+`}`)
		}
		return `state=enabled services='[` + strings.Join(list, ",") + `]'`
	}
	gone := `state=absent services='[{"name":"aa"},{"name":"ba"},{"name":"ca"}]'`
	m.apply(call(`"announce":81`, `"announce":82`, `"announce":83`))
	asked := m.asked()

	m.apply(call(`"announce":82`, `"announce":83`, `"announce":84`))
	var order []string
	for line := range strings.Lines(strings.TrimPrefix(m.asked(), asked)) {
		if what := strings.Fields(line); (what[0] == "prepare" || what[0] == "wait") && !slices.Contains(what, "check") {
			order = append(order, what[0]+" "+what[1])
		}
	}
	if want := []string{"prepare ca", "wait ca", "prepare ba", "wait ba", "prepare aa", "wait aa"}; !slices.Equal(order, want) {
		t.Errorf("rundockd is asked to %q, want %q", order, want)
	}
	m.refuses(call(`"announce":83`, `"announce":82`, `"announce":84`), "services aa, ba take over ports of each other")
	m.apply(`state=enabled services='[{"name":"ca","state":"absent"},{"name":"aa","image":"app:1","announce":84}]'`)
	m.apply(gone)
}
