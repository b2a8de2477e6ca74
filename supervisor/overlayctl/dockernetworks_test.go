package overlayctl

import (
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"rundock/internal/overlay"
	"rundock/internal/overlay/overlaytest/agentsite"
)

// dockerWith answers for a daemon that has these networks and address pools,
// at the address that is returned.
func dockerWith(t *testing.T, networks, info string) string {
	t.Helper()
	socket := filepath.Join(t.TempDir(), "docker.sock")
	l, err := net.Listen("unix", socket)
	if err != nil {
		t.Fatal(err)
	}
	server := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Api-Version", "1.47")
		w.Header().Set("Content-Type", "application/json")
		switch path := strings.TrimPrefix(r.URL.Path, "/v1.47"); path {
		case "/_ping":
		case "/info":
			w.Write([]byte(info))
		case "/networks":
			w.Write([]byte(networks))
		default:
			w.WriteHeader(http.StatusNotFound)
			w.Write([]byte(`{"message":"network not found"}`))
		}
	})}
	go server.Serve(l)
	t.Cleanup(func() { server.Close() })
	return "DOCKER_HOST=unix://" + socket
}

// A Docker network in the cidr is refused, and wrong once the host has joined;
// a pool of which one may come to be there is said beside it.
func TestDocker_networks_and_pools_in_the_cidr_are_named(t *testing.T) {
	agentsite.Run(t, func(s *agentsite.Site) {
		const (
			ours    = `[{"Name":"many","Labels":{"rundock.overlay":"many"},"IPAM":{"Config":[{"Subnet":"10.0.3.0/24"}]}}]`
			shop    = `[{"Name":"shop_default","Driver":"bridge","IPAM":{"Config":[{"Subnet":"10.0.7.0/24"}]}}]`
			pool    = `{"DefaultAddressPools":[{"Base":"10.0.0.0/8","Size":24}]}`
			refusal = "overlaps 10.0.7.0/24 of docker network shop_default"
			note    = "dockerd takes the subnets of new networks from 10.0.0.0/8 too"
		)
		s.Sh("sysctl -qw net.ipv4.ip_forward=1")
		s.Begin(agentsite.Peers(5))
		s.AwaitSaved(5)
		settings, err := os.ReadFile(filepath.Join(overlay.SettingsDir, s.Network.Name+".json"))
		if err != nil {
			t.Fatal(err)
		}
		for _, c := range []struct {
			name, docker, command, stdout, stderr string
			code                                  int
		}{
			{"check, of nothing", dockerWith(t, ours, `{}`), "check", "", "", 0},
			{"check, of a network", dockerWith(t, shop, `{}`), "check", "# cidr " + s.Network.CIDR.String() + " " + refusal, "", 3},
			{"check, of a pool", dockerWith(t, ours, pool), "check", "", note, 0},
			{"check, without dockerd", "DOCKER_HOST=unix:///run/none.sock", "check", "", "", 0},
			{"try, of nothing", dockerWith(t, ours, `{}`), "try", "", "", 0},
			{"try, of a network", dockerWith(t, shop, pool), "try", "", refusal, 1},
			{"try, of a pool", dockerWith(t, ours, pool), "try", note, "", 0},
		} {
			var stdout, stderr strings.Builder
			cmd := exec.Command(s.Program, "overlay", c.command)
			cmd.Env = append(os.Environ(), c.docker)
			cmd.Stdin, cmd.Stdout, cmd.Stderr = strings.NewReader(string(settings)), &stdout, &stderr
			cmd.Run()
			for stream, texts := range map[string][2]string{"stdout": {stdout.String(), c.stdout}, "stderr": {stderr.String(), c.stderr}} {
				if got, want := texts[0], texts[1]; want == "" && got != "" || !strings.Contains(got, want) {
					t.Errorf("%s: %s is %q, want %q", c.name, stream, got, want)
				}
			}
			if got := cmd.ProcessState.ExitCode(); got != c.code {
				t.Errorf("%s: exit code %d, want %d", c.name, got, c.code)
			}
		}
	})
}
