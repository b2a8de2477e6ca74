package ansible

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"reflect"
	"slices"
	"strings"
	"testing"
)

// old has everything that is on its way out, and what is named twice.
var old = Spec{
	Module: "old",
	Params: []Param{
		{Name: "path", Type: Path, Aliases: []string{"dest", "name"}, DeprecatedAliases: []Deprecated{{Name: "name", In: "2.0.0"}}},
		{Name: "force", Type: Bool, RemovedIn: "3.0.0"},
		{Name: "mode", RemovedAt: "2027-01-01"},
		{Name: "api", Type: Dict, Options: []Param{
			{Name: "url", Aliases: []string{"uri", "endpoint"}, DeprecatedAliases: []Deprecated{{Name: "uri", At: "2027-02-02"}}},
			{Name: "proxy", Aliases: []string{"via"}, RemovedIn: "3.0.0"},
			{Name: "token", NoLog: true, Fallback: []string{"RUNDOCK_TEST_UNSET", "RUNDOCK_TEST_TOKEN"}},
			{Name: "retries", Type: Int, Fallback: []string{"RUNDOCK_TEST_RETRIES"}},
		}},
		{Name: "region", Aliases: []string{"area"}, Fallback: []string{"RUNDOCK_TEST_REGION"}},
		{Name: "when", Choices: []string{"no", "later"}},
		{Name: "answer", Choices: []string{"yes", "no", "on"}},
		{Name: "keys", Type: List, Elements: Str, NoLog: true},
		{Name: "pins", Type: Dict, NoLog: true},
		{Name: "seed", NoLog: true, Default: "default-seed"},
	},
}

// agreed are arguments of which Ansible's own validator says, reads and masks
// the same.
var agreed = []struct {
	spec   *Spec
	given  string
	output string // to be masked; "" for none
}{
	{spec: &nested, given: `{}`},
	{spec: &nested, given: `{"announces":[]}`},
	{spec: &nested, given: `{"announces":[{"port":"80","tags":"a,b"},{"p":81,"as":"public"}],"log":{"size":"10M"}}`},
	{spec: &nested, given: `{"announces":[{"port":80,"check":{"type":"http","path":"/","interval":1}}]}`},
	{spec: &nested, given: `{"announces":[{"port":80,"p":81},{"port":82,"p":83}]}`},
	{spec: &nested, given: `{"announces":[{"port":80}],"ports":[{"port":81}]}`},
	{spec: &nested, given: `{"announces":{"port":80}}`},
	{spec: &nested, given: `{"announces":[{"port":80},{}]}`},
	{spec: &nested, given: `{"announces":[{"port":80},{"as":"public"}]}`},
	{spec: &nested, given: `{"announces":[{"port":"http"}]}`},
	{spec: &nested, given: `{"announces":[{"port":80,"as":"privat"}]}`},
	{spec: &nested, given: `{"announces":[{"port":80,"as":"Private"}]}`},
	{spec: &nested, given: `{"announces":[{"port":80,"check":{"type":"http"}}]}`},
	{spec: &nested, given: `{"announces":[{"port":80,"check":{"type":"udp"}}]}`},
	{spec: &nested, given: `{"announces":[{"port":80,"check":{"interval":"soon"}}]}`},
	{spec: &nested, given: `{"announces":[{"port":80,"check":"tcp"}]}`},
	{spec: &nested, given: `{"announces":[{"port":80,"check":"type=http path=/"}]}`},
	{spec: &nested, given: `{"announces":[{"port":80,"user":"u"}]}`},
	{spec: &nested, given: `{"announces":[{"port":80,"user":"u","token":"t","tags":["x"]}]}`},
	{spec: &nested, given: `{"log":{"keep":"x"}}`},
	{spec: &nested, given: `{"log":{"size":"10Q"}}`},
	{spec: &nested, given: `{"log":"keep=5, size=1K"}`},
	{spec: &nested, given: `{"log":"{'keep': 5}"}`},
	{spec: &nested, given: `{"log":[1]}`},
	{spec: &nested, given: `{"announces":[{"port":80,"user":"u","token":"s3cret"}]}`,
		output: `{"msg":"got s3cret","list":["s3cret",{"s3cret":"s3crets"}],"n":3}`},

	{spec: &old, given: `{"elsewhere":1}`},
	{spec: &nested, given: `{"announces":[{"port":80,"elsewhere":1}]}`},
	{spec: &old, given: `{}`, output: `["default-seed","by default-seed"]`},
	{spec: &old, given: `{"dest":"/x"}`},
	{spec: &old, given: `{"dest":"/x","path":"/y"}`},
	{spec: &old, given: `{"dest":"/x","name":"/z","path":"/y"}`},
	{spec: &old, given: `{"name":"/x","force":true,"mode":"0644"}`},
	{spec: &old, given: `{"api":{"uri":"http://x","proxy":"y"}}`},
	{spec: &old, given: `{"api":{"uri":"http://x","url":"y","endpoint":"z"}}`},
	{spec: &old, given: `{"api":{}}`, output: `["environment-token","a environment-token b"]`},
	{spec: &old, given: `{"api":{"token":"t0ken","retries":1}}`, output: `["environment-token","t0ken","t0kens"]`},
	{spec: &old, given: `{"region":"here"}`},
	{spec: &old, given: `{"when":false}`},
	{spec: &old, given: `{"when":true}`},
	{spec: &old, given: `{"answer":false}`},
	{spec: &old, given: `{"answer":true}`},
	{spec: &old, given: `{"keys":["k1","k22"],"pins":{"a":1234,"b":{"c":["deep"]},"d":true,"e":null,"f":""}}`,
		output: `{"a":"k1","b":"x k22 k1","c":1234,"d":812345,"e":"pin 1234","f":["deep","deeper"],"g":null,"h":12.34}`},
	{spec: &old, given: `{"keys":"k1,k2","seed":""}`, output: `["k1,k2","default-seed","x"]`},
	{spec: &old, given: `{"keys":["long","longer"],"seed":"a"}`, output: `["long","b","n","a","ttt","bab"]`},
}

// pool are values of every kind, given for each type.
var pool = []string{
	`"x"`, `""`, `" x "`, `"a,b"`, `"a, b"`, `"a=b"`, `"a=b c=d"`, `"a=b,c='d e'"`, `"a=b=c"`, `"{"`, `"{\"a\": 1}"`, `"{'a': [True, None, -1.5, \"x'y\"]}"`,
	`"yes"`, `"No"`, `" TRUE "`, `"off"`, `"t"`, `"1"`, `"0"`, `"2"`, `"-7"`, `"+7"`, `" 12 "`, `"1.5"`, `"1e3"`, `".5"`, `"1.0"`, `"0x10"`, `"0x1p4"`, `"1_0.5"`,
	`"1K"`, `"2 MB"`, `"2 Mb"`, `"1.5G"`, `"3kilobytes"`, `"3bits"`, `"b"`, `"7b"`, `"7B"`, `"1KQ"`, `"1Q"`, `"2.5"`, `"3.5"`, `"1.2.3"`, `"-5M"`,
	`"~"`, `"~/x"`, `"~root"`, `"~root/.ssh"`, `"~nobody-at-all/x"`, `"x/~"`, `"$RUNDOCK_TEST_REGION/x"`, `"${RUNDOCK_TEST_REGION}x"`, `"$RUNDOCK_TEST_UNSET"`, `"${}"`, `"$"`, `"a$ b"`, `"${x"`, `"$$RUNDOCK_TEST_REGION"`, `"~/$RUNDOCK_TEST_REGION"`,
	`0`, `1`, `2`, `-3`, `1.0`, `0.0`, `2.5`, `true`, `false`, `[]`, `["x"]`, `[1,"b"]`, `{}`, `{"a":1}`, `{"a":{"b":[1,2]}}`,
}

// kinds has a parameter of every type, by its name, and a list of every type.
var kinds = func() Spec {
	s := Spec{Module: "kinds"}
	for _, t := range []Type{Str, Int, Float, Bool, List, Dict, Path, Raw, JSON, JSONArg, Bytes, Bits} {
		s.Params = append(s.Params, Param{Name: string(t), Type: t}, Param{Name: string(t) + "s", Type: List, Elements: t})
	}
	return s
}()

// differences are arguments that are read unlike Ansible on purpose, and why.
// README.md tells of them.
var differences = []struct {
	why    string
	spec   *Spec
	given  []string
	output string
}{
	{why: "null is as good as not given", spec: &old,
		given: []string{`{"region":null}`, `{"seed":null}`, `{"api":{"retries":null}}`}},
	{why: "null is as good as not given, also for required ones", spec: &nested,
		given: []string{`{"announces":[{"port":null}]}`}},
	{why: "a string is not made of a list or dict", spec: &kinds,
		given: []string{`{"str":[]}`, `{"str":["x"]}`, `{"str":[1,"b"]}`, `{"str":{}}`, `{"str":{"a":1}}`, `{"str":{"a":{"b":[1,2]}}}`,
			`{"path":[]}`, `{"path":["x"]}`, `{"path":[1,"b"]}`, `{"path":{}}`, `{"path":{"a":1}}`, `{"path":{"a":{"b":[1,2]}}}`, `{"strs":[[1]]}`}},
	{why: "a string of a number has it as it was written", spec: &kinds, given: []string{`{"list":1e3}`}},
	{why: "a string of a number has it as it was written", spec: &sample, given: []string{`{"name":"x","image":"i","memory":1.50}`}},
	{why: "a text is not made of a number or a boolean, of which nobody knows how it was written", spec: &kinds, given: func() (list []string) {
		for _, name := range []string{"str", "strs", "path"} {
			for _, v := range []string{"0", "1", "2", "-3", "1.0", "0.0", "2.5", "true", "false"} {
				list = append(list, fmt.Sprintf("{%q:%s}", name, v))
			}
		}
		return append(list, `{"strs":[1,"b"]}`, `{"paths":[1,"b"]}`, `{"path":1.10}`)
	}()},
	{why: "true and false are no numbers", spec: &kinds, given: []string{`{"int":true}`, `{"int":false}`, `{"float":true}`, `{"float":false}`, `{"ints":[true]}`}},
	{why: "numbers are decimal, finite and fit into 64 bits", spec: &kinds,
		given: []string{`{"int":"1_000"}`, `{"int":99999999999999999999}`, `{"bytes":"9Y"}`}},
	{why: "what follows a size is not ignored", spec: &kinds,
		given: []string{`{"bytes":"1e3"}`, `{"bytes":"1.2.3"}`, `{"bits":"1e3"}`, `{"bits":"1.2.3"}`, `{"bytes":"10M!"}`, `{"bytes":"10 M B"}`,
			`{"bytes":"1_0.5"}`, `{"bits":"1_0.5"}`, `{"bytess":"1_0.5"}`, `{"bitss":"1_0.5"}`, `{"bytess":"1e3"}`, `{"bytess":"1.2.3"}`, `{"bitss":"1e3"}`, `{"bitss":"1.2.3"}`}},
	{why: "JSON is made without spaces", spec: &kinds,
		given: []string{`{"json":[1,"b"]}`, `{"json":{"a":1}}`, `{"json":{"a":{"b":[1,2]}}}`, `{"jsonarg":[1,"b"]}`, `{"jsonarg":{"a":1}}`, `{"jsonarg":{"a":{"b":[1,2]}}}`}},
	{why: "a string that is a list is that list", spec: &kinds,
		given: []string{`{"list":"[\"a,b\", \"c\"]"}`, `{"list":"['a,b', 'c']"}`, `{"strs":"[]"}`, `{"dicts":"[{\"a\": 1, \"b\": 2}]"}`}},
	{why: "a string that is a dict is a list of it, where dicts are asked for", spec: &kinds,
		given: []string{`{"dicts":"{'a': [True, None, -1.5, \"x'y\"]}"}`, `{"dicts":"{\"a\": 1, \"b\": 2}"}`}},
	{why: "a key without a value is told in words", spec: &kinds, given: []string{`{"dict":"a=b c"}`}},
	{why: "a dict's keys are strings", spec: &kinds, given: []string{`{"dict":"{1: 2}"}`}},
	{why: "an unknown name is told with the nearest that there is", spec: &nested,
		given: []string{`{"announces":[{"port":80,"prot":"tcp"}]}`, `{"announces":[{"port":80,"prot":"tcp"},{"port":80,"prot":"tcp"}]}`, `{"announces":[{"port":80,"prot":"tcp","nam":"x"}]}`, `{"announces":[{"port":80,"check":{"typ":"tcp"}}]}`, `{"nam":"x"}`}},
	{why: "an unknown name is told with the nearest that there is", spec: &old,
		given: []string{`{"desc":1}`, `{"api":{"urk":1}}`}},
	{why: "an unknown name is told before what is missing, which it may be", spec: &nested, given: []string{`{"announces":[{"as":"privat"}],"unknown":1}`}},
	{why: "an unknown name is told before what is missing, which it may be", spec: &sample, given: []string{`{"nam":"x","image":"i"}`}},
	{why: "errors name the parameter", spec: &nested,
		given: []string{`{"announces":[{"port":80,"check":"tcp"}]}`, `{"announces":"80"}`, `{"announces":[80]}`, `{"announces":80}`, `{"log":5}`}},
	{why: "what crashes Ansible is an error here", spec: &nested, given: []string{`{"log":[1]}`, `{"announces":"port=80 x"}`}},
	{why: "an alias is not given twice because of the environment", spec: &old, given: []string{`{"area":"south"}`}},
	{why: "a deprecated suboption is told also by its alias", spec: &old, given: []string{`{"api":{"via":"x"}}`}},
	{why: "true, false and null are never masked", spec: &old, given: []string{`{"seed":"r"}`}, output: `{"changed":true}`},
	{why: "elements of a secret list given as a string are secrets", spec: &old, given: []string{`{"keys":"k1,k2"}`}, output: `["k1"]`},
	{why: "a secret is masked also as it stands in quotes", spec: &old, given: []string{`{"seed":"a\"b\n"}`}, output: `["got \"a\\\"b\\n\""]`},
}

func TestReadsAsAnsibleDoes(t *testing.T) {
	if err := exec.Command("/usr/bin/python3", "-c", "import ansible.module_utils.common.arg_spec").Run(); err != nil {
		t.Skip("ansible-core is not installed as Debian's package ansible")
	}
	t.Setenv("HOME", "/home/somebody")
	t.Setenv("RUNDOCK_TEST_REGION", "north")
	t.Setenv("RUNDOCK_TEST_TOKEN", "environment-token")
	t.Setenv("RUNDOCK_TEST_RETRIES", "3")

	var cases []argumentCase
	seen := map[string]bool{}
	add := func(why string, spec *Spec, given, output string) {
		if output == "" {
			output = "null"
		}
		if key := spec.Module + given + output; !seen[key] {
			seen[key] = true
			cases = append(cases, argumentCase{argumentSpec(spec.Params), rulesOf(spec.Rules), json.RawMessage(given), json.RawMessage(output), spec, why})
		}
	}
	for _, d := range differences {
		for _, given := range d.given {
			add(d.why, d.spec, given, d.output)
		}
	}
	for _, c := range validations {
		add("", &sample, c.given, "")
	}
	for _, c := range agreed {
		add("", c.spec, c.given, c.output)
	}
	for _, p := range kinds.Params {
		for _, v := range pool {
			add("", &kinds, fmt.Sprintf(`{%q:%s}`, p.Name, v), "")
		}
	}

	input, err := json.Marshal(cases)
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command("/usr/bin/python3", "testdata/validate.py")
	cmd.Stdin, cmd.Stderr = bytes.NewReader(input), os.Stderr
	output, err := cmd.Output()
	if err != nil {
		t.Fatal(err)
	}
	var answers []verdict
	if err := json.Unmarshal(output, &answers); err != nil {
		t.Fatal(err)
	}
	for i, c := range cases {
		ours, theirs := ourVerdict(t, *c.of, c.Given, c.Output), answers[i].normal()
		same := reflect.DeepEqual(ours, theirs)
		if c.why == "" && !same {
			t.Errorf("%s %s\n we say      %s\n Ansible has %s", c.of.Module, c.Given, compact(ours), compact(theirs))
		}
		if c.why != "" && same {
			t.Errorf("%s %s: both say %s, want a difference: %s", c.of.Module, c.Given, compact(ours), c.why)
		}
	}
	t.Logf("%d calls compared", len(cases))
}

// argumentCase is a call for validate.py.
type argumentCase struct {
	Spec   map[string]any  `json:"spec"`
	Rules  map[string]any  `json:"rules"`
	Given  json.RawMessage `json:"given"`
	Output json.RawMessage `json:"output"` // to be masked
	of     *Spec
	why    string // it is read differently; "" if it is not
}

// verdict is what comes of a call's arguments.
type verdict struct {
	Err          string         `json:"err"`
	Values       map[string]any `json:"values"`
	Warnings     []string       `json:"warnings"`
	Deprecations []Deprecation  `json:"deprecations"`
	Masked       any            `json:"masked"`
}

// normal is v without what has no order of its own, and without the values
// of a refused call.
func (v verdict) normal() verdict {
	if v.Err != "" {
		v.Values = nil
	}
	v.Err, _, _ = strings.Cut(v.Err, "Valid booleans include")
	slices.Sort(v.Warnings)
	slices.SortFunc(v.Deprecations, func(a, b Deprecation) int { return strings.Compare(a.Msg, b.Msg) })
	if len(v.Warnings) == 0 {
		v.Warnings = nil
	}
	if len(v.Deprecations) == 0 {
		v.Deprecations = nil
	}
	return v
}

func ourVerdict(t *testing.T, s Spec, given, output []byte) verdict {
	var args map[string]any
	if err := decode(given, &args); err != nil {
		t.Fatal(err)
	}
	r := request{module: s.Module}
	err := r.read(s, given)
	v := verdict{Warnings: r.warnings, Deprecations: r.deprecations}
	if err != nil {
		v.Err = strings.TrimPrefix(err.Error(), "Unsupported parameters for ("+s.Module+") module: ")
	}
	// As it would arrive: Go's ints and Python's are JSON's numbers.
	if err := json.Unmarshal([]byte(compact(r.call.values)), &v.Values); err != nil {
		t.Fatal(err)
	}
	var plain any
	if err := decode(output, &plain); err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal([]byte(compact(mask(plain, spellings(r.secrets)))), &v.Masked); err != nil {
		t.Fatal(err)
	}
	return v.normal()
}

// argumentSpec is params as a Python module writes them.
func argumentSpec(params []Param) map[string]any {
	spec := map[string]any{}
	for _, p := range params {
		o := rulesOf(p.Rules)
		o["type"], o["required"], o["no_log"], o["apply_defaults"] = p.kind(), p.Required, p.NoLog, p.ApplyDefaults
		set := func(key string, value any, there bool) {
			if there {
				o[key] = value
			}
		}
		set("elements", p.Elements, p.Elements != "")
		set("default", p.Default, p.Default != nil)
		set("choices", p.Choices, p.Choices != nil)
		set("aliases", p.Aliases, p.Aliases != nil)
		set("fallback", p.Fallback, p.Fallback != nil)
		set("options", argumentSpec(p.Options), p.Options != nil)
		set("removed_in_version", p.RemovedIn, p.RemovedIn != "")
		set("removed_at_date", p.RemovedAt, p.RemovedAt != "")
		var gone []map[string]string
		for _, a := range p.DeprecatedAliases {
			if a.At != "" {
				gone = append(gone, map[string]string{"name": a.Name, "date": a.At})
			} else {
				gone = append(gone, map[string]string{"name": a.Name, "version": a.In})
			}
		}
		set("deprecated_aliases", gone, gone != nil)
		spec[p.Name] = o
	}
	return spec
}

func rulesOf(r Rules) map[string]any {
	var ifs [][]any
	for _, rule := range r.RequiredIf {
		ifs = append(ifs, []any{rule.Param, rule.Value, rule.Params, rule.Any})
	}
	by := map[string]any{}
	for _, rule := range r.RequiredBy {
		by[rule.Param] = rule.Params
	}
	return map[string]any{"mutually_exclusive": r.MutuallyExclusive, "required_together": r.RequiredTogether,
		"required_one_of": r.RequiredOneOf, "required_if": ifs, "required_by": by}
}
