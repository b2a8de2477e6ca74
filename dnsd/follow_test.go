package main

import (
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"regexp"
	"strings"
	"syscall"
	"testing"

	"rundock/dnsd/snapshot"
	"rundock/internal/await"
	"rundock/internal/registry/etcdtest"

	clientv3 "go.etcd.io/etcd/client/v3"
	"go.uber.org/zap"
)

func put(t *testing.T, client *clientv3.Client, names ...string) {
	t.Helper()
	for i, name := range names {
		if _, err := client.Put(t.Context(), "/skydns/com/example/prod/s/"+name, fmt.Sprintf(`{"host":"10.1.0.%d"}`, i+1)); err != nil {
			t.Fatal(err)
		}
	}
}

func (d *daemon) answers(names ...string) bool {
	for _, name := range names {
		if len(d.addresses(name+".s.prod.example.com.")) != 1 {
			return false
		}
	}
	return true
}

// metric is the value of a metric without labels.
func metric(t *testing.T, address, name string) string {
	t.Helper()
	resp, err := http.Get("http://" + address + "/metrics")
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	page, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	found := regexp.MustCompile(`(?m)^` + name + ` (.*)$`).FindSubmatch(page)
	if found == nil {
		t.Fatalf("no metric %s", name)
	}
	return string(found[1])
}

// following are the arguments of a dnsd of etcd.
func following(t *testing.T, etcd *etcdtest.Server, more ...string) []string {
	return append([]string{"--zone=s.prod.example.com", "--listen=127.0.0.1:0", "--metrics=", "--host-config=" + hostFile(t), "--etcd=" + etcd.URL}, more...)
}

func TestAStartWithoutEtcdAnswersFromTheSnapshot(t *testing.T) {
	etcd, dir, metrics := etcdtest.Start(t, "embedded", nil), t.TempDir(), etcdtest.Address()
	args := following(t, etcd, "--metrics="+metrics, "--snapshot="+dir, "--snapshot-interval=1")
	put(t, etcd.Admin(), "a", "b", "odd\\047name")
	d := start(t, args...)
	await.True(t, "a snapshot is written", func() bool { return metric(t, metrics, "dnsd_snapshot_bytes") != "0" })
	if got := metric(t, metrics, "dnsd_table_from_snapshot"); got != "0" {
		t.Errorf("beside its store dnsd_table_from_snapshot is %s", got)
	}
	d.cmd.Process.Kill()
	d.ended(t)
	etcd.Kill()

	d = start(t, args...)
	await.True(t, "what was known is answered", func() bool { return d.answers("a", "b", `odd\/name`) })
	await.True(t, "dnsd says that it is stale", func() bool { return strings.Contains(d.said(), "STALE: answering from a snapshot") })
	if from, up := metric(t, metrics, "dnsd_table_from_snapshot"), metric(t, metrics, "dnsd_registry_up"); from != "1" || up != "0" {
		t.Errorf("dnsd_table_from_snapshot is %s, dnsd_registry_up %s", from, up)
	}
	etcd.Restart()
	await.True(t, "the store is followed", func() bool { return metric(t, metrics, "dnsd_registry_up") == "1" })
	if got := metric(t, metrics, "dnsd_table_from_snapshot"); got != "0" {
		t.Errorf("with the store back dnsd_table_from_snapshot is %s", got)
	}
	put(t, etcd.Admin(), "c")
	await.True(t, "changes are followed", func() bool { return d.answers("a", "c") })
	d.cmd.Process.Kill()
	d.ended(t)
	etcd.Kill()

	if err := os.WriteFile(snapshot.Path(dir), []byte("damaged"), 0o600); err != nil {
		t.Fatal(err)
	}
	d = start(t, args...)
	await.True(t, "a damaged snapshot is named", func() bool {
		return strings.Contains(d.said(), "snapshot is ignored") && strings.Contains(d.said(), snapshot.Path(dir))
	})
	etcd.Restart()
	await.True(t, "it answers once the store is there", func() bool { return d.answers("a", "b", "c") })
}

func TestLossesOfAWipedStoreAreRetainedUntilTold(t *testing.T) {
	etcd, metrics := etcdtest.Start(t, "embedded", nil), etcdtest.Address()
	all := []string{"a", "b", "c", "d", "e", "f"}
	put(t, etcd.Admin(), all...)
	d := start(t, following(t, etcd, "--metrics="+metrics, "--loss-hold=3600")...)
	await.True(t, "all is answered", func() bool { return d.answers(all...) })

	etcd.Kill()
	etcd.Wipe()
	etcd.Restart()
	await.True(t, "the losses are named", func() bool {
		return strings.Contains(d.said(), "LOSSES RETAINED") && strings.Contains(d.said(), "missing=6 of=6") && strings.Contains(d.said(), "/skydns/com/example/prod/s/")
	})
	if got := metric(t, metrics, "dnsd_table_held_records"); got != "6" || !d.answers(all...) {
		t.Errorf("dnsd_table_held_records is %s, all answered: %v", got, d.answers(all...))
	}

	admin := etcd.Admin()
	put(t, admin, "a", "b")
	await.True(t, "what comes back is retained no more", func() bool { return metric(t, metrics, "dnsd_table_held_records") == "4" })
	if _, err := admin.Delete(t.Context(), "/skydns/com/example/prod/s/a"); err != nil {
		t.Fatal(err)
	}
	await.True(t, "a watched deletion applies at once", func() bool { return !d.answers("a") })

	etcd.Kill()
	etcd.Restart()
	await.True(t, "another break leaves them retained", func() bool { return strings.Count(d.said(), "LOSSES RETAINED") >= 2 })
	if !d.answers(all[1:]...) {
		t.Error("another break drops them")
	}
	d.cmd.Process.Signal(syscall.SIGUSR1)
	await.True(t, "USR1 drops them", func() bool { return !d.answers("c") && !d.answers("f") && d.answers("b") })
	await.Equal(t, "dnsd_table_held_records", "0", func() string { return metric(t, metrics, "dnsd_table_held_records") })
}

func TestLossesOfARestoredBackupAreRetainedForAWhile(t *testing.T) {
	etcd := etcdtest.Start(t, "embedded", nil)
	put(t, etcd.Admin(), "a", "b")
	etcd.Kill()
	etcd.Backup()
	etcd.Restart()
	put(t, etcd.Admin(), "c", "d", "e")
	d := start(t, following(t, etcd, "--loss-hold=2")...)
	await.True(t, "all is answered", func() bool { return d.answers("a", "b", "c", "d", "e") })
	etcd.Kill()
	etcd.Restore()
	etcd.Restart()
	await.True(t, "the reason is named", func() bool {
		return strings.Contains(d.said(), "LOSSES RETAINED") && strings.Contains(d.said(), "the store went back from revision")
	})
	await.True(t, "they are dropped after a while", func() bool { return !d.answers("c") && !d.answers("d") && !d.answers("e") })
	if !d.answers("a", "b") || !strings.Contains(d.said(), "retained losses are dropped") {
		t.Errorf("what the backup has is answered: %v; dnsd said:\n%s", d.answers("a", "b"), d.said())
	}
}

// dial is a client of an etcd that no etcdtest started.
func dial(t *testing.T, url string) *clientv3.Client {
	t.Helper()
	client, err := clientv3.New(clientv3.Config{Endpoints: []string{url}, Logger: zap.NewNop()})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { client.Close() })
	return client
}

// Endpoints that fail are tried in turn, each with an error of its own.
func TestARegistryThatStaysAwayDoesNotFillTheLog(t *testing.T) {
	const tries = 30 // of connections, of which the client makes several before it complains
	tried := make(chan struct{}, tries)
	endpoint := func() string {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { l.Close() })
		go func() {
			for {
				conn, err := l.Accept()
				if err != nil {
					return
				}
				conn.Close()
				select {
				case tried <- struct{}{}:
				default:
				}
			}
		}()
		return "http://" + l.Addr().String()
	}
	d := start(t, "--zone=s.prod.example.com", "--listen=127.0.0.1:0", "--metrics=", "--snapshot=", "--host-config="+hostFile(t), "--etcd="+endpoint()+","+endpoint())
	for range tries {
		<-tried
	}
	away := regexp.MustCompile(`msg="store is away.*`)
	await.True(t, "it says that the store is away", func() bool { return away.MatchString(d.said()) })
	said := map[string]int{}
	for _, line := range away.FindAllString(d.said(), -1) {
		said[regexp.MustCompile(`:\d+->`).ReplaceAllString(line, "->")]++
	}
	for line, n := range said {
		if n > 1 {
			t.Errorf("it is logged %d times: %s", n, line)
		}
	}
}
