package compose

import (
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/compose-spec/compose-go/v2/schema"
)

var update = flag.Bool("update", false, "write the table of docs/stacks.md and the golden files anew")

const page = "../../../docs/stacks.md"

// schemaKeys are the paths of all keys of the specification's schema, as the
// table writes them.
func schemaKeys(t *testing.T) []string {
	t.Helper()
	var root map[string]any
	if err := json.Unmarshal([]byte(schema.Schema), &root); err != nil {
		t.Fatal(err)
	}
	definitions := root["$defs"].(map[string]any)
	found := map[string]bool{}
	var walk func(path string, node map[string]any, depth int)
	walk = func(path string, node map[string]any, depth int) {
		if depth > 30 {
			t.Fatalf("%s: the schema has no end", path)
		}
		below := func(name string) string { return strings.TrimPrefix(path+"."+name, ".") }
		if ref, ok := node["$ref"].(string); ok {
			walk(path, definitions[strings.TrimPrefix(ref, "#/$defs/")].(map[string]any), depth+1)
		}
		for _, choice := range []string{"oneOf", "anyOf", "allOf"} {
			list, _ := node[choice].([]any)
			for _, one := range list {
				walk(path, one.(map[string]any), depth+1)
			}
		}
		if items, ok := node["items"].(map[string]any); ok {
			walk(path, items, depth+1)
		}
		properties, _ := node["properties"].(map[string]any)
		for name, property := range properties {
			found[below(name)] = true
			walk(below(name), property.(map[string]any), depth+1)
		}
		patterns, _ := node["patternProperties"].(map[string]any)
		for pattern, property := range patterns {
			if pattern != "^x-" {
				walk(below("*"), property.(map[string]any), depth+1)
			}
		}
		if others, ok := node["additionalProperties"].(map[string]any); ok {
			walk(below("*"), others, depth+1)
		}
	}
	walk("", root, 0)
	return sortedKeys(found)
}

func TestKeys_are_all_of_the_specification(t *testing.T) {
	listed := map[string]bool{}
	for i, k := range keys {
		if listed[k.path] {
			t.Errorf("%s is listed twice", k.path)
		}
		listed[k.path] = true
		if k.how == "" || !slices.Contains([]treatment{mapped, noted, refused}, k.what) {
			t.Errorf("keys[%d], %s: what becomes of it is missing", i, k.path)
		}
	}
	all := schemaKeys(t)
	if len(all) < 250 {
		t.Fatalf("the schema has %d keys, which cannot be all", len(all))
	}
	inSchema := map[string]bool{}
	for _, path := range all {
		inSchema[path] = true
		if !listed[path] && !listed[wholeAbove(path)] {
			t.Errorf("%s is neither mapped, noted nor refused", path)
		}
	}
	for path := range listed {
		if !inSchema[path] {
			t.Errorf("%s is no key of the specification", path)
		}
	}
}

// wholeAbove is the key that path is below of and that stands for all below it.
func wholeAbove(path string) string {
	for {
		i := strings.LastIndexByte(path, '.')
		if i < 0 {
			return ""
		}
		path = path[:i]
		if k, ok := treatments[path]; ok && k.what != mapped {
			return path
		}
	}
}

// The table of docs/stacks.md is written from the code by
//
//	go test ./internal/stack/compose -run TestPage -update
func TestPage_lists_the_keys_as_they_are(t *testing.T) {
	data, err := os.ReadFile(page)
	if err != nil {
		t.Fatal(err)
	}
	const begin, end = "<!-- keys -->\n", "<!-- end of keys -->\n"
	before, rest, ok := strings.Cut(string(data), begin)
	old, after, closed := strings.Cut(rest, end)
	if !ok || !closed {
		t.Fatalf("%s has no table between %q and %q", page, begin, end)
	}
	table := keyTable()
	if old == table {
		return
	}
	if !*update {
		t.Fatalf("%s: the table of keys is not what the code says; write it anew with -update", page)
	}
	if err := os.WriteFile(page, []byte(before+begin+table+end+after), 0o644); err != nil {
		t.Fatal(err)
	}
}

func keyTable() string {
	var b strings.Builder
	list := slices.Clone(keys)
	slices.SortFunc(list, func(a, b key) int {
		if a, b := strings.HasPrefix(a.path, "services"), strings.HasPrefix(b.path, "services"); a != b {
			if a {
				return 1
			}
			return -1
		}
		return strings.Compare(a.path, b.path)
	})
	for i, k := range list {
		if i == 0 || strings.HasPrefix(k.path, "services") && !strings.HasPrefix(list[i-1].path, "services") {
			fmt.Fprintf(&b, "%s\n| Key | What becomes of it | How, or why |\n|---|---|---|\n", map[bool]string{true: "### At the top level\n", false: "\n### Of a service\n"}[i == 0])
		}
		if k.path == "services" {
			continue
		}
		what := string(k.what)
		if k.what == refused {
			what = "**refused**"
		}
		fmt.Fprintf(&b, "| `%s` | %s | %s |\n", strings.ReplaceAll(strings.TrimPrefix(k.path, "services.*."), "|", `\|`), what, strings.ReplaceAll(k.how, "|", `\|`))
	}
	return b.String()
}
