package agentsite

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"syscall"
	"testing"

	clientv3 "go.etcd.io/etcd/client/v3"

	"rundock/internal/await"
	"rundock/internal/control"
	"rundock/internal/overlay"
	"rundock/internal/registry/etcdtest"
)

// Machine is the id of the site's host.
const Machine = "0123456789abcdef0123456789abcdef"

// A Site is a host with an etcd and a network that its agent keeps.
type Site struct {
	T       *testing.T
	Program string // rundockd
	Network overlay.Network
	Etcd    *etcdtest.Server
	Admin   *clientv3.Client
	Agent   *exec.Cmd
	Log     string     // the agent's, a file
	At      netip.Addr // the host's underlay address
}

func newSite(t *testing.T, program string) *Site {
	t.Helper()
	s := &Site{T: t, Program: program, Network: Many, Etcd: etcdtest.Start(t, "embedded", nil), Log: filepath.Join(t.TempDir(), "log"), At: netip.MustParseAddr("192.0.2.5")}
	s.Admin = s.Etcd.Admin()
	s.Write("/etc/rundock/host.json", fmt.Sprintf(`{"version":1,"host":"node-1","domain":"prod.example.com","label":"s","private":{"interface":"eth0"},"etcd":{"endpoints":[%q]}}`, s.Etcd.URL))
	s.Configure(Many)
	s.serveStore()
	t.Cleanup(func() {
		if text, err := os.ReadFile(s.Log); err == nil && t.Failed() {
			t.Logf("the agent's log:\n%s", text)
		}
	})
	return s
}

// serveStore starts rundockd store, by which the agent has etcd, for as long as
// the site is there.
func (s *Site) serveStore() {
	s.T.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	store := exec.CommandContext(ctx, s.Program, "store")
	var said bytes.Buffer
	store.Stderr = &said
	if err := store.Start(); err != nil {
		s.T.Fatal(err)
	}
	s.T.Cleanup(func() {
		cancel()
		store.Wait()
		if s.T.Failed() {
			s.T.Logf("the log of rundockd store:\n%s", &said)
		}
	})
	s.AwaitStore()
}

// AwaitStore waits until rundockd store finds etcd well.
func (s *Site) AwaitStore() {
	s.T.Helper()
	await.Empty(s.T, "rundockd store is well", func() string {
		status, err := control.ReadStore(control.Dir)
		if err != nil {
			return err.Error()
		}
		if len(status.Stores) != 1 {
			return "it serves no store: " + status.Reason
		}
		return status.Stores[0].Reason
	})
}

// Configure has the agent keep n, and no other network.
func (s *Site) Configure(n overlay.Network) {
	s.T.Helper()
	os.Remove(filepath.Join(overlay.SettingsDir, s.Network.Name+".json"))
	s.Network = n
	data, err := json.Marshal(overlay.Settings{Version: overlay.SettingsVersion, Network: n})
	if err != nil {
		s.T.Fatal(err)
	}
	s.Write(filepath.Join(overlay.SettingsDir, n.Name+".json"), string(data))
}

// Start starts the agent.
func (s *Site) Start() {
	s.T.Helper()
	log, err := os.OpenFile(s.Log, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		s.T.Fatal(err)
	}
	defer log.Close()
	s.Agent = exec.Command(s.Program, "overlay", "run", s.Network.Name)
	s.Agent.Stdout, s.Agent.Stderr = log, log
	if err := s.Agent.Start(); err != nil {
		s.T.Fatal(err)
	}
}

// Stop stops the agent, by TERM or by KILL.
func (s *Site) Stop(how syscall.Signal) {
	s.Agent.Process.Signal(how)
	s.Agent.Wait()
}

// Freeze stops the agent while f is done.
func (s *Site) Freeze(f func()) {
	s.T.Helper()
	s.Agent.Process.Signal(syscall.SIGSTOP)
	defer s.Agent.Process.Signal(syscall.SIGCONT)
	f()
}

// Status is the agent's.
func (s *Site) Status() control.OverlayStatus {
	status, err := control.ReadOverlay(control.Dir, s.Network.Name)
	if err != nil {
		s.T.Fatal(err)
	}
	return status
}

// SavedState is what the agent has on disk.
type SavedState struct {
	Subnet netip.Prefix
	Peers  []overlay.Peer
}

// Fenced reports whether another host has the subnet.
func (k SavedState) Fenced() bool {
	return slices.ContainsFunc(k.Peers, func(p overlay.Peer) bool { return p.Subnet == k.Subnet })
}

// Saved is the agent's saved state, which has to be there.
func (s *Site) Saved() (saved SavedState) {
	s.T.Helper()
	data, err := os.ReadFile(filepath.Join(overlay.SavedDir, s.Network.Name+".json"))
	if err == nil {
		err = json.Unmarshal(data, &saved)
	}
	if err != nil {
		s.T.Fatalf("the saved state of the network: %v", err)
	}
	return saved
}

// AwaitSaved waits until that many peers are on disk.
func (s *Site) AwaitSaved(count int) {
	s.T.Helper()
	await.Empty(s.T, "what is known is saved", func() string {
		if n := len(s.Saved().Peers); n != count {
			return fmt.Sprintf("%d peers are on disk, want %d", n, count)
		}
		return ""
	})
}

// Write writes a file.
func (s *Site) Write(path, text string) {
	s.T.Helper()
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		s.T.Fatal(err)
	}
}

// Sh runs a script, which has to end well, and returns what it says.
func (s *Site) Sh(script string) string {
	s.T.Helper()
	out, err := exec.Command("sh", "-ec", script).CombinedOutput()
	if err != nil {
		s.T.Fatalf("%s: %v\n%s", script, err, out)
	}
	return string(out)
}
