package main

import (
	"context"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"rundock/dnsd/store"
	"rundock/internal/await"
	"rundock/internal/registry/etcdtest"

	"github.com/miekg/dns"
	clientv3 "go.etcd.io/etcd/client/v3"
	"go.uber.org/zap"
)

// TestMain makes this test program dnsd itself when it is started as such.
func TestMain(m *testing.M) {
	if os.Getenv("DNSD_TEST_IS_DNSD") != "" {
		main()
		os.Exit(0)
	}
	etcdtest.Main(m)
}

const (
	patience     = 3 * time.Minute
	answerWithin = 10 * time.Second // a query may be lost with the dnsd that was asked
)

// A daemon is a running dnsd.
type daemon struct {
	cmd     *exec.Cmd
	address string // it answers at
	exit    chan error
	log     string // file: what dnsd said is in it before anybody sees what it did
}

func (d *daemon) said() string {
	said, _ := os.ReadFile(d.log)
	return string(said)
}

// start runs dnsd and waits until it listens or ends.
func start(t *testing.T, args ...string) *daemon {
	t.Helper()
	return startCommand(t, exec.Command("/proc/self/exe", args...))
}

func startCommand(t *testing.T, cmd *exec.Cmd) *daemon {
	t.Helper()
	log, err := os.CreateTemp(t.TempDir(), "dnsd-*.log")
	if err != nil {
		t.Fatal(err)
	}
	defer log.Close()
	d := &daemon{cmd: cmd, exit: make(chan error, 1), log: log.Name()}
	d.cmd.Env = append(os.Environ(), "DNSD_TEST_IS_DNSD=1", "DNSD_SNAPSHOT=")
	d.cmd.Stderr = log
	if err := d.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	go func() { d.exit <- d.cmd.Wait() }()
	t.Cleanup(func() {
		d.cmd.Process.Kill()
		if t.Failed() {
			t.Logf("dnsd said:\n%s", d.said())
		}
	})
	await.True(t, "dnsd listens or ends", func() bool {
		_, said, listens := strings.Cut(d.said(), "msg=listening address=")
		d.address, _, listens = strings.Cut(said, "\n")
		return listens || len(d.exit) > 0
	})
	return d
}

// ended waits for the end of dnsd.
func (d *daemon) ended(t *testing.T) error {
	t.Helper()
	select {
	case err := <-d.exit:
		return err
	case <-time.After(patience):
		t.Fatalf("dnsd does not end:\n%s", d.said())
		return nil
	}
}

// addresses asks once; nil without a NOERROR reply.
func (d *daemon) addresses(name string) []string {
	c := dns.Client{Timeout: answerWithin}
	reply, _, err := c.Exchange(new(dns.Msg).SetQuestion(name, dns.TypeA), d.address)
	if err != nil || reply.Rcode != dns.RcodeSuccess {
		return nil
	}
	var all []string
	for _, rr := range reply.Answer {
		if a, ok := rr.(*dns.A); ok {
			all = append(all, a.A.String())
		}
	}
	return all
}

func running(t *testing.T, dir string) int {
	t.Helper()
	pid, err := store.Running(dir)
	if err != nil {
		t.Fatal(err)
	}
	return pid
}

func TestWithEmbeddedStore(t *testing.T) {
	dir, listen := filepath.Join(t.TempDir(), "store"), "http://"+etcdtest.Address()
	args := []string{"--zone=s.prod.example.com", "--listen=127.0.0.1:0", "--metrics=", "--host-config=" + hostFile(t), "--embed-etcd=" + dir, "--embed-etcd-listen=" + listen}
	t.Cleanup(func() {
		if err := store.Stop(dir, patience); err != nil {
			t.Error(err)
		}
	})
	client, err := clientv3.New(clientv3.Config{Endpoints: []string{listen}, Logger: zap.NewNop()})
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	put := func(instance, address string) {
		t.Helper()
		ctx, cancel := context.WithTimeout(context.Background(), patience)
		defer cancel()
		if _, err := client.Put(ctx, "/skydns/com/example/prod/s/web/"+instance, fmt.Sprintf(`{"host":%q,"port":80}`, address)); err != nil {
			t.Fatal(err)
		}
	}

	d := start(t, args...)
	put("a", "10.1.0.1")
	await.True(t, "a record in the store is answered", func() bool { return len(d.addresses("web.s.prod.example.com.")) == 1 })
	if info, err := os.Stat(dir); err != nil || info.Mode().Perm() != 0o700 {
		t.Errorf("mode of the store's folder = %v, %v, want 0700", info.Mode(), err)
	}

	first := running(t, dir)
	d.cmd.Process.Signal(syscall.SIGKILL)
	d.ended(t)
	if now := running(t, dir); now != first || first == 0 {
		t.Fatalf("after kill -9 of dnsd the store is process %d, was %d", now, first)
	}

	d = start(t, args...)
	await.True(t, "the next dnsd answers from the same store", func() bool { return len(d.addresses("web.s.prod.example.com.")) == 1 })
	await.True(t, "the next dnsd finds the store", func() bool { return strings.Contains(d.said(), "store is running already") })
	if now := running(t, dir); now != first {
		t.Errorf("the next dnsd's store is process %d, was %d", now, first)
	}

	syscall.Kill(first, syscall.SIGKILL)
	await.True(t, "the store is noticed to be away", func() bool { return strings.Contains(d.said(), "store is away") })
	if got := d.addresses("a.web.s.prod.example.com."); len(got) != 1 {
		t.Errorf("with the store killed a name never asked before has %v", got)
	}
	await.True(t, "another store runs", func() bool { now := running(t, dir); return now != 0 && now != first })
	put("b", "10.1.0.2")
	await.True(t, "its records are answered", func() bool { return len(d.addresses("web.s.prod.example.com.")) == 2 })

	d.cmd.Process.Signal(syscall.SIGTERM)
	if err := d.ended(t); err != nil {
		t.Errorf("after TERM dnsd ends with %v:\n%s", err, d.said())
	}
	second := running(t, dir)
	if second == 0 {
		t.Error("TERM to dnsd ended the store")
	}

	t.Run("a store that listens elsewhere than wanted is replaced", func(t *testing.T) {
		moved := "http://" + etcdtest.Address()
		d := start(t, append(args, "--embed-etcd-listen="+moved)...)
		await.True(t, "another store runs", func() bool { now := running(t, dir); return now != 0 && now != second })
		await.True(t, "its records are answered", func() bool { return len(d.addresses("web.s.prod.example.com.")) == 2 })
	})
}

// hostFile is a host.json that lists nothing of this machine.
func hostFile(t *testing.T) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "host.json")
	if err := os.WriteFile(file, []byte(`{"version":1,"host":"node-1","domain":"prod.example.com","label":"s"}`), 0o644); err != nil {
		t.Fatal(err)
	}
	return file
}

func TestAFolderOfANewerEtcdIsNamed(t *testing.T) {
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "version"), []byte("99.1.0\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	d := start(t, "--zone=s.prod.example.com", "--listen=127.0.0.1:0", "--metrics=", "--host-config="+hostFile(t), "--embed-etcd="+dir, "--embed-etcd-listen=http://"+etcdtest.Address())
	await.True(t, "dnsd says why the store does not start", func() bool {
		return strings.Contains(d.said(), "store folder "+dir+": its data was written by etcd 99.1.0")
	})
}

func TestAnAddressInUseIsNamed(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	d := start(t, "--zone=s.prod.example.com", "--listen="+l.Addr().String(), "--metrics=", "--host-config="+hostFile(t), "--etcd=http://127.0.0.1:1")
	if err := d.ended(t); err == nil || !strings.Contains(d.said(), "dnsd: listen on "+l.Addr().String()) {
		t.Errorf("dnsd ends with %v:\n%s", err, d.said())
	}
}
