package main

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"rundock/internal/await"
	"rundock/internal/moduletest"
)

func TestMain(m *testing.M) {
	moduletest.Programs = nil
	moduletest.Main(m)
}

// machine is a host of its own with runit, and nothing of rundock.
type machine struct {
	moduletest.Caller
}

func onMachine(t *testing.T) *machine {
	t.Helper()
	if !moduletest.InHost {
		t.Skip("needs a host of its own: " + moduletest.WhyNoHost)
	}
	if _, err := exec.LookPath("runsvdir"); err != nil {
		t.Skip("runsvdir is not installed")
	}
	m := &machine{moduletest.Caller{T: t, Module: moduletest.Program("rundock_host"), Watched: []string{"/etc", "/usr/local/bin"}}}
	m.sh("mkdir -p /etc/service /etc/sv; rm -rf /etc/service/* /etc/sv/*")
	if err := exec.Command("runsvdir", "-P", "/etc/service", "log: "+strings.Repeat(".", 300)).Start(); err != nil {
		t.Fatal(err)
	}
	return m
}

func (m *machine) sh(script string) string {
	m.Helper()
	out, err := exec.Command("sh", "-ec", script).CombinedOutput()
	if err != nil {
		m.Fatalf("%s: %v\n%s", script, err, out)
	}
	return strings.TrimSpace(string(out))
}

func (m *machine) write(path, text string, mode os.FileMode) {
	m.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		m.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), mode); err != nil {
		m.Fatal(err)
	}
}

// sleep is sleep(1), which runs as a daemon here, as another program by its tail.
func (m *machine) sleep(tail string) []byte {
	m.Helper()
	data, err := os.ReadFile("/bin/sleep")
	if err != nil {
		m.Fatal(err)
	}
	return append(data, tail...)
}

// sent is a program as the action plugin gives it to the module: named by its
// hash, and on the host as gzip.
func (m *machine) sent(name string, content []byte) map[string]any {
	m.Helper()
	var packed bytes.Buffer
	w := gzip.NewWriter(&packed)
	w.Write(content)
	w.Close()
	p := m.offered(name, content)
	upload := fmt.Sprintf("/run/sent-%s-%s", name, p["sha256"])
	m.write(upload, packed.String(), 0o600)
	p["upload"] = upload
	return p
}

// offered is a program that the plugin has not sent.
func (m *machine) offered(name string, content []byte) map[string]any {
	hash := sha256.Sum256(content)
	return map[string]any{"name": name, "src": "bin/" + name, "test": "--version", "sha256": hex.EncodeToString(hash[:])}
}

// running is the process id of a service, once it runs.
func (m *machine) running(service string) (pid string) {
	m.Helper()
	await.True(m.T, service+" runs", func() bool {
		data, _ := os.ReadFile("/etc/sv/" + service + "/supervise/pid")
		pid = strings.TrimSpace(string(data))
		exe, _ := os.Readlink("/proc/" + pid + "/exe")
		return pid != "" && strings.HasSuffix(strings.TrimSuffix(exe, " (deleted)"), "/sleep")
	})
	return pid
}
