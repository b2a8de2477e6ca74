// Package consultest runs real Consul agents for tests: as processes of their
// own, on loopback, to be killed, stopped and wiped. Only tests import it.
package consultest

import (
	"encoding/json"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"testing"

	"github.com/hashicorp/consul/api"

	"rundock/internal/await"
	"rundock/internal/registry/registrytest"
)

// Binary is where make puts Debian 11's Consul for tests; CONSUL in the
// environment names another.
const Binary = "/var/cache/rundock-lab/tools/consul"

// Path returns the program, and skips the test where there is none.
func Path(t *testing.T) string {
	t.Helper()
	path := os.Getenv("CONSUL")
	if path == "" {
		path = Binary
	}
	if _, err := os.Stat(path); err != nil {
		t.Skipf("no Consul to test with (make deps fetches it): %v", err)
	}
	return path
}

// Server is a real Consul server, a cluster of its own.
type Server struct {
	registrytest.Process
	URL string
}

// Start starts a server, and kills it when the test ends. settings are added to
// its configuration.
func Start(t *testing.T, settings map[string]any) *Server {
	t.Helper()
	binary := Path(t)
	address := registrytest.Address()
	host, port, _ := net.SplitHostPort(address)
	s := &Server{
		Process: registrytest.Process{T: t, Name: "consul at " + address, Dir: filepath.Join(t.TempDir(), "data")},
		URL:     "http://" + address,
	}
	config := map[string]any{
		"server": true, "bootstrap_expect": 1, "node_name": "consul-" + port,
		"bind_addr": host, "client_addr": host, "data_dir": s.Dir,
		"ports":                map[string]any{"http": number(port), "dns": -1, "grpc": -1, "server": nextPort(), "serf_lan": nextPort(), "serf_wan": -1},
		"performance":          map[string]any{"raft_multiplier": 1},
		"log_level":            "warn",
		"disable_update_check": true, "enable_local_script_checks": false,
	}
	for name, value := range settings {
		config[name] = value
	}
	data, err := json.Marshal(config)
	if err != nil {
		t.Fatal(err)
	}
	file := s.Dir + ".json"
	if err := os.WriteFile(file, data, 0o600); err != nil {
		t.Fatal(err)
	}
	s.Command = func() *exec.Cmd { return exec.Command(binary, "agent", "-config-file", file) }
	s.Process.Start()
	return s
}

func nextPort() int {
	_, port, _ := net.SplitHostPort(registrytest.Address())
	return number(port)
}

func number(port string) int {
	n, err := strconv.Atoi(port)
	if err != nil {
		panic(err)
	}
	return n
}

// Admin is a plain client, to look and to tamper with.
func (s *Server) Admin(token string) *api.Client {
	s.T.Helper()
	client, err := api.NewClient(&api.Config{Address: s.URL, Token: token})
	if err != nil {
		s.T.Fatal(err)
	}
	return client
}

// WithACL are settings of a server that refuses whoever has not this token.
func WithACL(token string) map[string]any {
	return map[string]any{"acl": map[string]any{"enabled": true, "default_policy": "deny", "tokens": map[string]any{"master": token}}}
}

// Put writes a key as soon as there is a leader.
func (s *Server) Put(token, key, value string) {
	s.T.Helper()
	await.Nil(s.T, "write "+key, func() error {
		_, err := s.Admin(token).KV().Put(&api.KVPair{Key: key, Value: []byte(value)}, nil)
		return err
	})
}

// Get returns a key's value, and whether it is there.
func (s *Server) Get(token, key string) (value string, there bool) {
	s.T.Helper()
	pair, _, err := s.Admin(token).KV().Get(key, nil)
	if err != nil {
		s.T.Fatal(err)
	}
	if pair == nil {
		return "", false
	}
	return string(pair.Value), true
}

// Delete takes a key away.
func (s *Server) Delete(token, key string) {
	s.T.Helper()
	if _, err := s.Admin(token).KV().Delete(key, nil); err != nil {
		s.T.Fatal(err)
	}
}
