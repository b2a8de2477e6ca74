package container

import (
	"encoding/json"
	"slices"
	"testing"

	"github.com/docker/docker/api/types/container"
)

func TestState_lacks_networks_that_the_container_was_taken_off(t *testing.T) {
	for what, c := range map[string]struct {
		has            string // Networks, as dockerd says it
		settings, want []string
	}{
		"none":                  {`{}`, []string{"bridge", "n1"}, []string{"bridge", "n1"}},
		"one of two":            {`{"bridge": {"NetworkID": "0f1e2d", "IPAddress": "172.17.0.2"}}`, []string{"bridge", "n1"}, []string{"n1"}},
		"all, and one more":     {`{"n1": {"NetworkID": "0f"}, "bridge": {"NetworkID": "1f"}, "other": {"NetworkID": "2f"}}`, []string{"bridge", "n1"}, nil},
		"one without addresses": {`{"n1": {"NetworkID": "0f1e2d"}}`, []string{"n1"}, nil},
		"one named by its id":   {`{"n1": {"NetworkID": "0f1e2d"}}`, []string{"0f1e"}, nil},
		"none is wanted":        {`{}`, nil, nil},
	} {
		var r container.InspectResponse
		if err := json.Unmarshal([]byte(`{"Name": "/web", "Config": {}, "HostConfig": {}, "NetworkSettings": {"Networks": `+c.has+`}}`), &r); err != nil {
			t.Fatal(err)
		}
		if got := stateOf(r).Lacks(c.settings); !slices.Equal(got, c.want) {
			t.Errorf("%s: lacks %q, want %q", what, got, c.want)
		}
	}
}
