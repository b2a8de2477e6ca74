package hostconfig

import (
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
)

func TestLoadInventory(t *testing.T) {
	path := filepath.Join(t.TempDir(), "inventory.json")
	if i, err := LoadInventory(path); err != nil || !reflect.DeepEqual(i, Inventory{}) {
		t.Errorf("where there is none: %+v, %v", i, err)
	}
	for data, want := range map[string]string{
		`{"version":1,"name":"node-1","groups":["back"],"labels":{"zone":"a"},"later":1}`: "",
		`{"version":2}`: "version is 2, this release reads 1",
		`{"labels":[]}`: path,
	} {
		if err := os.WriteFile(path, []byte(data), 0o600); err != nil {
			t.Fatal(err)
		}
		i, err := LoadInventory(path)
		if want != "" {
			if err == nil || !strings.Contains(err.Error(), want) {
				t.Errorf("%s: %v, want %q", data, err, want)
			}
			continue
		}
		if err != nil || !reflect.DeepEqual(i, Inventory{1, "node-1", []string{"back"}, map[string]string{"zone": "a"}}) {
			t.Errorf("%s: %+v, %v", data, i, err)
		}
	}
}
