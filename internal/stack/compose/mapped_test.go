package compose

import (
	"context"
	"errors"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"testing/fstest"

	"go.yaml.in/yaml/v3"
)

// withoutEffect are mapped keys that may be taken away without a difference, and
// why.
var withoutEffect = map[string]string{
	"name":                  "the call has one",
	"services.*.ports.mode": "both are one",
	"secrets.*.name":        "only of an external one",
	"configs.*.name":        "only of an external one",
	"services.*.networks.*.use_service_name_alias": "true is the default",
	"networks.*.external.name":                     "it is name",
	"volumes.*.external.name":                      "it is name",
	"configs.*.external.name":                      "it is name",
	"secrets.*.external.name":                      "it is name",
	"networks.*.ipam.driver":                       "default is the default",
	"networks.*.enable_ipv4":                       "true is the default",
}

// A key that the table calls mapped is in one of the archives, and without it
// there is another model, another note, or an error.
func TestKeys_that_are_mapped_make_a_difference(t *testing.T) {
	archives, err := filepath.Glob("testdata/stacks/*.txtar")
	if err != nil {
		t.Fatal(err)
	}
	made := map[string]bool{} // keys that make a difference
	seen := map[string]bool{}
	for _, path := range archives {
		a, in, files := readCase(t, path)
		whole, err := Load(context.Background(), in)
		if err != nil {
			continue
		}
		want := told(whole, err)
		for _, f := range a.Files {
			if filepath.Ext(f.Name) != ".yaml" || f.Name == "same.yaml" {
				continue
			}
			eachKey(t, f.Data, func(path string, without []byte) {
				if made[path] {
					return
				}
				seen[path] = true
				other := maps.Clone(files)
				other[f.Name] = &fstest.MapFile{Data: without}
				in.Read = FromFS(other)
				if got := told(Load(context.Background(), in)); !maps.Equal(got, want) {
					made[path] = true
				}
			})
		}
	}
	for _, k := range keys {
		switch {
		case k.what != mapped:
		case made[k.path] && withoutEffect[k.path] != "":
			t.Errorf("%s: it makes a difference, though it is said that %s", k.path, withoutEffect[k.path])
		case !seen[k.path] && withoutEffect[k.path] == "":
			t.Errorf("%s: no archive has it", k.path)
		case !made[k.path] && withoutEffect[k.path] == "":
			t.Errorf("%s: the table says that it is mapped, and it makes no difference", k.path)
		}
	}
}

// eachKey calls each with the path in the table of each key of a YAML text, and
// the text without it.
func eachKey(t *testing.T, text []byte, each func(path string, without []byte)) {
	t.Helper()
	var root yaml.Node
	if err := yaml.Unmarshal(text, &root); err != nil || len(root.Content) == 0 {
		return
	}
	var walk func(path string, n *yaml.Node)
	walk = func(path string, n *yaml.Node) {
		if n.Kind == yaml.SequenceNode {
			for _, item := range n.Content {
				walk(path, item)
			}
		}
		if n.Kind != yaml.MappingNode {
			return
		}
		for i := 0; i+1 < len(n.Content); i += 2 {
			k, v := n.Content[i], n.Content[i+1]
			below := strings.TrimPrefix(path+"."+k.Value, ".")
			if _, ok := treatments[below]; !ok {
				below = path + ".*"
			} else {
				before := n.Content
				n.Content = append(append([]*yaml.Node{}, before[:i]...), before[i+2:]...)
				without, err := yaml.Marshal(root.Content[0])
				if err != nil {
					t.Fatal(err)
				}
				n.Content = before
				each(below, without)
			}
			walk(below, v)
		}
	}
	walk("", root.Content[0])
}

// Keys that are refused or noted are found by their names in what compose-go has
// made, so that each is in one of two archives.
func TestKeys_that_are_not_mapped_are_told_of(t *testing.T) {
	for what, name := range map[treatment]string{refused: "12-every-refused-key", noted: "12-every-noted-key"} {
		data, err := os.ReadFile("testdata/stacks/" + name + ".txtar")
		if err != nil {
			t.Fatal(err)
		}
		files := archive(string(data))
		r, err := load(t, files)
		findings := r.Notes
		var wrong Errors
		if errors.As(err, &wrong) {
			findings = wrong
		}
		told := map[string]bool{}
		for _, f := range findings {
			path := regexp.MustCompile(`\[\d+\]`).ReplaceAllString(f.Key, "")
			path = regexp.MustCompile(`^((services\.)?networks|configs|secrets)\.(net|c|s)\b`).ReplaceAllString(path, "$1.*")
			told[map[bool]string{true: "services.*."}[f.Service != ""]+path] = true
		}
		for _, k := range keys {
			if k.what == what && !told[k.path] {
				t.Errorf("%s is %s, and nothing is said of it: %v", k.path, k.what, err)
			}
		}
	}
}
