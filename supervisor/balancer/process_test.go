package balancer

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"

	"rundock/internal/haproxy"
	"rundock/internal/hostconfig"
	"rundock/internal/registry"
	"rundock/internal/registry/direct"
	"rundock/internal/registry/registrytest"
)

// balanceAs has the test's program be a balancer, as JSON says, so that one can
// be killed.
const balanceAs = "RUNDOCK_TEST_BALANCE"

// order is what such a process is to do.
type order struct {
	Settings, Status, Machine string
	Site                      haproxy.Site
	Host                      hostconfig.Config
	Proxy                     int // pid of HAProxy's master
}

// process returns the member's balancer as a process that is not started yet.
func (m *member) process() *registrytest.Process {
	t := m.field.t
	return &registrytest.Process{T: t, Name: "the balancer of " + m.name, Dir: filepath.Join(t.TempDir(), "balancer"), Command: func() *exec.Cmd {
		text, err := json.Marshal(order{m.settings, m.status, "machine-of-" + m.name, m.Site, m.field.host(m.name), m.Server.Pid()})
		if err != nil {
			t.Fatal(err)
		}
		cmd := exec.Command("/proc/self/exe")
		cmd.Env = append(os.Environ(), balanceAs+"="+string(text))
		return cmd
	}}
}

// serveOrder is the process. It runs until it is killed.
func serveOrder(text string) error {
	var o order
	if err := json.Unmarshal([]byte(text), &o); err != nil {
		return err
	}
	settings, err := haproxy.Parse([]byte(o.Settings))
	if err != nil {
		return err
	}
	log := slog.New(slog.NewTextHandler(os.Stderr, nil))
	store, err := direct.Store(o.Host.OwnStore(), o.Host, log)
	if err != nil {
		return err
	}
	reload := func() error { return syscall.Kill(o.Proxy, syscall.SIGUSR2) }
	return newBalancer(settings, o.Site, o.Status, reload, log).serve(context.Background(), store, o.Host, o.Machine)
}

// replaced runs the balancer as a process in place of the one of before, which
// leaves to it.
func (m *member) replaced() *registrytest.Process {
	m.field.t.Helper()
	m.stop(registry.ErrHandOver)
	p := m.process()
	p.Start()
	return p
}

func balanceMain(text string) {
	if err := serveOrder(text); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
