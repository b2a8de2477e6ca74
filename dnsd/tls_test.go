package main

import (
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"rundock/dnsd/store"
	"rundock/internal/await"
	"rundock/internal/fstree"
	"rundock/internal/pki"
	"rundock/internal/registry/etcdtest"

	clientv3 "go.etcd.io/etcd/client/v3"
	"go.uber.org/zap"
)

// authority signs for the tests, and keeps its files in a folder.
type authority struct {
	*testing.T
	pki.Authority
	dir string
}

func newAuthority(t *testing.T) authority {
	t.Helper()
	a, err := pki.NewAuthority("test", time.Now())
	if err != nil {
		t.Fatal(err)
	}
	made := authority{t, a, t.TempDir()}
	made.write("ca.crt", pki.Bundle(a.Cert))
	return made
}

func (a authority) file(name string) string { return filepath.Join(a.dir, name) }

func (a authority) write(name string, data []byte) {
	a.Helper()
	if err := fstree.Replace(a.file(name), 0o600, data); err != nil {
		a.Fatal(err)
	}
}

// issue writes NAME.crt, and NAME.key where there is none yet.
func (a authority) issue(name string, w pki.Wanted) *x509.Certificate {
	a.Helper()
	if _, err := os.Stat(a.file(name + ".key")); err != nil {
		key, err := pki.NewKey()
		if err != nil {
			a.Fatal(err)
		}
		a.write(name+".key", key)
	}
	data, err := os.ReadFile(a.file(name + ".key"))
	if err != nil {
		a.Fatal(err)
	}
	key, err := pki.ParseKey(data)
	if err != nil {
		a.Fatal(err)
	}
	request, err := pki.NewRequest(key, name)
	if err != nil {
		a.Fatal(err)
	}
	cert, err := a.Sign(request, w, time.Now())
	if err != nil {
		a.Fatal(err)
	}
	a.write(name+".crt", cert)
	certs, err := pki.ParseCertificates(cert)
	if err != nil {
		a.Fatal(err)
	}
	return certs[0]
}

// trusting is the TLS of a client that believes a's certificates and shows the one
// of this name, "" for none.
func (a authority) trusting(name string) *tls.Config {
	a.Helper()
	c := &tls.Config{RootCAs: x509.NewCertPool()}
	c.RootCAs.AddCert(a.Cert)
	if name != "" {
		pair, err := tls.LoadX509KeyPair(a.file(name+".crt"), a.file(name+".key"))
		if err != nil {
			a.Fatal(err)
		}
		// A server that names other authorities is shown it all the same.
		c.GetClientCertificate = func(*tls.CertificateRequestInfo) (*tls.Certificate, error) { return &pair, nil }
	}
	return c
}

func etcdClient(t *testing.T, url string, secure *tls.Config) *clientv3.Client {
	t.Helper()
	client, err := clientv3.New(clientv3.Config{Endpoints: []string{url}, Logger: zap.NewNop(), TLS: secure})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { client.Close() })
	return client
}

// A store that anybody reaches becomes one that asks for certificates: first it does
// both on its address, and once its clients have moved, TLS alone. The record of
// one of them, under a lease, stays all the while.
func TestAPlainStoreMovesToTLS(t *testing.T) {
	a := newAuthority(t)
	address := etcdtest.Address()
	ip, _, _ := strings.Cut(address, ":")
	first := a.issue("etcd", pki.Wanted{Subject: "etcd:node-1", Profile: pki.Peer, Names: []string{ip}})
	a.issue("host", pki.Wanted{Subject: "host:node-1", Profile: pki.Client})
	dir := filepath.Join(t.TempDir(), "store")
	run := func(listen ...string) *daemon {
		t.Helper()
		args := []string{"--zone=s.prod.example.com", "--listen=127.0.0.1:0", "--metrics=", "--host-config=" + hostFile(t), "--embed-etcd=" + dir, "--embed-etcd-listen=" + strings.Join(listen, ",")}
		if strings.HasPrefix(listen[len(listen)-1], "https") {
			args = append(args, "--embed-etcd-ca="+a.file("ca.crt"), "--embed-etcd-cert="+a.file("etcd.crt"), "--embed-etcd-key="+a.file("etcd.key"))
		}
		return start(t, args...)
	}
	t.Cleanup(func() {
		if err := store.Stop(dir, patience); err != nil {
			t.Error(err)
		}
	})
	stop := func(d *daemon) {
		d.cmd.Process.Kill()
		d.cmd.Process.Wait()
	}
	plain, secure := "http://"+address, "https://"+address
	answered := func(d *daemon) {
		t.Helper()
		await.True(t, "the record is answered", func() bool { return len(d.addresses("web.s.prod.example.com.")) == 1 })
	}

	d := run(plain)
	old := etcdClient(t, plain, nil)
	lease, err := old.Grant(t.Context(), 30)
	if err != nil {
		t.Fatal(err)
	}
	const key = "/skydns/com/example/prod/s/web/node-1"
	if _, err := old.Put(t.Context(), key, `{"host":"10.1.0.1"}`, clientv3.WithLease(lease.ID)); err != nil {
		t.Fatal(err)
	}
	answered(d)
	stop(d)

	d = run(plain, secure)
	answered(d) // dnsd itself has the certificate by now
	moved := etcdClient(t, secure, a.trusting("host"))
	await.Nil(t, "a client with a certificate renews the lease", func() error {
		_, err := moved.KeepAliveOnce(t.Context(), lease.ID)
		return err
	})
	if _, err := old.KeepAliveOnce(t.Context(), lease.ID); err != nil {
		t.Errorf("a client that has not moved: %v", err)
	}
	stop(d)

	d = run(secure)
	answered(d)
	await.Nil(t, "the client that has moved renews the lease", func() error {
		_, err := moved.KeepAliveOnce(t.Context(), lease.ID)
		return err
	})
	got, err := moved.Get(t.Context(), key)
	if err != nil || len(got.Kvs) != 1 || got.Kvs[0].Version != 1 || got.Kvs[0].Lease != int64(lease.ID) {
		t.Errorf("the record is %v, %v; want the one of before", got, err)
	}

	t.Run("it serves nobody who has no certificate of the site", func(t *testing.T) {
		other := newAuthority(t)
		other.issue("host", pki.Wanted{Subject: "host:node-1", Profile: pki.Client})
		forged := other.trusting("host")
		forged.RootCAs = a.trusting("").RootCAs
		server := a.issue("registry", pki.Wanted{Subject: "registry:node-1", Profile: pki.Server, Names: []string{ip}})
		for who, config := range map[string]*tls.Config{
			"without one": a.trusting(""), "of another authority": forged, "of a server of the site, " + server.Subject.CommonName: a.trusting("registry"),
		} {
			if err := greet(address, config); err == nil {
				t.Errorf("a client %s is served", who)
			}
		}
		if err := greet(address, a.trusting("host")); err != nil {
			t.Errorf("a client with its certificate: %v", err)
		}
		if err := greet(address, other.trusting("host")); err == nil {
			t.Error("a client of another site takes this store for its own")
		}
	})
	t.Run("and nobody without TLS", func(t *testing.T) {
		conn, err := net.Dial("tcp", address)
		if err != nil {
			t.Fatal(err)
		}
		if err := hello(conn); err == nil {
			t.Error("a plain client is served")
		}
	})
	t.Run("a renewed certificate is shown without a restart", func(t *testing.T) {
		pid := running(t, dir)
		second := a.issue("etcd", pki.Wanted{Subject: "etcd:node-1", Profile: pki.Peer, Names: []string{ip}})
		conn, err := tls.Dial("tcp", address, a.trusting("host"))
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
		if shown := conn.ConnectionState().PeerCertificates[0]; !shown.Equal(second) || shown.Equal(first) || running(t, dir) != pid {
			t.Errorf("it shows the certificate %x, want %x; process %d, before %d", shown.SerialNumber, second.SerialNumber, running(t, dir), pid)
		}
	})
	t.Run("it is backed up with its own certificate", func(t *testing.T) {
		file := filepath.Join(t.TempDir(), "backup.db")
		if out, err := typed("store", "backup", "--dir", dir, file); err != nil {
			t.Errorf("%v\n%s", err, out)
		}
	})
}

// greet shakes hands with a server, and waits for its first words: in TLS 1.3 it
// refuses a client's certificate after the handshake.
func greet(address string, config *tls.Config) error {
	config = config.Clone()
	config.NextProtos = []string{"h2"}
	conn, err := tls.Dial("tcp", address, config)
	if err != nil {
		return err
	}
	return hello(conn)
}

// hello begins HTTP/2, as etcd's clients do, and wants its answer: a frame of the
// type SETTINGS.
func hello(conn net.Conn) error {
	defer conn.Close()
	conn.SetDeadline(time.Now().Add(patience))
	if _, err := conn.Write([]byte("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\x00\x00\x00\x04\x00\x00\x00\x00\x00")); err != nil {
		return err
	}
	frame := make([]byte, 9)
	if _, err := io.ReadFull(conn, frame); err != nil {
		return err
	}
	if frame[0] != 0 || frame[3] != 4 {
		return fmt.Errorf("the answer is %x, no HTTP/2", frame)
	}
	return nil
}

// A file that cannot be right is named, and dnsd answers without the store.
func TestAStoreWithoutItsCertificateIsNamed(t *testing.T) {
	a := newAuthority(t)
	a.write("etcd.crt", []byte("x"))
	dir := filepath.Join(t.TempDir(), "store")
	d := start(t, "--zone=s.prod.example.com", "--listen=127.0.0.1:0", "--metrics=", "--host-config="+hostFile(t), "--etcd=http://"+etcdtest.Address(),
		"--embed-etcd="+dir, "--embed-etcd-listen=https://"+etcdtest.Address(), "--embed-etcd-ca="+a.file("ca.crt"), "--embed-etcd-cert="+a.file("etcd.crt"), "--embed-etcd-key="+a.file("etcd.key"))
	await.True(t, "the file is named", func() bool {
		return strings.Contains(d.said(), a.file("etcd.key")) && strings.Contains(d.said(), "store is down")
	})
}
