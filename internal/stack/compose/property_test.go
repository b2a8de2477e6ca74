package compose

import (
	"bytes"
	"context"
	"encoding/json"
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"testing/fstest"

	"go.yaml.in/yaml/v3"
)

func readable(data []byte) string {
	var b bytes.Buffer
	if err := json.Indent(&b, data, "", "  "); err != nil {
		panic(err)
	}
	return b.String() + "\n"
}

// The order of keys in the files means nothing.
func TestKeysReordered_make_the_same_model(t *testing.T) {
	archives, err := filepath.Glob("testdata/stacks/*.txtar")
	if err != nil {
		t.Fatal(err)
	}
	random := rand.New(rand.NewPCG(1, 2))
	compared := 0
	for _, path := range archives {
		a, in, files := readCase(t, path)
		shuffled := maps.Clone(files)
		for _, f := range a.Files {
			if filepath.Ext(f.Name) == ".yaml" {
				shuffled[f.Name] = &fstest.MapFile{Data: reordered(t, f.Data, random)}
			}
		}
		want, err := Load(context.Background(), in)
		if err != nil {
			continue
		}
		in.Read = FromFS(shuffled)
		got, err := Load(context.Background(), in)
		if err != nil || got.Stack.Hash() != want.Stack.Hash() {
			t.Errorf("%s: with its keys in another order, %v:\n%s\nis\n%s", path, err, want.Stack.JSON(), got.Stack.JSON())
		}
		compared++
	}
	if compared < 10 {
		t.Fatalf("%d stacks were compared", compared)
	}
}

// reordered is a YAML text with the keys of its mappings in another order.
func reordered(t *testing.T, text []byte, random *rand.Rand) []byte {
	t.Helper()
	documents, err := parseDocuments(text)
	if err != nil {
		return text // as the one with two keys of one name
	}
	var shuffle func(n *yaml.Node)
	shuffle = func(n *yaml.Node) {
		for _, c := range n.Content {
			shuffle(c)
		}
		if n.Kind == yaml.MappingNode {
			random.Shuffle(len(n.Content)/2, func(i, j int) {
				for k := range 2 {
					n.Content[2*i+k], n.Content[2*j+k] = n.Content[2*j+k], n.Content[2*i+k]
				}
			})
		}
	}
	for _, d := range documents {
		shuffle(d)
	}
	out, err := writeDocuments(documents)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// FuzzRewrite holds that whatever a file is, rewriting ends, leaves no hint in
// an environment and makes no v1 file of what it has rewritten; and that the
// result is YAML that reads the same again.
func FuzzRewrite(f *testing.F) {
	for _, path := range []string{"testdata/cases/classic/nodes.yml", "testdata/cases/classic/redmine.yml", "testdata/cases/docker-compose-1.29.2/v1-config/docker-compose.yml"} {
		data, err := os.ReadFile(path)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(data)
	}
	f.Add([]byte("x: &x\n  environment: {\"constraint:node\": \"=a\"}\nservices:\n  web:\n    <<: *x\n    links: a:b\n"))
	f.Add([]byte("0:\n  &0: 0000"))
	f.Add([]byte("0::"))
	f.Add([]byte{})
	f.Add([]byte("web: {image: a, net: \"container:web\", volumes_from: web, dockerfile: x, log_driver: none}\n"))
	f.Fuzz(func(t *testing.T, data []byte) {
		documents, err := parseDocuments(data)
		if err != nil || len(documents) == 0 {
			return
		}
		p := &project{files: map[string]*file{"f": {name: "f", documents: documents}}}
		p.rewrite("f", p.servicesIn([]string{"f"}))
		for _, root := range p.files["f"].documents {
			if at(root, "services") != nil && isV1(root) {
				t.Errorf("%q is a v1 file still", data)
			}
			entries(at(root, "services"), func(_, service *yaml.Node) {
				environment := at(service, "environment")
				if environment == nil {
					return
				}
				for _, n := range environment.Content {
					if environment.Kind == yaml.SequenceNode && n.Kind == yaml.ScalarNode && isHint(n.Value) {
						t.Errorf("%q: a hint is left: %s", data, n.Value)
					}
				}
			})
		}
		text, err := writeDocuments(p.files["f"].documents)
		if err != nil {
			t.Fatalf("%q is written: %v", data, err)
		}
		again, err := parseDocuments(text)
		if err != nil {
			t.Fatalf("%q is rewritten as %q, which is not YAML: %v", data, text, err)
		}
		if len(again) != len(p.files["f"].documents) {
			t.Fatalf("%q is rewritten as %q, of %d documents", data, text, len(again))
		}
		for i, root := range p.files["f"].documents {
			if !sameNodes(root, again[i]) {
				t.Errorf("%q is rewritten as %q, which reads otherwise", data, text)
			}
		}
	})
}

// sameNodes reports whether two nodes say the same, however they are written.
func sameNodes(a, b *yaml.Node) bool {
	return a.Kind == b.Kind && a.ShortTag() == b.ShortTag() && a.Value == b.Value && slices.EqualFunc(a.Content, b.Content, sameNodes)
}
