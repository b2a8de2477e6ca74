// Package etcdtest runs real etcd servers for tests: as processes of their
// own, on loopback, to be killed, stopped and wiped. Only tests import it.
package etcdtest

import (
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"

	clientv3 "go.etcd.io/etcd/client/v3"
	"go.etcd.io/etcd/server/v3/embed"
	"go.uber.org/zap"
)

// serveEtcd in the environment makes this test binary an etcd server of the
// version in go.mod, a process of its own that can be killed.
const serveEtcd = "RUNDOCK_TEST_ETCD"

type embedded struct {
	Dir, Client, Peer      string
	CertFile, KeyFile, CAs string
}

// Main is the body of TestMain: it runs the tests, or the server.
func Main(m *testing.M) {
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

// Server is a real etcd on loopback, in a process of its own.
type Server struct {
	t       *testing.T
	command func() *exec.Cmd
	process *exec.Cmd
	dir     string
	URL     string
}

// Kinds are the servers there may be: the one of go.mod, and Debian's (3.4),
// without which Start skips the test.
var Kinds = []string{"embedded", "debian"}

// TLS are the files of a server that demands certificates of its clients.
type TLS struct{ CA, Cert, Key string }

// Start starts a server of a kind, and kills it when the test ends.
func Start(t *testing.T, kind string, tls *TLS) *Server {
	t.Helper()
	scheme := "http"
	if tls != nil {
		scheme = "https"
	}
	e := &Server{t: t, dir: filepath.Join(t.TempDir(), "data"), URL: scheme + "://" + freeAddress(t)}
	peer := "http://" + freeAddress(t)
	switch kind {
	case "embedded":
		cfg := embedded{Dir: e.dir, Client: e.URL, Peer: peer}
		if tls != nil {
			cfg.CertFile, cfg.KeyFile, cfg.CAs = tls.Cert, tls.Key, tls.CA
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
		args := []string{"--data-dir", e.dir, "--listen-client-urls", e.URL, "--advertise-client-urls", e.URL,
			"--listen-peer-urls", peer, "--initial-advertise-peer-urls", peer, "--initial-cluster", "default=" + peer, "--logger", "zap", "--log-level", "error"}
		if tls != nil {
			args = append(args, "--cert-file", tls.Cert, "--key-file", tls.Key, "--trusted-ca-file", tls.CA, "--client-cert-auth")
		}
		e.command = func() *exec.Cmd { return exec.Command(binary, args...) }
	}
	t.Cleanup(func() {
		e.Kill()
		if log, _ := os.ReadFile(e.dir + ".log"); t.Failed() {
			t.Logf("%s's log:\n%s", kind, log)
		}
	})
	e.Restart()
	return e
}

// Restart starts the server again after Kill.
func (e *Server) Restart() {
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

// Kill is kill -9.
func (e *Server) Kill() {
	if e.process == nil {
		return
	}
	e.process.Process.Kill()
	e.process.Wait()
	e.process = nil
}

// Signal sends s, such as SIGSTOP.
func (e *Server) Signal(s syscall.Signal) {
	e.t.Helper()
	if err := e.process.Process.Signal(s); err != nil {
		e.t.Fatal(err)
	}
}

// Wipe removes the data of a killed server.
func (e *Server) Wipe() {
	e.t.Helper()
	if err := os.RemoveAll(e.dir); err != nil {
		e.t.Fatal(err)
	}
}

// Admin is a plain client, to look and to tamper with.
func (e *Server) Admin() *clientv3.Client {
	e.t.Helper()
	return e.AdminAs("", "")
}

// AdminAs is Admin for a user.
func (e *Server) AdminAs(user, password string) *clientv3.Client {
	e.t.Helper()
	client, err := clientv3.New(clientv3.Config{Endpoints: []string{e.URL}, Logger: zap.NewNop(), Username: user, Password: password})
	if err != nil {
		e.t.Fatal(err)
	}
	e.t.Cleanup(func() { client.Close() })
	return client
}

// freeAddress returns an address nothing listens on, out of the range the
// kernel takes ports of clients from: it stays free while a server is down.
func freeAddress(t *testing.T) string {
	t.Helper()
	for {
		l, err := net.Listen("tcp", fmt.Sprintf("127.0.0.1:%d", 20000+rand.IntN(12000)))
		if errors.Is(err, syscall.EADDRINUSE) {
			continue
		}
		if err != nil {
			t.Fatal(err)
		}
		defer l.Close()
		return l.Addr().String()
	}
}
