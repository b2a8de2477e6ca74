package spec

import (
	"fmt"
	"testing"
)

func TestShares(t *testing.T) {
	for args, want := range map[string]string{
		"":                "[]",
		"--network apps":  "[]",
		"--network host":  "[]",
		"--network none":  "[]",
		"--ipc shareable": "[]",
		"--pid host":      "[]",
		"--network container:web --ipc container:db --pid container:web": "[{network web} {ipc db} {pid web}]",
		"--volumes-from data:ro --volumes-from more":                     "[{volumes data} {volumes more}]",
	} {
		c, err := ParseArgs(args)
		if err != nil {
			t.Fatal(err)
		}
		if got := fmt.Sprint(c.Shares()); got != want {
			t.Errorf("Shares of %q = %s, want %s", args, got, want)
		}
	}
}
