package ansible

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"
)

// sample has every kind of parameter and rule.
var sample = Spec{
	Module: "sample",
	Params: []Param{
		{Name: "name", Required: true},
		{Name: "state", Default: "present", Choices: []string{"present", "absent"}},
		{Name: "port", Type: Int},
		{Name: "force", Type: Bool, Default: false},
		{Name: "hosts", Type: List, Elements: Str, Choices: []string{"a", "b", "1"}},
		{Name: "ports", Type: List, Elements: Int},
		{Name: "env", Type: Dict},
		{Name: "image"},
		{Name: "build"},
		{Name: "user"},
		{Name: "password", NoLog: true},
		{Name: "token", NoLog: true},
		{Name: "key"},
		{Name: "memory", Number: true},
		{Name: "ways", Type: List, Elements: Str},
		{Name: "sizes", Type: List, Elements: Str, Number: true},
	},
	Rules: Rules{
		MutuallyExclusive: [][]string{{"image", "build"}, {"password", "token"}},
		RequiredTogether:  [][]string{{"user", "key"}},
		RequiredOneOf:     [][]string{{"image", "build", "port"}},
		RequiredIf: []RequiredIf{
			{Param: "state", Value: "absent", Params: []string{"port"}},
			{Param: "name", Value: "any", Params: []string{"hosts", "ports"}, Any: true},
		},
		RequiredBy: []RequiredBy{{Param: "env", Params: []string{"image"}}},
	},
}

type validation struct{ name, given, want, err string }

var validations = []validation{
	{"defaults are filled in",
		`{"name":"x","image":"i"}`,
		`{"name":"x","image":"i","state":"present","force":false}`, ""},
	{"strings of ad-hoc calls become what the parameter is",
		`{"name":"x","image":"i","port":" 8086 ","force":"YES","hosts":"a,b","ports":"1,2","env":"A=1, B='2 3',C=a\\,b"}`,
		`{"name":"x","image":"i","state":"present","port":8086,"force":true,"hosts":["a","b"],"ports":[1,2],"env":{"A":"1","B":"2 3","C":"a,b"}}`, ""},
	{"a number is a choice", `{"name":"x","image":"i","hosts":1}`, `{"name":"x","image":"i","hosts":["1"],"state":"present","force":false}`, ""},
	{"a JSON string is a dict",
		`{"name":"x","image":"i","env":"{\"A\": \"1\"}"}`,
		`{"name":"x","image":"i","state":"present","force":false,"env":{"A":"1"}}`, ""},
	{"1 is true", `{"name":"x","image":"i","force":1}`, `{"name":"x","image":"i","state":"present","force":true}`, ""},
	{"off is false", `{"name":"x","image":"i","force":"off"}`, `{"name":"x","image":"i","state":"present","force":false}`, ""},

	{"an unknown parameter is refused by name", `{"name":"x","image":"i","elsewhere":1}`, "",
		"elsewhere. Supported parameters include: build, env, force, hosts, image, key, memory, name, password, port, ports, sizes, state, token, user, ways."},
	{"a missing one is named", `{"image":"i"}`, "", "missing required arguments: name"},
	{"text is no int", `{"name":"x","port":"http"}`, "",
		"argument 'port' is of type <class 'str'> and we were unable to convert to int: <class 'str'> cannot be converted to an int"},
	{"a float is no int", `{"name":"x","port":80.5}`, "",
		"argument 'port' is of type <class 'float'> and we were unable to convert to int: <class 'float'> cannot be converted to an int"},
	{"a list is no int", `{"name":"x","port":[80]}`, "",
		"argument 'port' is of type <class 'list'> and we were unable to convert to int: <class 'list'> cannot be converted to an int"},
	{"a list is no bool", `{"name":"x","image":"i","force":[]}`, "",
		"argument 'force' is of type <class 'list'> and we were unable to convert to bool: <class 'list'> cannot be converted to a bool"},
	{"a dict is no list", `{"name":"x","image":"i","hosts":{}}`, "",
		"argument 'hosts' is of type <class 'dict'> and we were unable to convert to list: <class 'dict'> cannot be converted to a list"},
	{"text is no dict", `{"name":"x","image":"i","env":"A"}`, "",
		"argument 'env' is of type <class 'str'> and we were unable to convert to dict: dictionary requested, could not parse JSON or key=value"},
	{"broken JSON is no dict", `{"name":"x","image":"i","env":"{A"}`, "",
		"argument 'env' is of type <class 'str'> and we were unable to convert to dict: unable to evaluate string as dictionary"},
	{"an element of another type is named", `{"name":"x","image":"i","ports":[1,"b"]}`, "",
		"Elements value for option 'ports' is of type <class 'str'> and we were unable to convert to int: <class 'str'> cannot be converted to an int"},
	{"a choice is checked", `{"name":"x","image":"i","state":"gone"}`, "", "value of state must be one of: present, absent, got: gone"},
	{"choices of a list are checked", `{"name":"x","image":"i","hosts":"a,c,d"}`, "", "value of hosts must be one or more of: a, b, 1. Got no match for: c, d"},
	{"exclusive ones are refused", `{"name":"x","image":"i","build":"b"}`, "", "parameters are mutually exclusive: image|build"},
	{"every exclusive pair is named", `{"name":"x","image":"i","build":"b","password":"p1","token":"t1"}`, "", "parameters are mutually exclusive: image|build, password|token"},
	{"ones that belong together are asked for", `{"name":"x","image":"i","user":"u"}`, "", "parameters are required together: user, key"},
	{"one of several is asked for", `{"name":"x"}`, "", "one of the following is required: image, build, port"},
	{"a value asks for others", `{"name":"x","image":"i","state":"absent"}`, "", "state is absent but all of the following are missing: port"},
	{"a value asks for one of others", `{"name":"any","image":"i"}`, "", "name is any but any of the following are missing: hosts, ports"},
	{"a parameter asks for others", `{"name":"x","build":"b","env":"A=1"}`, "", "missing parameter(s) required by 'env': image"},
}

// quoted are those that Ansible makes texts of, see differences.
var quoted = []validation{
	{"a number is no text", `{"name":18,"image":"i"}`, "", "argument 'name' is of type <class 'int'> and we were unable to convert to str: " + errNumber.Error()},
	{"a float is no text", `{"name":"x","image":1.1}`, "", "argument 'image' is of type <class 'float'> and we were unable to convert to str: " + errNumber.Error()},
	{"a boolean is no text", `{"name":"x","image":"i","key":true}`, "", "argument 'key' is of type <class 'bool'> and we were unable to convert to str: " + errBool.Error()},
	{"nor is the element of a list", `{"name":"x","image":"i","ways":[2013]}`, "", "Elements value for option 'ways' is of type <class 'int'> and we were unable to convert to str: " + errNumber.Error()},
	{"nor is a number that stands for a list", `{"name":"x","image":"i","ways":2013}`, "", "Elements value for option 'ways' is of type <class 'int'> and we were unable to convert to str: " + errNumber.Error()},
	{"a number is taken where one is meant", `{"name":"x","image":"i","memory":1073741824,"sizes":[1,"2k"]}`,
		`{"name":"x","image":"i","memory":"1073741824","sizes":["1","2k"],"state":"present","force":false}`, ""},
	{"a boolean is not", `{"name":"x","image":"i","memory":true}`, "", "argument 'memory' is of type <class 'bool'> and we were unable to convert to str: " + errBool.Error()},
}

func TestValidate(t *testing.T) {
	for _, c := range slices.Concat(validations, quoted) {
		t.Run(c.name, func(t *testing.T) {
			var given map[string]any
			if err := decode([]byte(c.given), &given); err != nil {
				t.Fatal(err)
			}
			got, err := (&reading{}).read(sample, "sample", given, false)
			if c.err != "" {
				if err == nil || strings.TrimPrefix(err.Error(), "Unsupported parameters for (sample) module: ") != c.err {
					t.Fatalf("validate(%s)\n error %v\n want  %s", c.given, err, c.err)
				}
				return
			}
			if err != nil {
				t.Fatalf("validate(%s): %v", c.given, err)
			}
			var want map[string]any
			if err := json.Unmarshal([]byte(c.want), &want); err != nil {
				t.Fatal(err)
			}
			if compact(got) != compact(want) {
				t.Errorf("validate(%s)\n got  %s\n want %s", c.given, compact(got), compact(want))
			}
		})
	}
	t.Run("null is as good as not given", func(t *testing.T) {
		_, err := (&reading{}).read(sample, "sample", map[string]any{"name": "x", "image": nil}, false)
		if err == nil || !strings.HasPrefix(err.Error(), "one of the following is required") {
			t.Errorf("error = %v, want image to be missing", err)
		}
	})
	t.Run("unknown parameters pass when Ansible says so", func(t *testing.T) {
		got, err := (&reading{}).read(sample, "sample", map[string]any{"name": "x", "image": "i", "new": 1}, true)
		if err != nil || got["new"] != nil {
			t.Errorf("validate = %v, %v; want it without new", got, err)
		}
	})
}
