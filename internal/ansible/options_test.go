package ansible

import (
	"fmt"
	"reflect"
	"testing"
)

// nested has parameters within parameters, as a list of services has.
var nested = Spec{
	Module: "nested",
	Params: []Param{
		{Name: "name"},
		{Name: "announces", Aliases: []string{"ports"}, Type: List, Elements: Dict, Options: []Param{
			{Name: "port", Type: Int, Required: true, Aliases: []string{"p"}},
			{Name: "as", Default: "private", Choices: []string{"public", "private"}},
			{Name: "tags", Type: List, Elements: Str},
			{Name: "user"},
			{Name: "token", NoLog: true},
			{Name: "check", Type: Dict, Options: []Param{
				{Name: "type", Default: "tcp", Choices: []string{"tcp", "http"}},
				{Name: "path"},
				{Name: "interval", Type: Float},
			}, Rules: Rules{RequiredIf: []RequiredIf{{Param: "type", Value: "http", Params: []string{"path"}}}}},
		}, Rules: Rules{
			RequiredTogether:  [][]string{{"user", "token"}},
			MutuallyExclusive: [][]string{{"tags", "user"}},
		}},
		{Name: "log", Type: Dict, ApplyDefaults: true, Options: []Param{
			{Name: "keep", Type: Int, Default: 10},
			{Name: "size", Type: Bytes},
		}},
		{Name: "env", Type: Dict, Values: Str},
	},
}

func TestDecodeFillsNestedStructs(t *testing.T) {
	type check struct {
		Type     string
		Path     *string
		Interval *float64
	}
	type announcement struct {
		Port  int
		As    string
		Tags  []string
		Check *check
	}
	type params struct {
		Name      *string
		Announces []announcement
		Log       struct {
			Keep int
			Size *int64
		}
		Env map[string]string
	}
	path, interval, size := "/health", 0.5, int64(2<<20)
	for _, c := range []struct {
		name, input string
		want        func(*params)
	}{
		{"types of a playbook", `{"announces":[{"port":80,"tags":["a"],"check":{"type":"http","path":"/health","interval":0.5}},{"port":81,"as":"public"}],"log":{"size":"2M"},"env":{"A":"1","B":"x"}}`,
			func(p *params) {
				p.Announces = []announcement{{80, "private", []string{"a"}, &check{"http", &path, &interval}}, {81, "public", nil, nil}}
				p.Log.Size = &size
				p.Env = map[string]string{"A": "1", "B": "x"}
			}},
		{"strings of an ad-hoc call, in Python and with aliases", `{"ports":"[{'p': '80', 'check': {'path': '/health', 'type': 'http', 'interval': '.5'}, 'tags': 'a'}, {'port': 81, 'as': 'public'}]","log":"size=2MB","env":"A=1 B=x"}`,
			func(p *params) {
				p.Announces = []announcement{{80, "private", []string{"a"}, &check{"http", &path, &interval}}, {81, "public", nil, nil}}
				p.Log.Size = &size
				p.Env = map[string]string{"A": "1", "B": "x"}
			}},
		{"defaults of what is not given", `{}`, func(*params) {}},
		{"one dict is a list of one", `{"announces":"{\"port\": 80, \"as\": null}"}`,
			func(p *params) { p.Announces = []announcement{{80, "private", nil, nil}} }},
	} {
		t.Run(c.name, func(t *testing.T) {
			var want, got params
			want.Log.Keep = 10
			c.want(&want)
			output, code := respond(nested, []byte(c.input), nil, func(c Call) Result { return Result{Err: c.Decode(&got)} })
			if code != 0 || !reflect.DeepEqual(got, want) {
				t.Errorf("%s\n read %+v (%s)\n want %+v", c.input, got, output, want)
			}
		})
	}
}

// A list of dicts may hold words, each standing for a dict.
func TestWordStandsForADict(t *testing.T) {
	spec := Spec{Module: "m", Params: []Param{{Name: "networks", Type: List, Elements: Dict, Word: "name", Options: []Param{{Name: "name", Required: true}, {Name: "ip"}}}}}
	for input, want := range map[string]string{
		`["apps","zone"]`:                   "[{apps } {zone }]",
		`"apps,zone"`:                       "[{apps } {zone }]",
		`"apps"`:                            "[{apps }]",
		`["apps",{"name":"zone","ip":"1"}]`: "[{apps } {zone 1}]",
		`["name=apps ip=1"]`:                "[{apps 1}]",
		`"{\"name\":\"apps\"}"`:             "[{apps }]",
	} {
		var got struct{ Networks []struct{ Name, IP string } }
		output, code := respond(spec, []byte(`{"networks":`+input+`}`), nil, func(c Call) Result { return Result{Err: c.Decode(&got)} })
		if text := fmt.Sprint(got.Networks); code != 0 || text != want {
			t.Errorf("%s is read as %s (%s), want %s", input, text, output, want)
		}
	}
}
