package main

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"rundock/internal/ansible"
	"rundock/modules/rundock/params"
)

// required are values of those of list that must be given, each followed by a
// comma.
func required(list []ansible.Param) string {
	values := ""
	for _, p := range list {
		v := `"/x"`
		if p.Type == ansible.Int {
			v = "1"
		} else if p.Choices != nil {
			v = fmt.Sprintf("%q", p.Choices[0])
		}
		if p.Required {
			values += fmt.Sprintf("%q:%s,", p.Name, v)
		}
	}
	return values
}

// What YAML made a number or a boolean of is refused wherever a text is meant,
// and nowhere else: every parameter and suboption is given both.
func TestTextsAreTakenInQuotesOnly(t *testing.T) {
	m := onHost(t)
	const advice = "a text is meant: put it in quotes"
	numbers := map[string]bool{"log_options": true, "storage_opts": true, "sysctls": true}
	try := func(where, call string, refused bool) {
		t.Helper()
		var given map[string]any
		must(t, json.Unmarshal([]byte(call), &given))
		for name, v := range map[string]any{"name": "quoted", "image": "app", "_ansible_check_mode": true} {
			if _, ok := given[name]; !ok {
				given[name] = v
			}
		}
		if a := m.callJSON(given); strings.Contains(a.Msg, advice) != refused {
			t.Errorf("%s: %s is answered with %q; want the advice to quote it: %v", where, call, a.Msg, refused)
		}
	}
	var walk func(prefix string, list []ansible.Param, around func(string) string)
	walk = func(prefix string, list []ansible.Param, around func(string) string) {
		for _, p := range list {
			at := prefix + p.Name
			entry := func(v string) string { return around(fmt.Sprintf("%q:%s", p.Name, v)) }
			switch {
			case p.Choices != nil || p.Name == "services" || at == "device_requests.capabilities":
			case p.Options != nil:
				open, shut := "[{", "}]"
				if p.Type == ansible.Dict {
					open, shut = "{", "}"
				}
				walk(at+".", p.Options, func(inner string) string { return entry(open + required(p.Options) + inner + shut) })
			case p.Type == "" || p.Type == ansible.Str || p.Type == ansible.Raw:
				try(at, entry("2013"), !p.Number)
				try(at, entry("true"), true)
			case p.Type == ansible.List:
				try(at, entry("[2013]"), !p.Number)
				try(at, entry("2013"), !p.Number)
			case p.Type == ansible.Dict:
				try(at, entry(`{"a":2013}`), !numbers[p.Name])
			}
		}
	}
	walk("", params.Spec.Params, func(inner string) string { return "{" + inner + "}" })
}
