package moduletest

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

// Stub compares what ansible-doc reads with what the module does; -update
// writes it anew.
func Stub(t *testing.T, spec ansible.Spec) {
	stubFile := filepath.Join("..", "..", "playbooks", "plugins", "modules", spec.Module+".py")
	generator := "go test ./modules/" + spec.Module + " -run TestDocsStub -update"
	want, err := stub.Python(spec, generator)
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

// AnsibleDoc has ansible-doc, called in the checkout, show every parameter as
// the module reads it, and list modules without stumbling over a binary.
func AnsibleDoc(t *testing.T, spec ansible.Spec) {
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
	if list := string(ansibleDoc("-l")); !strings.Contains(list, spec.Module) || !strings.Contains(list, spec.Short[:30]) {
		t.Errorf("ansible-doc -l does not list %s as %q", spec.Module, spec.Short)
	}
	if text := string(ansibleDoc(spec.Module)); !strings.Contains(text, "EXAMPLES") || !strings.Contains(text, "RETURN VALUES") {
		t.Errorf("ansible-doc %s shows no examples or return values:\n%s", spec.Module, text)
	}
	var shown map[string]struct {
		Doc    struct{ Options map[string]option }
		Return map[string]any
	}
	if err := json.Unmarshal(ansibleDoc("-j", spec.Module), &shown); err != nil {
		t.Fatal(err)
	}
	compareOptions(t, "", spec.Params, shown[spec.Module].Doc.Options)
	if len(shown[spec.Module].Return) != len(spec.Returns) {
		t.Errorf("ansible-doc shows %d returned values, want %d", len(shown[spec.Module].Return), len(spec.Returns))
	}
}

// Examples fails for one that would be refused for its parameters, when copied.
func Examples(t *testing.T, spec ansible.Spec) {
	cmd := exec.Command("/usr/bin/python3", "-c", "import json, sys, yaml; print(json.dumps(yaml.safe_load(sys.stdin)))")
	cmd.Stdin = strings.NewReader(spec.Examples)
	out, err := cmd.Output()
	if err != nil {
		t.Skipf("python3-yaml, which comes with ansible, is not installed: %v", err)
	}
	var tasks []map[string]any
	must(t, json.Unmarshal(out, &tasks))
	for _, task := range tasks {
		name, _ := task["name"].(string)
		given, _ := task[spec.Module].(map[string]any)
		if name == "" || len(given) == 0 {
			t.Errorf("an example has no name or calls another module: %+v", task)
		}
		checkExample(t, name, "", spec.Params, given)
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

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
