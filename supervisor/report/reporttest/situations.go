package reporttest

import (
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/tools/txtar"
)

var update = flag.Bool("update", false, "write the golden files anew")

// Situations compares each golden file of a folder with what is told of its
// file facts, as JSON too where the golden file has that.
func Situations(t *testing.T, dir string, tell func(t *testing.T, facts []byte, withJSON bool) *txtar.Archive) {
	files, _ := filepath.Glob(dir + "/*.txtar")
	if len(files) == 0 {
		t.Fatal("no situations")
	}
	for _, path := range files {
		t.Run(strings.TrimSuffix(filepath.Base(path), ".txtar"), func(t *testing.T) {
			golden, err := txtar.ParseFile(path)
			if err != nil {
				t.Fatal(err)
			}
			var facts []byte
			withJSON := false
			for _, f := range golden.Files {
				if f.Name == "facts" {
					facts = f.Data
				}
				withJSON = withJSON || strings.HasSuffix(f.Name, ".json")
			}
			got := tell(t, facts, withJSON)
			got.Comment = golden.Comment
			got.Files = append([]txtar.File{{Name: "facts", Data: facts}}, got.Files...)
			if *update {
				if err := os.WriteFile(path, txtar.Format(got), 0o644); err != nil {
					t.Fatal(err)
				}
				return
			}
			if g, w := string(txtar.Format(got)), string(txtar.Format(golden)); g != w {
				t.Errorf("differs from %s (-update writes it anew):\n%s", path, g)
			}
		})
	}
}

// Merge puts facts over what into has.
func Merge(t *testing.T, facts []byte, into any) {
	t.Helper()
	dec := json.NewDecoder(strings.NewReader(string(facts)))
	dec.DisallowUnknownFields()
	if err := dec.Decode(into); err != nil {
		t.Fatalf("facts: %v", err)
	}
}
