package render

import (
	"maps"
	"strings"
	"testing"

	"rundock/internal/registry"
)

// The template of many sites, as it was written for consul-template.
const classic = `frontend www
    bind *:80
    default_backend {{key "backend/current"}}
{{range $tag, $services := service "apache-80" | byTag}}
backend {{$tag}}
{{range $services}}    server {{.ID}} {{.Address}}:{{.Port}} check
{{end}}{{end}}`

func TestRender_of_the_classic_template(t *testing.T) {
	got, err := rendered(t, classic)
	const want = `frontend www
    bind *:80
    default_backend blue

backend blue
    server node-1:apache:80 10.0.0.1:80 check

backend green
    server node-2:apache:80 10.0.0.2:80 check
`
	if err != nil || string(got.Data) != want {
		t.Errorf("rendered = %s, %v, want %s", got.Data, err, want)
	}
	if !maps.Equal(got.Services, map[string]int{"apache-80": 2}) || !maps.Equal(got.Keys, map[string]int{"backend/current": 1}) {
		t.Errorf("used = %v, %v, want apache-80 with 2 instances and the key backend/current", got.Services, got.Keys)
	}
}

func TestRender_counts_a_service_with_and_without_its_tag(t *testing.T) {
	got, err := rendered(t, `{{range service "blue.apache"}}{{end}}{{range service "none"}}{{end}}{{len (ls "config")}}`)
	if err != nil || !maps.Equal(got.Services, map[string]int{"apache": 2, "blue.apache": 1, "none": 0}) || got.Keys["config"] != 1 {
		t.Errorf("used = %v %v, %v", got.Services, got.Keys, err)
	}
}

func TestErrors_name_template_and_line(t *testing.T) {
	for text, want := range map[string]string{
		"a\n{{key \"backend/next\"}}":        "template test, line 2: key backend/next: not in the store (keyOrDefault gives another value then)",
		"\n\n{{range safeLs \"no\"}}{{end}}": "template test, line 3: safeLs no: no such key: not in the store",
		"{{service \"a@dc1\"}}":              "template test, line 1: service a@dc1: @dc1: want a zone, such as @s.prod.example.com",
		"{{service \"a~near\"}}":             "~near: instances have no distance",
		"{{service \"a|critical\"}}":         "filter critical: only healthy instances have a record",
		"{{service \"\"}}":                   `service "": want the name of a service`,
		"\n{{if}}":                           "template test, line 2: missing value for if",
		"{{range}}":                          "template test, line 1: missing value for range",
		"{{env \"HOME\"}}":                   "template test, line 1: function env is not offered: the environment is that of rundockd",
		"{{sprig_env \"HOME\"}}":             "function sprig_env is not offered: the environment",
		"\n{{timestamp}}":                    "line 2: function timestamp is not offered: it would change the file at each rendering",
		"{{getHostByName \"a\"}}":            "function getHostByName is not offered: a file is made from the store alone",
		"{{nothing}}":                        `template test, line 1: function "nothing" not defined`,
		"{{1 | divide 0}}":                   "line 1: divide 0: division by zero",
		"{{\"a\" | add 1}}":                  "want a number (parseInt makes one of a text)",
		"{{range service \"apache\"}}{{.X}}": "unexpected EOF",
		"{{fail \"no\"}}":                    "template test, line 1: fail \"no\": no",
		"{{parseJSON \"{\"}}":                "line 1: parseJSON",
		"{{executeTemplate \"x\"}}":          "executeTemplate x: no template of that name",
		"{{byTag 5}}":                        "byTag of int: want what service or services gives",
		"{{byMeta \"SERVICE_TAGS|int\" (service \"web\")}}":                         `SERVICE_TAGS of node-3:web:8000 is "http, fast", want a number`,
		"{{define \"x\"}}{{executeTemplate \"x\"}}{{end}}{{executeTemplate \"x\"}}": "100 templates in each other",
		"{{loop 5000000}}": "loop: 5000000 steps, want at most",
	} {
		if got, err := rendered(t, text); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q = %q, %v, want an error with %s", text, got.Data, err, want)
		}
	}
}

func TestState_is_as_if_loaded_afresh(t *testing.T) {
	change := func(key, value string) registry.Change {
		if value == "" {
			return registry.Change{Key: key}
		}
		return registry.Change{Key: key, Value: []byte(value)}
	}
	const record = "/skydns/com/example/prod/s/apache/node-2"
	const text = `{{range service "apache"}}{{.Node}}={{.Port}} {{end}}{{range tree "config"}}{{.Key}} {{end}}`
	parsed, err := Parse("test", text)
	if err != nil {
		t.Fatal(err)
	}
	s := store(t)
	for _, step := range []struct {
		claim string
		batch registry.Batch
		want  string
	}{
		{"a changed record", registry.Batch{Changes: []registry.Change{change(record, `{"host":"10.0.0.2","port":81}`)}}, "node-1=80 node-2=81 db/host db/port mode "},
		{"a record that is none any more", registry.Batch{Changes: []registry.Change{change(record, "x")}}, "node-1=80 db/host db/port mode "},
		{"one that came and one that went", registry.Batch{Changes: []registry.Change{change(record, ""), change("/skydns/com/example/prod/s/apache/node-0", `{"host":"10.0.0.3","port":80}`)}}, "node-0=80 node-1=80 db/host db/port mode "},
		{"a key that went twice", registry.Batch{Changes: []registry.Change{change("/config/mode", ""), change("/config/mode", "")}}, "node-0=80 node-1=80 db/host db/port "},
		{"a complete batch", registry.Batch{Complete: true, Changes: []registry.Change{change("/config/a", "1")}}, "a "},
	} {
		s.Apply(step.batch)
		if got, err := parsed.Render(s); err != nil || string(got.Data) != step.want {
			t.Errorf("after %s: %q, %v, want %q", step.claim, got.Data, err, step.want)
		}
	}
}
