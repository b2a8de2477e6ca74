package main

import (
	"fmt"
	"os"
	"os/exec"
	"strings"
	"testing"

	"rundock/internal/hostconfig"
	"rundock/internal/moduletest"
	"rundock/internal/registry/etcdtest"
)

func TestMain(m *testing.M) {
	if !moduletest.InHost && os.Getenv("RUNDOCK_TEST_ETCD") != "" {
		etcdtest.Main(m) // this process is to be a server
	}
	moduletest.Programs = []string{"../../supervisor/rundockd", "../../supervisor/rundock-render"}
	moduletest.Main(m, "--net")
}

// machine is the host that TestMain made, with runit running, rundockd
// installed, and a real etcd as its store.
type machine struct {
	moduletest.Caller
	etcd *etcdtest.Server
}

// onHost returns the machine without any template.
func onHost(t *testing.T) *machine {
	t.Helper()
	if !moduletest.InHost {
		t.Skip("needs a host of its own: " + moduletest.WhyNoHost)
	}
	if _, err := exec.LookPath("runsvdir"); err != nil {
		t.Skip("runsvdir is not installed")
	}
	must(t, exec.Command("ip", "link", "set", "lo", "up").Run())
	m := &machine{moduletest.Caller{T: t, Module: moduletest.Program("rundock_template"), Watched: []string{"/etc/sv", "/etc/service/", "/etc/rundock", "/etc/web"}}, etcdtest.Start(t, "embedded", nil)}
	m.sh("cp", moduletest.Program("rundockd"), moduletest.Program("rundock-render"), "/usr/local/bin/")
	m.sh("sh", "-ec", "mkdir -p /etc/service /etc/sv /etc/rundock /etc/web; rm -rf /etc/service/* /etc/sv/* /etc/rundock/* /etc/web/*")
	m.write(hostconfig.Path, fmt.Sprintf(`{"version":1,"host":"node-1","domain":"example.com","label":"s","etcd":{"endpoints":[%q]}}`, m.etcd.URL))
	must(t, exec.Command("runsvdir", "-P", "/etc/service", "log: "+strings.Repeat(".", 300)).Start())
	return m
}

// put writes a key of the store.
func (m *machine) put(key, value string) {
	m.Helper()
	_, err := m.etcd.Admin().Put(m.Context(), key, value)
	must(m.T, err)
}

// web makes the service web have these many instances.
func (m *machine) web(n int) {
	m.Helper()
	for i := range n {
		m.put(fmt.Sprintf("/skydns/com/example/s/web/node-%d", i+1), fmt.Sprintf(`{"host":"10.0.0.%d","port":80}`, i+1))
	}
}

func (m *machine) sh(words ...string) string {
	m.Helper()
	out, err := exec.Command(words[0], words[1:]...).CombinedOutput()
	if err != nil {
		m.Fatalf("%q: %v\n%s", words, err, out)
	}
	return string(out)
}

func (m *machine) write(path, text string) {
	m.Helper()
	must(m.T, os.WriteFile(path, []byte(text), 0o644))
}

func (m *machine) read(path string) string {
	m.Helper()
	data, err := os.ReadFile(path)
	if err != nil && !os.IsNotExist(err) {
		m.Fatal(err)
	}
	return string(data)
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
