package lab

import (
	"flag"
	"os"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "rewrite golden files")

func TestInventory(t *testing.T) {
	for name, dir := range map[string]string{"testdata/inventory.golden": "/src/rundock/.lab", "testdata/inventory-blank.golden": "/home/a user/.lab", "testdata/inventory-plain.golden": "/src/rundock/.lab"} {
		got := inventory(dir, strings.HasSuffix(name, "-plain.golden"), withAddresses(plan("rd", 3)))
		if *update {
			if err := os.WriteFile(name, []byte(got), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		want, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		if got != string(want) {
			t.Errorf("inventory in %s is\n%s\nwant (%s)\n%s", dir, got, name, want)
		}
	}
}
