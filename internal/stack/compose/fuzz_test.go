package compose

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"golang.org/x/tools/txtar"
)

// FuzzLoad holds that no file brings the reader down, and that what loads has
// a model that is read again as it was written.
func FuzzLoad(f *testing.F) {
	archives, err := filepath.Glob("testdata/stacks/*.txtar")
	if err != nil {
		f.Fatal(err)
	}
	for _, path := range archives {
		data, err := os.ReadFile(path)
		if err != nil {
			f.Fatal(err)
		}
		for _, file := range txtar.Parse(data).Files {
			if file.Name == "compose.yaml" {
				f.Add(file.Data)
			}
		}
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		files := fstest.MapFS{"compose.yaml": {Data: data}}
		r, err := Load(context.Background(), Input{Name: "shop", Files: []string{"compose.yaml"}, Read: FromFS(files), Key: testKey})
		var wrong Errors
		switch {
		case err != nil && !errors.As(err, &wrong):
			t.Errorf("%q: %v", data, err)
		case err == nil && len(r.Stack.Services) == 0:
			t.Errorf("%q loads, with no service", data)
		}
	})
}

// FuzzVariables holds that what compose-go refuses for want of a variable is
// found before.
func FuzzVariables(f *testing.F) {
	for _, s := range []string{"$A", "${A}", "${A:?why}", "${SET:-${A?}}", "$${A}", "${EMPTY:?no}", "${A:+${B?}}", "{${A-}}"} {
		f.Add(s)
	}
	env := map[string]string{"SET": "x", "EMPTY": ""}
	f.Fuzz(func(t *testing.T, s string) {
		lookup := scope{env: env}.lookup
		found := unsetVariables(s, lookup)
		_, err := substitute(s, lookup)
		if err != nil && strings.HasPrefix(err.Error(), "required variable") && !slices.ContainsFunc(found, func(u unset) bool { return u.required }) {
			t.Errorf("%q: compose-go says %v, and none is found: %v", s, err, found)
		}
	})
}
