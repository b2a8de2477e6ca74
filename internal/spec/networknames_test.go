package spec

import (
	"strings"
	"testing"
)

func TestNetworkNames(t *testing.T) {
	for args, want := range map[string]string{
		"":                           "bridge",
		"--network bridge":           "bridge",
		"--network default":          "bridge",
		"--network n1":               "n1",
		"--network n1 --network n2":  "n1 n2",
		"--network n1 --ip 10.0.0.2": "n1",
		"--network host":             "",
		"--network none":             "",
		"--network container:web":    "",
		"--hostname a --mac-address 02:42:ac:11:00:02": "bridge",
	} {
		c, err := ParseArgs(args)
		if err != nil {
			t.Errorf("%s: %v", args, err)
		} else if got := strings.Join(c.NetworkNames(), " "); got != want {
			t.Errorf("%q: in %q, want %q", args, got, want)
		}
	}
}
