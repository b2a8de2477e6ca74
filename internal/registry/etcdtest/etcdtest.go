// Package etcdtest runs real etcd servers for tests: as processes of their
// own, on loopback, to be killed, stopped and wiped. Only tests import it.
package etcdtest

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"net"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	clientv3 "go.etcd.io/etcd/client/v3"
	"go.etcd.io/etcd/server/v3/embed"
	"go.uber.org/zap"

	"rundock/internal/await"
	"rundock/internal/registry/registrytest"
)

// serveEtcd in the environment makes this test binary an etcd server of the
// version in go.mod, a process of its own that can be killed.
const serveEtcd = "RUNDOCK_TEST_ETCD"

type embedded struct {
	Name, Dir, Client, Peer string
	Cluster                 string // name=peer, for each member
	CertFile, KeyFile, CAs  string
	TokenTTL                uint // seconds; 0: etcd's default
	Joins                   bool // the cluster is there already
}

// Main is the body of TestMain: it runs the tests, or the server.
func Main(m *testing.M) {
	setting := os.Getenv(serveEtcd)
	if setting == "" {
		// The tests mostly wait for leases and servers, not for the processor.
		flag.Set("test.parallel", "8")
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
	cfg.Name, cfg.InitialCluster = want.Name, want.Cluster
	if want.CertFile != "" {
		cfg.ClientTLSInfo.CertFile, cfg.ClientTLSInfo.KeyFile = want.CertFile, want.KeyFile
		cfg.ClientTLSInfo.TrustedCAFile, cfg.ClientTLSInfo.ClientCertAuth = want.CAs, true
	}
	if want.TokenTTL > 0 {
		cfg.AuthTokenTTL = want.TokenTTL
	}
	if want.Joins {
		cfg.ClusterState = embed.ClusterStateFlagExisting
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
	registrytest.Process
	config embedded
	URL    string
}

// Kinds are the servers there may be: the one of go.mod, and Debian's (3.4),
// without which Start skips the test.
var Kinds = []string{"embedded", "debian"}

// ShortTokens is an embedded server on which who logged in must do so again
// after 2 s.
const ShortTokens = "embedded, short tokens"

// TLS are the files of a server that demands certificates of its clients.
type TLS struct{ CA, Cert, Key string }

// Start starts a server of a kind, and kills it when the test ends.
func Start(t *testing.T, kind string, tls *TLS) *Server {
	t.Helper()
	scheme := "http"
	if tls != nil {
		scheme = "https"
	}
	e := newServer(t, scheme)
	peer := "http://" + Address()
	switch kind {
	case "embedded", ShortTokens:
		cfg := embedded{Name: "one", Dir: e.Dir, Client: e.URL, Peer: peer, Cluster: "one=" + peer}
		if tls != nil {
			cfg.CertFile, cfg.KeyFile, cfg.CAs = tls.Cert, tls.Key, tls.CA
		}
		if kind == ShortTokens {
			cfg.TokenTTL = 2
		}
		e.embed(cfg)
	case "debian":
		binary, err := exec.LookPath("etcd")
		if err != nil {
			t.Skip("Debian's etcd-server is not installed")
		}
		args := []string{"--data-dir", e.Dir, "--listen-client-urls", e.URL, "--advertise-client-urls", e.URL,
			"--listen-peer-urls", peer, "--initial-advertise-peer-urls", peer, "--initial-cluster", "default=" + peer, "--logger", "zap", "--log-level", "error"}
		if tls != nil {
			args = append(args, "--cert-file", tls.Cert, "--key-file", tls.Key, "--trusted-ca-file", tls.CA, "--client-cert-auth")
		}
		e.Command = func() *exec.Cmd { return exec.Command(binary, args...) }
	}
	e.Process.Start()
	return e
}

func newServer(t *testing.T, scheme string) *Server {
	url := scheme + "://" + Address()
	return &Server{Process: registrytest.Process{T: t, Name: "etcd at " + url, Dir: filepath.Join(t.TempDir(), "data")}, URL: url}
}

// Cluster starts three embedded members of one cluster.
func Cluster(t *testing.T) []*Server {
	t.Helper()
	var members []*Server
	var configs []embedded
	var cluster []string
	for i := range 3 {
		e := newServer(t, "http")
		cfg := embedded{Name: fmt.Sprint("member-", i), Dir: e.Dir, Client: e.URL, Peer: "http://" + Address()}
		cluster = append(cluster, cfg.Name+"="+cfg.Peer)
		members, configs = append(members, e), append(configs, cfg)
	}
	for i, e := range members {
		configs[i].Cluster = strings.Join(cluster, ",")
		e.embed(configs[i])
		e.Process.Start()
	}
	return members
}

// Replace puts another member in the place of e, which is killed, of a
// cluster that other belongs to: with the same addresses and nothing stored.
func (e *Server) Replace(other *Server) {
	e.T.Helper()
	ctx, admin := e.T.Context(), other.Admin()
	e.insist("remove a member", func() error {
		members, err := admin.MemberList(ctx)
		if err != nil {
			return err
		}
		for _, m := range members.Members {
			if m.Name == e.config.Name {
				_, err = admin.MemberRemove(ctx, m.ID)
			}
		}
		return err
	})
	e.Wipe()
	e.insist("add a member", func() error {
		_, err := admin.MemberAdd(ctx, []string{e.config.Peer})
		return err
	})
	e.config.Joins = true
	e.embed(e.config)
	e.Restart()
}

// insist does again what a cluster refuses until its members know each other.
func (e *Server) insist(what string, do func() error) {
	e.T.Helper()
	await.Nil(e.T, what, do)
}

// embed makes e a process of this test binary.
func (e *Server) embed(cfg embedded) {
	e.config = cfg
	setting, err := json.Marshal(cfg)
	if err != nil {
		e.T.Fatal(err)
	}
	e.Command = func() *exec.Cmd {
		cmd := exec.Command(os.Args[0])
		cmd.Env = append(os.Environ(), serveEtcd+"="+string(setting))
		return cmd
	}
}

// Admin is a plain client, to look and to tamper with.
func (e *Server) Admin() *clientv3.Client {
	e.T.Helper()
	return e.AdminAs("", "")
}

// AdminAs is Admin for a user.
func (e *Server) AdminAs(user, password string) *clientv3.Client {
	e.T.Helper()
	client, err := clientv3.New(clientv3.Config{Endpoints: []string{e.URL}, Logger: zap.NewNop(), Username: user, Password: password})
	if err != nil {
		e.T.Fatal(err)
	}
	e.T.Cleanup(func() { client.Close() })
	return client
}

// Host is an address of 127/8 that this test process has for itself.
func Host() net.IP { return registrytest.Loopback() }

// Address returns host and port for a server, which no other test gets, and
// which stay free while that server is down.
func Address() string { return registrytest.Address() }

// Keys are those below prefix with their values.
func (e *Server) Keys(ctx context.Context, prefix string) (map[string]string, error) {
	got, err := e.Admin().Get(ctx, prefix, clientv3.WithPrefix())
	if err != nil {
		return nil, err
	}
	all := map[string]string{}
	for _, kv := range got.Kvs {
		all[string(kv.Key)] = string(kv.Value)
	}
	return all, nil
}

// Put writes a key, with a lease of so many seconds unless that is 0.
func (e *Server) Put(key, value string, lease int64) {
	e.T.Helper()
	client, ctx := e.Admin(), e.T.Context()
	var options []clientv3.OpOption
	if lease > 0 {
		granted, err := client.Grant(ctx, lease)
		if err != nil {
			e.T.Fatal(err)
		}
		options = append(options, clientv3.WithLease(granted.ID))
	}
	if _, err := client.Put(ctx, key, value, options...); err != nil {
		e.T.Fatal(err)
	}
}
