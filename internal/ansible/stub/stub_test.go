package stub

import (
	"encoding/json"
	"os/exec"
	"reflect"
	"strings"
	"testing"

	"rundock/internal/ansible"
)

// full has everything that has a place in the documentation.
var full = ansible.Spec{
	Module:      "full",
	Short:       "Everything",
	Description: []string{"One paragraph: with a colon, a # and 'quotes'.", strings.Repeat("Long words are folded; ", 20) + "end."},
	Notes:       []string{"yes", "~", " leading space", "10"},
	Examples:    "- full: {}\n",
	Params: []ansible.Param{
		{Name: "on", Type: ansible.Bool, Default: false, Description: []string{"Its name is a boolean in YAML."}},
		{Name: "old", Default: "", RemovedIn: "2.0.0", Description: []string{"Old."}, Aliases: []string{"older"}, DeprecatedAliases: []ansible.Deprecated{{Name: "older", At: "2027-01-01"}}},
		{Name: "list", Type: ansible.List, Elements: ansible.Dict, VersionAdded: "1.1.0", Description: []string{`back\slash`}, Options: []ansible.Param{
			{Name: "token", NoLog: true, Required: true, Fallback: []string{"TOKEN", "KEY"}, Description: []string{"no"}},
			{Name: "tags", Type: ansible.List, Elements: ansible.Str, Default: []string{"a", "no"}, Choices: []string{"a", "no"}, Description: []string{"<Tags> & \"such\""}},
		}},
	},
	Returns: []ansible.Return{{Name: "facts", Type: ansible.Dict, Description: []string{"Facts."}, Returned: "success", Contains: []ansible.Return{
		{Name: "n", Type: ansible.Int, Description: []string{"A number."}, Sample: 1},
		{Name: "long", Type: ansible.List, Description: []string{"On several lines."}, Sample: []any{strings.Repeat("a: 'b' # c, ", 20), map[string]any{"no": nil}}},
	}}},
}

// What Ansible reads is YAML in Python: both are parsed here by their own.
func TestPythonReadsWhatTheSpecificationSays(t *testing.T) {
	file, err := Python(full, "a command")
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command("/usr/bin/python3", "-c", `
import ast, json, sys, yaml
tree = ast.parse(sys.stdin.read())
print(json.dumps({n.targets[0].id: yaml.safe_load(n.value.value) for n in tree.body if isinstance(n, ast.Assign) and isinstance(n.value, ast.Constant)}))`)
	cmd.Stdin = strings.NewReader(string(file))
	out, err := cmd.Output()
	if err != nil {
		if exec.Command("/usr/bin/python3", "-c", "import yaml").Run() != nil {
			t.Skip("python3-yaml, which comes with ansible, is not installed")
		}
		t.Fatalf("%v\n%s", err, file)
	}
	var got struct{ DOCUMENTATION, EXAMPLES, RETURN any }
	if err := json.Unmarshal(out, &got); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name string
		got  any
		want string
	}{
		{"DOCUMENTATION", got.DOCUMENTATION, `{"module":"full","short_description":"Everything","author":["The authors of rundock (!UNKNOWN)"],
			"description":["One paragraph: with a colon, a # and 'quotes'.","` + strings.Repeat("Long words are folded; ", 20) + `end."],
			"notes":["yes","~"," leading space","10"],
			"attributes":{"check_mode":{"support":"full","description":"Changes nothing and reports what would be."},
				"diff_mode":{"support":"full","description":"Returns what has changed in files, or in check mode would."}},
			"options":{
				"on":{"type":"bool","default":false,"description":["Its name is a boolean in YAML."]},
				"old":{"type":"str","default":"","aliases":["older"],"description":["Old.","Deprecated: it will be removed in 2.0.0.","The alias C(older) is deprecated: it will be removed in 2027-01-01."]},
				"list":{"type":"list","elements":"dict","version_added":"1.1.0","description":["back\\slash"],"suboptions":{
					"token":{"type":"str","required":true,"description":["no","If it is not given, the environment variable C(TOKEN) or C(KEY) of the task is used.","Its value is masked in all output."]},
					"tags":{"type":"list","elements":"str","default":["a","no"],"choices":["a","no"],"description":["<Tags> & \"such\""]}}}}}`},
		{"EXAMPLES", got.EXAMPLES, `[{"full":{}}]`},
		{"RETURN", got.RETURN, `{"facts":{"type":"dict","returned":"success","description":["Facts."],"contains":{"n":{"type":"int","returned":"always","description":["A number."],"sample":1},
			"long":{"type":"list","returned":"always","description":["On several lines."],"sample":["` + strings.Repeat("a: 'b' # c, ", 20) + `",{"no":null}]}}}}`},
	} {
		var want any
		if err := json.Unmarshal([]byte(c.want), &want); err != nil {
			t.Fatal(err)
		}
		if !reflect.DeepEqual(c.got, want) {
			text, _ := json.Marshal(c.got)
			t.Errorf("%s reads\n %s\nwant\n %s", c.name, text, c.want)
		}
	}
}

func TestPythonRefusesWhatNobodyCanUse(t *testing.T) {
	for _, c := range []struct {
		name   string
		change func(*ansible.Spec)
		want   string
	}{
		{"no short description", func(s *ansible.Spec) { s.Short = "" }, "document module full: Short, Description and Examples must be there"},
		{"the end of the string", func(s *ansible.Spec) { s.Examples = "- full: '''" }, "document module full: EXAMPLES holds ''', which ends it"},
		{"a contradiction", func(s *ansible.Spec) {
			s.Params = []ansible.Param{{Name: "a", Description: []string{"A."}, Elements: ansible.Str}}
		},
			"document module full: parameter a: it has Elements and is no List"},
		{"a returned value without description", func(s *ansible.Spec) { s.Returns = []ansible.Return{{Name: "r", Type: ansible.Str}} },
			"document module full: returned value r: Description and Type must be there"},
		{"a parameter's type of a returned value", func(s *ansible.Spec) {
			s.Returns = []ansible.Return{{Name: "r", Type: ansible.Path, Description: []string{"R."}}}
		},
			"document module full: returned value r: its type is a parameter's: a path is returned as a string"},
	} {
		t.Run(c.name, func(t *testing.T) {
			spec := full
			c.change(&spec)
			if _, err := Python(spec, "x"); err == nil || err.Error() != c.want {
				t.Errorf("error = %v, want %s", err, c.want)
			}
		})
	}
}
