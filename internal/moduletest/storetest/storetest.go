// Package storetest is a host for tests of modules that look after what is in
// the store: that of package moduletest, with rundockd's real programs, runit
// and a real etcd. Only tests import it.
package storetest

import (
	"context"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"rundock/internal/await"
	"rundock/internal/control"
	"rundock/internal/hostconfig"
	"rundock/internal/hostinfo"
	"rundock/internal/moduletest"
	"rundock/internal/registry/etcdtest"
)

// Main is a TestMain. The programs of these packages are installed on the host,
// beside rundockd's.
func Main(m *testing.M, programs ...string) {
	if !moduletest.InHost && os.Getenv("RUNDOCK_TEST_ETCD") != "" {
		etcdtest.Main(m) // this process is to be a server
	}
	moduletest.Programs = append(programs, "../../supervisor/rundockd", "../../supervisor/rundock-store")
	moduletest.Main(m, "--net")
}

// Host is the machine of a test.
type Host struct {
	moduletest.Caller
	Etcd *etcdtest.Server
}

// New returns a host whose store is empty, for the module of this name. watched
// are the folders of which a refused call, and check mode, must change nothing.
func New(t *testing.T, module string, watched ...string) *Host {
	t.Helper()
	if !moduletest.InHost {
		t.Skip("needs a host of its own: " + moduletest.WhyNoHost)
	}
	if _, err := exec.LookPath("runsvdir"); err != nil {
		t.Skip("runsvdir is not installed")
	}
	if out, err := exec.Command("ip", "link", "set", "lo", "up").CombinedOutput(); err != nil {
		t.Fatalf("bring the loopback up: %v\n%s", err, out)
	}
	h := &Host{moduletest.Caller{T: t, Module: moduletest.Program(module), Watched: append([]string{"/etc/sv", "/etc/service/", "/etc/rundock"}, watched...)}, etcdtest.Start(t, "embedded", nil)}
	for _, p := range moduletest.Programs {
		h.Sh("cp", moduletest.Program(filepath.Base(p)), "/usr/local/bin/")
	}
	h.Sh("sh", "-ec", "mkdir -p /etc/service /etc/sv /etc/rundock; rm -rf /etc/service/* /etc/sv/*")
	h.Write(hostconfig.Path, fmt.Sprintf(`{"version":1,"host":"node-1","domain":"example.com","label":"s","etcd":{"endpoints":[%q]}}`, h.Etcd.URL))
	if err := exec.Command("runsvdir", "-P", "/etc/service", "log: "+strings.Repeat(".", 300)).Start(); err != nil {
		t.Fatal(err)
	}
	h.serveStore()
	h.State = h.keys
	return h
}

// serveStore has the service run by which rundockd has its stores, as site.yml
// does.
func (h *Host) serveStore() {
	h.Helper()
	dir := "/etc/sv/" + control.StoreService
	h.Sh("mkdir", "-p", dir)
	h.Write(dir+"/run", "#!/bin/sh\nexec /usr/local/bin/rundockd store 2>>/var/log/"+control.StoreService+"\n")
	h.Sh("chmod", "755", dir+"/run")
	h.Sh("ln", "-s", dir, "/etc/service/")
	h.awaitStore()
}

// awaitStore waits until rundockd store answers.
func (h *Host) awaitStore() {
	h.Helper()
	await.Nil(h, "rundockd store answers", func() error {
		out, err := exec.Command("rundockd", "store", "check").CombinedOutput()
		if err != nil {
			return fmt.Errorf("%w: %s", err, out)
		}
		return nil
	})
}

// Reconfigure has host.json be text, and rundockd store read it.
func (h *Host) Reconfigure(text string) {
	h.Helper()
	h.Write(hostconfig.Path, text)
	h.Sh("sv", "-w", "60", "force-restart", "/etc/service/"+control.StoreService)
	h.awaitStore()
}

// keys are all of the store but what the host's rundockd store says of it by itself, none
// where it is away.
func (h *Host) keys() map[string]string {
	ctx, cancel := context.WithTimeout(h.Context(), 5*time.Second)
	defer cancel()
	all, err := h.Etcd.Keys(ctx, "/")
	if err != nil {
		return map[string]string{}
	}
	maps.DeleteFunc(all, func(key, _ string) bool { return strings.HasPrefix(key, hostinfo.Prefix) })
	return all
}

// Put writes a key of the store.
func (h *Host) Put(key, value string) {
	h.Helper()
	h.Etcd.Put(key, value, 0)
}

// Get returns a key of the store, "" where there is none.
func (h *Host) Get(key string) string { return h.keys()[key] }

// Lease writes a key that a lease of a minute holds.
func (h *Host) Lease(key, value string) {
	h.Helper()
	h.Etcd.Put(key, value, 60)
}

// Sh runs a command, which must succeed.
func (h *Host) Sh(words ...string) string {
	h.Helper()
	out, err := exec.Command(words[0], words[1:]...).CombinedOutput()
	if err != nil {
		h.Fatalf("%q: %v\n%s", words, err, out)
	}
	return string(out)
}

// Write writes a file.
func (h *Host) Write(path, text string) {
	h.Helper()
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		h.Fatal(err)
	}
}

// Text is what a file has, "" where there is none.
func (h *Host) Text(path string) string {
	h.Helper()
	data, err := os.ReadFile(path)
	if err != nil && !os.IsNotExist(err) {
		h.Fatal(err)
	}
	return string(data)
}
