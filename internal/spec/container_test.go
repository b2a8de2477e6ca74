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
		// Every field of the first release, each with a value of its own.
		{Container{Image: "a:1", Entrypoint: []string{"e"}, Command: []string{"c"}, Env: map[string]string{"A": "1"}, EnvFiles: []string{"/f"}, User: "u",
			Workdir: "/w", Hostname: "h", Network: "n", Ports: []string{"1:1"}, Volumes: []string{"/v"}, VolumesFrom: []string{"x"}, Tmpfs: map[string]string{"/t": ""},
			Memory: 1, CPUs: "1", Labels: map[string]string{"l": "1"}, CapAdd: []string{"KILL"}, CapDrop: []string{"ALL"}, Devices: []string{"/dev/a"},
			Privileged: true, ReadOnly: true, Init: true, Ulimits: []string{"core=0"},
			Healthcheck: &Healthcheck{Command: "t", Interval: "1s", Timeout: "2s", StartPeriod: "3s", StartInterval: "4s", Retries: 5, Disable: true},
			ExtraHosts:  []string{"a:::1"}, DNS: []string{"::1"}, LogOptions: map[string]string{"max-file": "3"}}, "a95e7c1bc8d5acbb"},
	} {
		if got := c.container.Hash(); got != c.want {
			t.Errorf("Hash of %s = %s, want %s", c.container.Image, got, c.want)
		}
	}
}
