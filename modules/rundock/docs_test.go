package main

import (
	"bytes"
	"encoding/json"
	"flag"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"rundock/internal/ansible"
	"rundock/internal/ansible/stub"
)

var update = flag.Bool("update", false, "write the documentation that ansible-doc reads")

// stubFile is what ansible-doc reads, under the name that the tasks use.
var stubFile = filepath.Join("..", "..", "playbooks", "plugins", "modules", "rundock.py")

func TestDocsStub(t *testing.T) {
	const generator = "go test ./modules/rundock -run TestDocsStub -update"
	want, err := stub.Python(parameters, generator)
	if err != nil {
		t.Fatal(err)
	}
	if *update {
		must(t, os.MkdirAll(filepath.Dir(stubFile), 0o755))
		must(t, os.WriteFile(stubFile, want, 0o644))
	}
	got, err := os.ReadFile(stubFile)
	if err != nil || !bytes.Equal(got, want) {
		t.Errorf("%s is stale (%v): run %s", stubFile, err, generator)
	}
}

// ansible-doc, called in the checkout, has to show every parameter as the
// module reads it, and to list modules without stumbling over a binary.
func TestAnsibleDocShowsTheModule(t *testing.T) {
	if _, err := exec.LookPath("ansible-doc"); err != nil {
		t.Skip("ansible is not installed")
	}
	ansibleDoc := func(args ...string) []byte {
		t.Helper()
		cmd := exec.Command("ansible-doc", append([]string{"-t", "module"}, args...)...)
		cmd.Dir = filepath.Join("..", "..")
		cmd.Env = append(os.Environ(), "HOME="+t.TempDir(), "ANSIBLE_CONFIG=ansible.cfg", "ANSIBLE_NOCOLOR=1")
		var stderr bytes.Buffer
		cmd.Stderr = &stderr
		out, err := cmd.Output()
		if err != nil || strings.Contains(stderr.String(), "rundock") {
			t.Fatalf("ansible-doc %q: %v\n%s", args, err, &stderr)
		}
		return out
	}
	if list := string(ansibleDoc("-l")); !strings.Contains(list, "rundock") || !strings.Contains(list, parameters.Short[:30]) {
		t.Errorf("ansible-doc -l does not list rundock as %q", parameters.Short)
	}
	if text := string(ansibleDoc("rundock")); !strings.Contains(text, "EXAMPLES") || !strings.Contains(text, "RETURN VALUES") {
		t.Errorf("ansible-doc rundock shows no examples or return values:\n%s", text)
	}
	var shown map[string]struct {
		Doc    struct{ Options map[string]option }
		Return map[string]any
	}
	if err := json.Unmarshal(ansibleDoc("-j", "rundock"), &shown); err != nil {
		t.Fatal(err)
	}
	compareOptions(t, "", parameters.Params, shown["rundock"].Doc.Options)
	if len(shown["rundock"].Return) != len(returned) {
		t.Errorf("ansible-doc shows %d returned values, want %d", len(shown["rundock"].Return), len(returned))
	}
}

// A copied example must not be refused for its parameters.
func TestExamplesUseParametersThatThereAre(t *testing.T) {
	cmd := exec.Command("/usr/bin/python3", "-c", "import json, sys, yaml; print(json.dumps(yaml.safe_load(sys.stdin)))")
	cmd.Stdin = strings.NewReader(examples)
	out, err := cmd.Output()
	if err != nil {
		t.Skipf("python3-yaml, which comes with ansible, is not installed: %v", err)
	}
	var tasks []struct {
		Name    string
		Rundock map[string]any
	}
	must(t, json.Unmarshal(out, &tasks))
	for _, task := range tasks {
		if task.Name == "" || len(task.Rundock) == 0 {
			t.Errorf("an example has no name or calls another module: %+v", task)
		}
		checkExample(t, task.Name, "", parameters.Params, task.Rundock)
	}
}

func checkExample(t *testing.T, task, prefix string, params []ansible.Param, given map[string]any) {
	for name, v := range given {
		i := slices.IndexFunc(params, func(p ansible.Param) bool { return p.Name == name })
		if i < 0 {
			t.Errorf("example %q has %s%s, which is no parameter", task, prefix, name)
			continue
		}
		p := params[i]
		if text, ok := v.(string); ok && p.Choices != nil && !slices.Contains(p.Choices, text) {
			t.Errorf("example %q has %s%s: %s, want one of %q", task, prefix, name, text, p.Choices)
		}
		elements, ok := v.([]any)
		if !ok {
			elements = []any{v}
		}
		for _, e := range elements {
			if dict, ok := e.(map[string]any); ok && p.Options != nil {
				checkExample(t, task, prefix+name+".", p.Options, dict)
			}
		}
	}
}

// option is a parameter in the JSON of ansible-doc.
type option struct {
	Description []string
	Type        string
	Elements    string
	Required    bool
	Default     any
	Choices     []string
	Aliases     []string
	Suboptions  map[string]option
}

func compareOptions(t *testing.T, prefix string, want []ansible.Param, got map[string]option) {
	if len(got) != len(want) {
		t.Errorf("ansible-doc shows %d parameters in %q, want %d", len(got), prefix, len(want))
	}
	for _, p := range want {
		o := got[p.Name]
		if p.Type == "" {
			p.Type = ansible.Str
		}
		wanted, err := json.Marshal([]any{p.Type, p.Elements, p.Required, p.Default, append([]string{}, p.Choices...), append([]string{}, p.Aliases...)})
		must(t, err)
		shown, err := json.Marshal([]any{o.Type, o.Elements, o.Required, o.Default, append([]string{}, o.Choices...), append([]string{}, o.Aliases...)})
		must(t, err)
		if !bytes.Equal(wanted, shown) {
			t.Errorf("ansible-doc shows %s%s as %s, want %s", prefix, p.Name, shown, wanted)
		}
		if len(o.Description) < len(p.Description) || o.Description[0] != p.Description[0] {
			t.Errorf("ansible-doc describes %s%s as %q, want %q", prefix, p.Name, o.Description, p.Description)
		}
		compareOptions(t, prefix+p.Name+".", p.Options, o.Suboptions)
	}
}
