package spec

import "testing"

// TestHash pins hashes: a release that computes another hash for the same
// spec restarts every container of its users.
func TestHash(t *testing.T) {
	for _, c := range []struct {
		container Container
		want      string
	}{
		{Container{Image: "busybox"}, "86f4436baf5570f6"},
		{Container{Image: "influxdb:2", Env: map[string]string{"B": "2", "A": "1"}, Ports: []string{"$PRIVATE_IP:8083:8083"}, Memory: 64 << 20}, "5c8993203af80d30"},
	} {
		if got := c.container.Hash(); got != c.want {
			t.Errorf("Hash of %s = %s, want %s", c.container.Image, got, c.want)
		}
	}
}
