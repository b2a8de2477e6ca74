package main

import (
	"crypto/tls"
	"fmt"
	"net/http"
	"net/url"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"rundock/internal/await"
	"rundock/internal/pki"
	"rundock/internal/registry/etcdtest"

	clientv3 "go.etcd.io/etcd/client/v3"
	"go.uber.org/zap"
)

// certify gives each host a certificate of a member and one of a client.
func (all keepers) certify(a authority) {
	for _, k := range all {
		u, _ := url.Parse(k.peer)
		a.issue("etcd-"+k.name, pki.Wanted{Subject: "etcd:" + k.name, Profile: pki.Peer, Names: []string{u.Hostname(), "127.0.0.1", "etcd.site"}})
		a.issue("host-"+k.name, pki.Wanted{Subject: "host:" + k.name, Profile: pki.Client})
		k.certificates = []string{"--etcd-ca=" + a.file("ca.crt"), "--etcd-cert=" + a.file("host-"+k.name+".crt"), "--etcd-key=" + a.file("host-"+k.name+".key")}
		k.members = []string{"--embed-etcd-ca=" + a.file("ca.crt"), "--embed-etcd-cert=" + a.file("etcd-"+k.name+".crt"), "--embed-etcd-key=" + a.file("etcd-"+k.name+".key"),
			"--embed-etcd-peer-name=etcd.site"}
	}
}

// rolled starts one dnsd after the other anew, each once the etcd of the one before
// takes part again.
func (all keepers) rolled(t *testing.T) {
	t.Helper()
	for i, k := range all {
		k.dnsd.cmd.Process.Signal(syscall.SIGTERM)
		if err := k.dnsd.ended(t); err != nil {
			t.Fatal(err)
		}
		all[i : i+1].startAmong(all)
		listen, peers := []string{k.client}, []string{k.peer}
		if k.listen != nil {
			listen, peers = k.listen, k.peers
		}
		if out, err := typed("store", "wait", "--dir", k.dir, "--timeout", patience.String(), "--listen", strings.Join(listen, ","), "--peer", strings.Join(peers, ",")); err != nil {
			t.Fatalf("%s: %v\n%s", k.name, err, out)
		}
	}
}

func (all keepers) secureEtcd(t *testing.T, a authority, name string) *clientv3.Client {
	t.Helper()
	client, err := clientv3.New(clientv3.Config{Endpoints: all.clients(), Logger: zap.NewNop(), TLS: a.trusting(name)})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { client.Close() })
	return client
}

// TestAClusterMovesToTLS has three members that anybody reaches know each other, and
// their clients, by certificates, one member after the other, while somebody writes.
// Then a fourth host takes the place of the third.
func TestAClusterMovesToTLS(t *testing.T) {
	all := newKeepers(t, "a b c d")
	abc := all[:3]
	abc.start()
	abc.aligned(t, abc, "--begin", "--dir="+all[0].dir, "--empty=a,b,c")
	plain := write(t, abc.etcd(t), "/plain")
	plain.goesOn(t, "without certificates")

	a := newAuthority(t)
	all.certify(a)
	for _, k := range all {
		securePeer, secureClient := strings.Replace(k.peer, "http:", "https:", 1), strings.Replace(k.client, "http:", "https:", 1)
		u, _ := url.Parse(securePeer)
		_, port, _ := strings.Cut(etcdtest.Address(), ":")
		securePeer = "https://" + u.Hostname() + ":" + port
		k.listen, k.peers = []string{k.client, secureClient}, []string{k.peer, securePeer}
		k.client, k.peer = secureClient, securePeer
	}
	abc.rolled(t)
	plain.goesOn(t, "while members are reached in both ways")
	secure := write(t, abc.secureEtcd(t, a, "host-a"), "/secure")
	if out := abc.aligned(t, abc); strings.Count(out, "told that ") != 3 || strings.Count(out, "\n") != 3 {
		t.Errorf("align says:\n%s", out)
	}
	for _, k := range all {
		k.listen, k.peers = nil, nil
	}
	abc.rolled(t)
	secure.goesOn(t, "with certificates alone")
	abc.answering(t, 3, all[1].certificates...)

	t.Run("a member serves other members alone", func(t *testing.T) {
		for name, want := range map[string]bool{"etcd-b": true, "host-b": false, "": false} {
			client := http.Client{Transport: &http.Transport{TLSClientConfig: a.trusting(name)}, Timeout: patience}
			reply, err := client.Get(all[0].peer + "/version")
			if err == nil {
				reply.Body.Close()
			}
			if (err == nil) != want {
				t.Errorf("with the certificate %q: %v", name, err)
			}
			client.CloseIdleConnections()
		}
		u, _ := url.Parse(all[0].peer)
		if conn, err := tls.Dial("tcp", u.Host, newAuthority(t).trusting("")); err == nil {
			conn.Close()
			t.Error("a member is taken for one of another site")
		}
	})
	t.Run("another host takes the place of one that is gone", func(t *testing.T) {
		all[2].lose()
		abd := keepers{all[0], all[1], all[3]}
		abd[2:].startAmong(all)
		out := all.aligned(t, abd, "--empty=d")
		if !strings.HasPrefix(out, "removed c (") || !strings.HasSuffix(out, "added d, without a vote yet\ngiven d its vote\n") {
			t.Errorf("align says:\n%s", out)
		}
		secure.goesOn(t, "with it")
		client := keepers{all[3]}.secureEtcd(t, a, "host-d")
		await.Nil(t, "it has all keys", func() error {
			got, err := client.Get(t.Context(), "/plain/", clientv3.WithPrefix(), clientv3.WithCountOnly())
			if wrote := plain.done.Load(); err == nil && got.Count < wrote {
				err = fmt.Errorf("%d keys of %d", got.Count, wrote)
			}
			return err
		})
	})
	t.Run("they are waited for by what is still missing", func(t *testing.T) {
		dir := filepath.Join(t.TempDir(), "none")
		for want, args := range map[string][]string{
			"it is not running":   {"--dir", dir, "--listen", all[0].client},
			"and not yet with ht": {"--dir", all[0].dir, "--listen", all[0].client, "--peer", "http://10.0.0.1:2380"},
			"at which URLs?":      {"--dir", dir},
		} {
			out, err := typed(append([]string{"store", "wait", "--timeout", (10 * time.Millisecond).String()}, args...)...)
			if err == nil || !strings.Contains(out, want) {
				t.Errorf("dnsd store wait %v gives %v, want %q:\n%s", args, err, want, out)
			}
		}
	})
}

func mustTyped(t *testing.T, args ...string) string {
	t.Helper()
	out, err := typed(args...)
	if err != nil {
		t.Fatalf("dnsd %v gives %v:\n%s", args, err, out)
	}
	return out
}
