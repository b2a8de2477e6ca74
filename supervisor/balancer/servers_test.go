package balancer

import (
	"encoding/json"
	"fmt"
	"testing"

	"rundock/internal/await"
)

// Who asks why an instance gets no requests is told what HAProxy's check found, by
// the store and by the load balancer's own status.
func TestInstances_stand_as_HAProxy_says(t *testing.T) {
	f := newField(t, 1)
	well, gone := f.app("blue-1", 0), f.app("blue-2", 0)
	f.announce("node-1-blue", "blue", well.at)
	f.announce("node-2-blue", "blue", gone.at)
	f.first()
	says := func(what, status string) {
		t.Helper()
		want := map[string]string{well.at: "UP"}
		if status != "" {
			want[gone.at] = status
		}
		text, err := json.Marshal(want)
		if err != nil {
			t.Fatal(err)
		}
		await.Empty(t, what, func() string {
			ack, err := json.Marshal(f.view().Acks["front-1"].Servers)
			if err != nil {
				return err.Error()
			}
			status, err := json.Marshal(f.balancers[0].read().Services["shop"].Backends["shop-blue"].Instances)
			if err != nil {
				return err.Error()
			}
			if string(ack) != string(text) || string(status) != string(text) {
				return fmt.Sprintf("the store says %s, and the status %s; want %s", ack, status, text)
			}
			return ""
		})
	}
	says("both are up", "UP")
	gone.stop()
	says("one is down", "DOWN, L4CON Connection refused")
	f.withdraw("node-2-blue")
	says("it is withdrawn", "")
}
