package ansible

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"rundock/internal/fstree"
)

func TestRespond(t *testing.T) {
	ok := func(c Call) Result { return Result{Changed: true, Msg: "done"} }
	for _, c := range []struct {
		name, input string
		run         func(Call) Result
		want        string // exact, or with a trailing ... its beginning
		code        int
	}{
		{"a result is one line of JSON", `{"name":"x","image":"i"}`, ok, `{"changed":true,"msg":"done"}` + "\n", 0},
		{"a failure says failed, keeps what was done, and exits with 1", `{"name":"x","image":"i"}`,
			func(Call) Result { return Result{Changed: true, Msg: "half", Err: errors.New("disk full")} },
			`{"changed":true,"failed":true,"msg":"disk full"}` + "\n", 1},
		{"Ansible's own keys are accepted, unknown ones too", `{"name":"x","image":"i","_ansible_check_mode":true,"_ansible_brand_new":{"a":1},"_ansible_tmpdir":null}`,
			func(c Call) Result { return Result{Changed: c.Check} }, `{"changed":true}` + "\n", 0},
		{"Ansible's name of the module is in the message", `{"name":"x","image":"i","a":1,"_ansible_module_name":"org.rundock.sample"}`, ok,
			`{"changed":false,"failed":true,"msg":"Unsupported parameters for (org.rundock.sample) module: a. Supported...`, 1},
		{"the name core gives a module of the module path is not", `{"name":"x","image":"i","a":1,"_ansible_module_name":"ansible.legacy.sample"}`, ok,
			`{"changed":false,"failed":true,"msg":"Unsupported parameters for (sample) module: a. Supported...`, 1},
		{"diff is returned when asked for", `{"name":"x","image":"i","_ansible_diff":true}`,
			func(Call) Result { return Result{Diff: []fstree.Diff{{Before: "a", After: "<b>"}}} },
			`{"changed":false,"diff":[{"before":"a","after":"<b>","before_header":"","after_header":""}]}` + "\n", 0},
		{"diff is left out when not", `{"name":"x","image":"i"}`,
			func(Call) Result { return Result{Diff: []fstree.Diff{{Before: "a"}}} }, `{"changed":false}` + "\n", 0},
		{"a panic is a failure in JSON", `{"name":"x","image":"i"}`, func(Call) Result { panic("boom") },
			`{"changed":false,"exception":"goroutine ...`, 1},
		{"invalid UTF-8 is replaced", `{"name":"x","image":"i"}`, func(Call) Result { return Result{Msg: "a\xffb"} },
			`{"changed":false,"msg":"a\ufffdb"}` + "\n", 0},
		{"secrets are masked wherever they are", `{"name":"x","image":"i","password":"hunter2","_ansible_diff":true,"_ansible_inject_invocation":true}`,
			func(c Call) Result {
				return Result{Err: errors.New("login with hunter2 failed"), Warnings: []string{"hunter2"}, Diff: []fstree.Diff{{After: "x=hunter2\n"}}}
			},
			`{"changed":false,"diff":[{"after":"x=********\n","after_header":"","before":"","before_header":""}],"failed":true,` +
				`"invocation":{"module_args":{"force":false,"image":"i","name":"x","password":"VALUE_SPECIFIED_IN_NO_LOG_PARAMETER","state":"present"}},` +
				`"msg":"login with ******** failed","warnings":["VALUE_SPECIFIED_IN_NO_LOG_PARAMETER"]}` + "\n", 1},
		{"a secret in a refused call is masked as well", `{"name":"x","image":"hunter2","build":"b","state":"hunter2","password":"hunter2"}`, ok,
			`{"changed":false,"failed":true,"msg":"parameters are mutually exclusive: image|build"}` + "\n", 1},
		{"what is not JSON is refused", `name=x`, ok, `{"changed":false,"failed":true,"msg":"read arguments: they are not one JSON object: ...`, 1},
		{"nothing is refused", ``, ok, `{"changed":false,"failed":true,"msg":"read arguments: they are not one JSON object: EOF"}` + "\n", 1},
		{"null is refused", `null`, ok, `{"changed":false,"failed":true,"msg":"read arguments: they are not one JSON object"}` + "\n", 1},
		{"a bracket too many is refused", `{}}`, ok, `{"changed":false,"failed":true,"msg":"read arguments: they are not one JSON object: something...`, 1},
		{"two objects are refused", `{} {}`, ok, `{"changed":false,"failed":true,"msg":"read arguments: they are not one JSON object: something...`, 1},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, code := respond(sample, []byte(c.input), nil, c.run)
			want, prefix := strings.CutSuffix(c.want, "...")
			if prefix && strings.HasPrefix(string(got), want) {
				got = []byte(want)
			}
			if strings.ReplaceAll(string(got), "\ufffd", `\ufffd`) != want || code != c.code {
				t.Errorf("respond(%s)\n got  %d %s\n want %d %s", c.input, code, got, c.code, want)
			}
			if strings.Count(string(got), "\n") > 1 {
				t.Errorf("more than one line: %s", got)
			}
		})
	}
}

func TestRespondTellsOfDeprecationsAndWarnings(t *testing.T) {
	ok := func(Call) Result {
		return Result{Warnings: []string{"of the module"}, Deprecations: []Deprecation{{Msg: "of the module", Version: "9"}}}
	}
	spec := old
	spec.Collection = "org.rundock"
	for _, c := range []struct{ name, input, want string }{
		{"of parameters and aliases, then the module's own", `{"name":"/x","path":"/y","force":true,"api":{"uri":"u"}}`,
			`{"changed":false,"deprecations":[` +
				`{"msg":"Alias 'name' is deprecated. See the module docs for more information","version":"2.0.0","collection_name":"org.rundock"},` +
				`{"msg":"Param 'force' is deprecated. See the module docs for more information","version":"3.0.0","collection_name":"org.rundock"},` +
				`{"msg":"Alias 'api.uri' is deprecated. See the module docs for more information","date":"2027-02-02","collection_name":"org.rundock"},` +
				`{"msg":"of the module","version":"9"}],"warnings":["Both option path and its alias name are set.","of the module"]}`},
		{"also in a refused call", `{"mode":1,"force":"maybe"}`,
			`{"changed":false,"deprecations":[` +
				`{"msg":"Param 'force' is deprecated. See the module docs for more information","version":"3.0.0","collection_name":"org.rundock"},` +
				`{"msg":"Param 'mode' is deprecated. See the module docs for more information","date":"2027-01-01","collection_name":"org.rundock"}],` +
				`"failed":true,"msg":"argument 'force' is of type <class 'str'> and we were unable to convert to bool: The value 'maybe' is not a valid boolean.  ` +
				`Valid booleans include: 'y', 'yes', 'on', '1', 'true', 't', 1, 'n', 'no', 'off', '0', 'false', 'f', 0"}`},
	} {
		t.Run(c.name, func(t *testing.T) {
			spec := spec
			spec.Params = spec.Params[:len(spec.Params)-1] // no secret, whose removal would sort the fields
			if got, _ := respond(spec, []byte(c.input), nil, ok); strings.TrimSpace(string(got)) != c.want {
				t.Errorf("respond(%s)\n got  %s\n want %s", c.input, got, c.want)
			}
		})
	}
}

func TestUnknownSuboptionsPassWhenAnsibleSaysSo(t *testing.T) {
	var got map[string]any
	output, code := respond(nested, []byte(`{"nam":"x","announces":[{"port":80,"prot":"tcp"}],"_ansible_ignore_unknown_opts":true}`), nil,
		func(c Call) Result { return Result{Err: c.Decode(&got)} })
	if code != 0 || compact(got) != `{"announces":[{"as":"private","port":80}],"log":{"keep":10}}` {
		t.Errorf("read %s (%s), want the known ones", compact(got), output)
	}
}

func TestEnvironmentAmongTheArgumentsIsSet(t *testing.T) {
	t.Setenv("RUNDOCK_TEST", "") // put back at the end
	var got string
	respond(sample, []byte(`{"name":"x","image":"i","_ansible_environment":{"RUNDOCK_TEST":"a 'b'\n"}}`), nil, func(Call) Result {
		got = os.Getenv("RUNDOCK_TEST")
		return Result{}
	})
	if want := "a 'b'\n"; got != want {
		t.Errorf("the module sees %q, want %q", got, want)
	}
	refused, _ := respond(sample, []byte(`{"name":"x","image":"i","_ansible_environment":{"A=B":"c"}}`), nil, nil)
	if !strings.Contains(string(refused), `set \"A=B\" of the task's environment`) {
		t.Errorf("a name that cannot be: %s", refused)
	}
}

func TestArguments(t *testing.T) {
	file := filepath.Join(t.TempDir(), "args")
	if err := os.WriteFile(file, []byte(`{"a":1}`), 0o600); err != nil {
		t.Fatal(err)
	}
	never := readerFunc(func([]byte) (int, error) {
		t.Error("stdin is read although there is a file")
		return 0, errors.New("read")
	})
	if got, err := arguments([]string{file}, never); err != nil || string(got) != `{"a":1}` {
		t.Errorf("from a file: %s, %v", got, err)
	}
	if got, err := arguments(nil, strings.NewReader(`{"b":2}`)); err != nil || string(got) != `{"b":2}` {
		t.Errorf("from stdin: %s, %v", got, err)
	}
	if _, err := arguments([]string{file + ".gone"}, never); err == nil || !strings.Contains(err.Error(), file+".gone") {
		t.Errorf("error = %v, want one that names the file", err)
	}
	if _, err := arguments([]string{"a", "b"}, never); err == nil {
		t.Error("two words are accepted, want an error")
	}
}

type readerFunc func([]byte) (int, error)

func (f readerFunc) Read(p []byte) (int, error) { return f(p) }

func TestCallDecode(t *testing.T) {
	var got struct {
		Name string `json:"name"`
		Port int    `json:"port"`
		Kept string `json:"user"`
	}
	got.Kept = "before"
	var given bool
	respond(sample, []byte(`{"name":"x","port":"80"}`), nil, func(c Call) Result {
		if err := c.Decode(&got); err != nil {
			t.Error(err)
		}
		given = c.Given("port") && !c.Given("image")
		return Result{}
	})
	if got.Name != "x" || got.Port != 80 || got.Kept != "before" || !given {
		t.Errorf("decoded %+v, given %v", got, given)
	}
}

func TestAbout(t *testing.T) {
	for _, c := range []struct {
		args string
		want []string // nil: this is not for a person
	}{
		{"--version", []string{"sample development\n"}},
		{"--help", []string{"usage: sample [FILE]\n", "ansible-doc sample"}},
		{"-h", []string{"usage: sample"}},
		{"/tmp/arguments.json", nil},
		{"", nil},
		{"--help more", nil},
	} {
		got, ok := about(sample, strings.Fields(c.args))
		if ok != (c.want != nil) {
			t.Errorf("%q: %q, %v", c.args, got, ok)
		}
		for _, want := range c.want {
			if !strings.Contains(got, want) {
				t.Errorf("%q says %q, want %q in it", c.args, got, want)
			}
		}
	}
}
