// Package haproxytest runs real HAProxy processes on loopback for tests. Only
// tests import it.
package haproxytest

import (
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"

	"rundock/internal/await"
	"rundock/internal/haproxy"
	"rundock/internal/registry/registrytest"
)

// Server is a HAProxy with a master and a worker, as a host runs it.
type Server struct {
	registrytest.Process
	Site haproxy.Site
}

// New returns a Server that is not started: its site's configuration is for the
// test to write, before Start or after it.
func New(t *testing.T) *Server {
	t.Helper()
	// A socket's path is short, and that of a test's own folder may not be.
	dir, err := os.MkdirTemp("", "haproxy")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	s := &Server{Site: haproxy.Site{Folder: dir, Socket: filepath.Join(dir, "runtime.sock"), Password: "it's $secret"}}
	s.Process = registrytest.Process{T: t, Name: "HAProxy", Dir: filepath.Join(dir, "data"), Command: func() *exec.Cmd {
		// Its folder may be empty yet: runsv would start it again and again.
		return exec.Command("sh", "-c", `while ! [ -e "$1" ]; do sleep 0.05; done; exec haproxy -W -f "$1"`, "sh", s.Site.Config())
	}}
	return s
}

// Write puts a configuration with empty slots, and its maps, in their place.
func (s *Server) Write(settings haproxy.Settings, routes map[string]haproxy.Route) {
	s.T.Helper()
	r, shares := haproxy.Maps(s.Site, routes)
	for path, data := range map[string][]byte{r.Path: r.Text(), shares.Path: shares.Text(), s.Site.Config(): haproxy.Config(settings, s.Site, nil)} {
		if err := os.WriteFile(path, data, 0o600); err != nil {
			s.T.Fatal(err)
		}
	}
}

// Reload has it read its configuration anew.
func (s *Server) Reload() error { return syscall.Kill(s.Pid(), syscall.SIGUSR2) }

// Socket is its runtime socket.
func (s *Server) Socket() haproxy.Socket { return haproxy.Socket(s.Site.Socket) }

// Answers waits until it answers at its socket with a topology.
func (s *Server) Answers(topology string) {
	s.T.Helper()
	await.True(s.T, "HAProxy runs with "+topology, func() bool {
		info, err := s.Socket().Info()
		return err == nil && info.Description == topology
	})
}

// Address returns host and port for a server.
func Address() string { return registrytest.Address() }

// Certificate writes a key and its self-signed certificate.
func Certificate(t *testing.T, path, name string) {
	t.Helper()
	dir := t.TempDir()
	out, err := exec.Command("openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-subj", "/CN="+name,
		"-keyout", dir+"/key", "-out", dir+"/crt").CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	key, _ := os.ReadFile(dir + "/key")
	crt, _ := os.ReadFile(dir + "/crt")
	if err := os.WriteFile(path, []byte(string(crt)+"\n"+string(key)), 0o600); err != nil {
		t.Fatal(err)
	}
}
