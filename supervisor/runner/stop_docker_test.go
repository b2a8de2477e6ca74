package runner

import (
	"fmt"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	waiting "rundock/internal/await"
	"rundock/internal/control"
	"rundock/internal/hostconfig"
	"rundock/internal/registry"
	"rundock/internal/registry/etcd"
	"rundock/internal/registry/etcdtest"
	"rundock/internal/registry/local/serve"
	"rundock/internal/stack/slotlock"
	"rundock/supervisor"
)

// aHost is what a rundockd of its own finds: host.json, a store agent, and a service that it may stop.
func (h *half) aHost() (stop *exec.Cmd) {
	h.Helper()
	for _, dir := range []string{filepath.Dir(hostconfig.Path), control.Dir} { // on which those of the host are mounted
		if os.Mkdir(dir, 0o755) == nil {
			h.Cleanup(func() { os.Remove(dir) })
		}
	}
	host, err := os.MkdirTemp("", "runner") // a socket's path is short
	if err != nil {
		h.Fatal(err)
	}
	h.Cleanup(func() {
		os.RemoveAll(host)
		os.RemoveAll(filepath.Join(hostconfig.StateDir, h.name))
		os.Remove(hostconfig.StateDir) // unless others have something there
	})
	h.service.Version = supervisor.Version
	service, err := h.service.JSON()
	if err != nil {
		h.Fatal(err)
	}
	for path, data := range map[string]string{
		"etc/" + filepath.Base(hostconfig.Path): fmt.Sprintf(`{"version":1,"host":"one","domain":"example.com","label":"s","etcd":{"endpoints":[%q]}}`, h.etcd.URL),
		"service/service.json":                  string(service),
		"run/none":                              "",
	} {
		path = filepath.Join(host, path)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			h.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(data), 0o600); err != nil {
			h.Fatal(err)
		}
	}
	quiet := slog.New(slog.DiscardHandler)
	store, err := etcd.Open(etcd.Config{Endpoints: []string{h.etcd.URL}}, quiet)
	if err != nil {
		h.Fatal(err)
	}
	l, err := serve.Listen(filepath.Join(host, "run/store.sock"), filepath.Join(host, "private"))
	if err != nil {
		h.Fatal(err)
	}
	go serve.New(store, filepath.Join(host, "private/held.json"), quiet).Run(h.Context(), l)
	stop = exec.Command("unshare", "--mount", "--propagation", "private", "sh", "-ec", `mount --bind "$host/etc" "$etc"; mount --bind "$host/run" "$run"; exec "$program"`)
	stop.Env = append(os.Environ(), "host="+host, "etc="+filepath.Dir(hostconfig.Path), "run="+control.Dir, "program="+os.Args[0], stopIn+"="+filepath.Join(host, "service"))
	return stop
}

// What the finish script has done of a runner that ended without a successor.
func TestStop_gives_back_the_lock_that_a_runner_has_left(t *testing.T) {
	b, e := newBench(t), etcdtest.Start(t, "embedded", nil)
	one := b.half(e, "one", supervisor.Main).start()
	one.says("the slot runs", control.Running, "")
	one.stop(registry.ErrHandOver)
	keys := func() int {
		keys, err := e.Keys(t.Context(), slotlock.Prefix)
		if err != nil {
			t.Fatal(err)
		}
		return len(keys)
	}
	if keys() != 1 {
		t.Fatal("the runner that has left has no lock")
	}
	if said, err := one.aHost().CombinedOutput(); err != nil || one.state("").Exists {
		t.Fatalf("rundockd stop: %v: %s; the container is %+v", err, said, one.state(""))
	}
	if n := keys(); n > 0 {
		t.Errorf("the container is stopped, and the lock stays until its lease ends")
	}

	two := b.half(e, "two", supervisor.Standby).start()
	two.says("the standby takes over", control.Running, "")
	if said, err := one.aHost().CombinedOutput(); err != nil {
		t.Errorf("rundockd stop with nothing to stop: %v: %s", err, said)
	}
	waiting.True(t, "the other host has the lock", two.runner.lock.held)
	if keys() != 1 {
		t.Error("another's lock was given back")
	}
}
