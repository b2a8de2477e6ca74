package registry

import (
	"context"
	"encoding/json"
	"log/slog"
	"net"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	clientv3 "go.etcd.io/etcd/client/v3"
	"go.etcd.io/etcd/server/v3/embed"
	"go.uber.org/zap"
)

// deadline is how long tests wait for what must come.
const deadline = 60 * time.Second

// serveEtcd in the environment makes this test binary an etcd server of the
// version in go.mod, a process of its own that can be killed.
const serveEtcd = "RUNDOCK_TEST_ETCD"

type embedded struct {
	Dir, Client, Peer      string
	CertFile, KeyFile, CAs string
}

func TestMain(m *testing.M) {
	setting := os.Getenv(serveEtcd)
	if setting == "" {
		os.Exit(m.Run())
	}
	var want embedded
	if err := json.Unmarshal([]byte(setting), &want); err != nil {
		panic(err)
	}
	client, peer := mustURL(want.Client), mustURL(want.Peer)
	cfg := embed.NewConfig()
	cfg.Dir, cfg.LogLevel, cfg.UnsafeNoFsync = want.Dir, "error", true
	cfg.ListenClientUrls, cfg.AdvertiseClientUrls = []url.URL{client}, []url.URL{client}
	cfg.ListenPeerUrls, cfg.AdvertisePeerUrls = []url.URL{peer}, []url.URL{peer}
	cfg.InitialCluster = cfg.InitialClusterFromName(cfg.Name)
	if want.CertFile != "" {
		cfg.ClientTLSInfo.CertFile, cfg.ClientTLSInfo.KeyFile = want.CertFile, want.KeyFile
		cfg.ClientTLSInfo.TrustedCAFile, cfg.ClientTLSInfo.ClientCertAuth = want.CAs, true
	}
	server, err := embed.StartEtcd(cfg)
	if err != nil {
		panic(err)
	}
	<-server.Server.StopNotify()
}

func mustURL(s string) url.URL {
	u, err := url.Parse(s)
	if err != nil {
		panic(err)
	}
	return *u
}

// etcd is a real server on loopback, in a process of its own.
type etcd struct {
	t       *testing.T
	command func() *exec.Cmd
	process *exec.Cmd
	dir     string
	url     string
}

// eachEtcd runs test against every server there is here: the embedded one of
// go.mod, and Debian's (3.4) where etcd-server is installed.
func eachEtcd(t *testing.T, test func(t *testing.T, server *etcd)) {
	for _, kind := range []string{"embedded", "debian"} {
		t.Run(kind, func(t *testing.T) {
			t.Parallel()
			test(t, newEtcd(t, kind, nil))
		})
	}
}

func newEtcd(t *testing.T, kind string, tls *certificates) *etcd {
	t.Helper()
	scheme := "http"
	if tls != nil {
		scheme = "https"
	}
	e := &etcd{t: t, dir: filepath.Join(t.TempDir(), "data"), url: scheme + "://" + freeAddress(t)}
	peer := "http://" + freeAddress(t)
	switch kind {
	case "embedded":
		cfg := embedded{Dir: e.dir, Client: e.url, Peer: peer}
		if tls != nil {
			cfg.CertFile, cfg.KeyFile, cfg.CAs = tls.serverCert, tls.serverKey, tls.ca
		}
		setting, err := json.Marshal(cfg)
		if err != nil {
			t.Fatal(err)
		}
		e.command = func() *exec.Cmd {
			cmd := exec.Command(os.Args[0])
			cmd.Env = append(os.Environ(), serveEtcd+"="+string(setting))
			return cmd
		}
	case "debian":
		binary, err := exec.LookPath("etcd")
		if err != nil {
			t.Skip("Debian's etcd-server is not installed")
		}
		args := []string{"--data-dir", e.dir, "--listen-client-urls", e.url, "--advertise-client-urls", e.url,
			"--listen-peer-urls", peer, "--initial-advertise-peer-urls", peer, "--initial-cluster", "default=" + peer, "--logger", "zap", "--log-level", "error"}
		if tls != nil {
			args = append(args, "--cert-file", tls.serverCert, "--key-file", tls.serverKey, "--trusted-ca-file", tls.ca, "--client-cert-auth")
		}
		e.command = func() *exec.Cmd { return exec.Command(binary, args...) }
	}
	t.Cleanup(func() {
		e.kill()
		if log, _ := os.ReadFile(e.dir + ".log"); t.Failed() {
			t.Logf("%s's log:\n%s", kind, log)
		}
	})
	e.start()
	return e
}

func (e *etcd) start() {
	e.t.Helper()
	e.process = e.command()
	log, err := os.OpenFile(e.dir+".log", os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		e.t.Fatal(err)
	}
	defer log.Close()
	e.process.Stderr = log
	e.process.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	if err := e.process.Start(); err != nil {
		e.t.Fatal(err)
	}
}

// kill is kill -9.
func (e *etcd) kill() {
	if e.process == nil {
		return
	}
	e.process.Process.Kill()
	e.process.Wait()
	e.process = nil
}

func (e *etcd) signal(s syscall.Signal) {
	e.t.Helper()
	if err := e.process.Process.Signal(s); err != nil {
		e.t.Fatal(err)
	}
}

func (e *etcd) wipe() {
	e.t.Helper()
	if err := os.RemoveAll(e.dir); err != nil {
		e.t.Fatal(err)
	}
}

// admin is a plain client, to look and to tamper with.
func (e *etcd) admin() *clientv3.Client {
	e.t.Helper()
	return e.adminAs("", "")
}

func (e *etcd) adminAs(user, password string) *clientv3.Client {
	e.t.Helper()
	client, err := clientv3.New(clientv3.Config{Endpoints: []string{e.url}, Logger: zap.NewNop(), Username: user, Password: password})
	if err != nil {
		e.t.Fatal(err)
	}
	e.t.Cleanup(func() { client.Close() })
	return client
}

func (e *etcd) open(cfg Config) *Client {
	e.t.Helper()
	cfg.Endpoints = []string{e.url}
	client, err := Open(cfg, slog.New(slog.DiscardHandler))
	if err != nil {
		e.t.Fatal(err)
	}
	e.t.Cleanup(func() { client.Close() })
	return client
}

func freeAddress(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}

func put(t *testing.T, etcd *clientv3.Client, key, value string) {
	t.Helper()
	must(t, func(ctx context.Context) error { _, err := etcd.Put(ctx, key, value); return err })
}

func remove(t *testing.T, etcd *clientv3.Client, key string) {
	t.Helper()
	must(t, func(ctx context.Context) error { _, err := etcd.Delete(ctx, key); return err })
}

// must makes call until it succeeds: a server just started may need a moment.
func must(t *testing.T, call func(context.Context) error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), deadline)
	defer cancel()
	for {
		err := call(ctx)
		if err == nil {
			return
		}
		if ctx.Err() != nil {
			t.Fatal(err)
		}
		time.Sleep(20 * time.Millisecond)
	}
}

// eventually waits until what is so.
func eventually(t *testing.T, what string, so func() bool) {
	t.Helper()
	for end := time.Now().Add(deadline); !so(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("never came true: %s", what)
		}
	}
}

func want[T comparable](t *testing.T, what string, got, want T) {
	t.Helper()
	if got != want {
		t.Errorf("%s = %v, want %v", what, got, want)
	}
}

func contains(t *testing.T, what, text string, parts ...string) {
	t.Helper()
	for _, part := range parts {
		if !strings.Contains(text, part) {
			t.Errorf("%s = %q, want it to name %q", what, text, part)
		}
	}
}
