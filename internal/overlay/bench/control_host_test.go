package bench

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	clientv3 "go.etcd.io/etcd/client/v3"

	"rundock/internal/control"
	"rundock/internal/overlay"
	"rundock/internal/overlay/kernel"
	"rundock/internal/overlay/roster"
	"rundock/internal/registry/etcd"
	"rundock/internal/registry/etcdtest"
)

// What the process of a test that has a host of its own finds in its
// environment: where rundockd is.
const hostProgram = "OVERLAY_BENCH_RUNDOCKD"

// onHost runs a test as all that there is on a host: in a process of its own,
// with a network, processes and folders for itself, of which nothing stays.
// There is no dockerd: the agent does its part in the kernel, and waits for it.
func onHost(t *testing.T, test func(*site)) {
	t.Helper()
	if program := os.Getenv(hostProgram); program != "" {
		test(newSite(t, program))
		return
	}
	if os.Getuid() != 0 {
		t.Skip("a host of its own needs root")
	}
	dir := t.TempDir()
	program := filepath.Join(dir, "rundockd")
	build := exec.Command("go", "build", "-trimpath", "-tags", "grpcnotrace", "-ldflags", "-s -w", "-o", program, "rundock/supervisor/rundockd")
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("build rundockd: %v\n%s", err, out)
	}
	// What is kept is on a real disk, the rest in memory.
	const enter = `mkdir -p "$0/kept"; mount --bind "$0/kept" /var/lib
		mount -t tmpfs none /run; mkdir /run/etc /run/work; mount -t overlay none -o lowerdir=/etc,upperdir=/run/etc,workdir=/run/work /etc
		rm -rf /etc/rundock; mkdir -p /etc/rundock/overlay; echo 0123456789abcdef0123456789abcdef >/etc/machine-id
		ip link set lo up; ip link add eth0 type veth peer name eth9; ip addr add 192.0.2.5/24 dev eth0; ip link set eth0 up; ip link set eth9 up
		exec "$@"`
	args := []string{"--mount", "--net", "--pid", "--fork", "--kill-child", "--mount-proc", "sh", "-ec", enter, dir}
	args = append(args, os.Args[0], "-test.run=^"+t.Name()+"$", "-test.v", "-test.timeout=10m")
	if *earnest {
		args = append(args, "-earnest", fmt.Sprint("-rounds=", *rounds))
	}
	cmd := exec.Command("unshare", args...)
	cmd.Env = append(os.Environ(), hostProgram+"="+program)
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	out, err := cmd.CombinedOutput()
	for line := range strings.Lines(string(out)) {
		if _, measured, ok := strings.Cut(line, "measured: "); ok {
			report(t, "%s", strings.TrimSpace(measured))
		}
	}
	if err != nil || strings.Contains(string(out), "--- SKIP") {
		t.Errorf("on a host of its own: %v\n%s", err, out)
	}
}

// site is a host with an etcd and a network that its agent keeps.
type site struct {
	t       *testing.T
	program string
	network overlay.Network
	etcd    *etcdtest.Server
	admin   *clientv3.Client
	agent   *exec.Cmd
	log     string // file
	touched int    // how often
	at      netip.Addr
}

// machine is the id of the site's host.
const machine = "0123456789abcdef0123456789abcdef"

func newSite(t *testing.T, program string) *site {
	t.Helper()
	s := &site{t: t, program: program, network: many, etcd: etcdtest.Start(t, "embedded", nil), log: filepath.Join(t.TempDir(), "log"), at: netip.MustParseAddr("192.0.2.5")}
	s.admin = s.etcd.Admin()
	s.write("/etc/rundock/host.json", fmt.Sprintf(`{"version":1,"host":"node-1","domain":"prod.example.com","label":"s","private":{"interface":"eth0"},"etcd":{"endpoints":[%q]}}`, s.etcd.URL))
	s.settings(many)
	t.Cleanup(func() {
		if text, err := os.ReadFile(s.log); err == nil && t.Failed() {
			t.Logf("the agent's log:\n%s", text)
		}
	})
	return s
}

func (s *site) write(path, text string) {
	s.t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		s.t.Fatal(err)
	}
}

// settings has the agent keep n, and no other network.
func (s *site) settings(n overlay.Network) {
	s.t.Helper()
	os.Remove(filepath.Join(overlay.SettingsDir, s.network.Name+".json"))
	s.network = n
	data, err := json.Marshal(overlay.Settings{Version: overlay.SettingsVersion, Network: n})
	if err != nil {
		s.t.Fatal(err)
	}
	s.write(filepath.Join(overlay.SettingsDir, n.Name+".json"), string(data))
}

// start starts the agent.
func (s *site) start() {
	s.t.Helper()
	log, err := os.OpenFile(s.log, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		s.t.Fatal(err)
	}
	defer log.Close()
	s.agent = exec.Command(s.program, "overlay", "run", s.network.Name)
	s.agent.Stdout, s.agent.Stderr = log, log
	if err := s.agent.Start(); err != nil {
		s.t.Fatal(err)
	}
}

// stop stops the agent, by TERM or by KILL.
func (s *site) stop(how syscall.Signal) {
	s.agent.Process.Signal(how)
	s.agent.Wait()
}

// subnet has the host's own subnet reserved beforehand.
func (s *site) reserve(subnet netip.Prefix) {
	s.t.Helper()
	s.put(map[string]string{s.key("subnets", subnet): s.value(roster.Member{ID: machine, Host: "node-1", Subnet: subnet, Underlay: s.at, MAC: overlay.VxlanMAC(machine, s.network.VNI)})})
}

func (s *site) key(kind string, of any) string {
	return roster.Prefix(s.network.Name) + kind + "/" + strings.ReplaceAll(fmt.Sprint(of), "/", "-")
}

func (s *site) value(m roster.Member) string {
	data, err := json.Marshal(m)
	if err != nil {
		s.t.Fatal(err)
	}
	return string(data)
}

// id is a peer's machine id.
func id(p overlay.Peer) string { return "machine-" + p.Subnet.Addr().String() }

// entry is what the registry has of a peer.
func (s *site) entry(p overlay.Peer) (key, value string) {
	return s.key("subnets", p.Subnet), s.value(roster.Member{ID: id(p), Host: "host-" + p.Subnet.Addr().String(), Subnet: p.Subnet, Underlay: p.Underlay, MAC: p.MAC})
}

// fill has peers in the registry, alive.
func (s *site) fill(peers []overlay.Peer) {
	s.t.Helper()
	all := map[string]string{}
	for _, p := range peers {
		key, value := s.entry(p)
		all[key], all[s.key("alive", id(p))] = value, "{}"
	}
	s.put(all)
}

// put puts keys, many at a time; a value that is empty deletes its key.
func (s *site) put(all map[string]string) {
	s.t.Helper()
	var ops []clientv3.Op
	flush := func() {
		for end := time.Now().Add(patience); ; {
			ctx, cancel := context.WithTimeout(s.t.Context(), 10*time.Second)
			_, err := s.admin.Txn(ctx).Then(ops...).Commit()
			cancel()
			if err == nil {
				break
			}
			if time.Now().After(end) {
				s.t.Fatal(err)
			}
		}
		ops = nil
	}
	for key, value := range all {
		op := clientv3.OpPut(key, value)
		if value == "" {
			op = clientv3.OpDelete(key)
		}
		if ops = append(ops, op); len(ops) == 100 {
			flush()
		}
	}
	flush()
}

// patience is how long what should come about may take.
const patience = time.Minute

func (s *site) eventually(what string, so func() string) {
	s.t.Helper()
	left := ""
	for end := time.Now().Add(patience); time.Now().Before(end); time.Sleep(10 * time.Millisecond) {
		if left = so(); left == "" {
			return
		}
	}
	s.t.Fatalf("never came true: %s: %s", what, left)
}

// left is what an audit would do to have the kernel hold these peers, "" if
// nothing: not an agent's audit, that of a test.
func (s *site) left(subnet netip.Prefix, peers []overlay.Peer) string {
	s.t.Helper()
	want, err := overlay.Want(s.network, overlay.Host{Machine: machine, Subnet: subnet, Underlay: s.at, Interface: "eth0", MTU: 1500}, peers)
	if err != nil {
		s.t.Fatal(err)
	}
	k, err := kernel.Open()
	if err != nil {
		s.t.Fatal(err)
	}
	defer k.Close()
	have, err := k.Read(s.network, subnet)
	if err != nil {
		return err.Error()
	}
	ops := overlay.Plan(have, want)
	if len(ops) == 0 {
		return ""
	}
	return fmt.Sprintf("%d operations are left, the first is %s", len(ops), ops[0])
}

// status is the agent's.
func (s *site) status() control.OverlayStatus {
	status, err := control.ReadOverlay(control.Dir, s.network.Name)
	if err != nil {
		s.t.Fatal(err)
	}
	return status
}

func (s *site) sh(script string) string {
	s.t.Helper()
	out, err := exec.Command("sh", "-ec", script).CombinedOutput()
	if err != nil {
		s.t.Fatalf("%s: %v\n%s", script, err, out)
	}
	return string(out)
}

// client is one of the registry, as a host has it.
func client(t *testing.T, url string) *etcd.Client {
	t.Helper()
	c, err := etcd.Open(etcd.Config{Endpoints: []string{url}}, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	return c
}
