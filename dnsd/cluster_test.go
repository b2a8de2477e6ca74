package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"rundock/dnsd/store"
	"rundock/internal/await"
	"rundock/internal/registry"
	"rundock/internal/registry/etcd"
	"rundock/internal/registry/etcdtest"

	"go.etcd.io/etcd/api/v3/v3rpc/rpctypes"
	clientv3 "go.etcd.io/etcd/client/v3"
	"go.uber.org/zap"
)

// A keeper is a host that keeps a member: a dnsd, and the store that it runs.
type keeper struct {
	t                       *testing.T
	name, dir, client, peer string
	lone                    bool     // without a URL for peers
	listen, peers           []string // where it has more than client and peer
	certificates            []string // flags, for etcd's clients
	members                 []string // flags, for etcd itself
	dnsd                    *daemon
}

// A cluster is hosts that keep one.
type keepers []*keeper

func newKeepers(t *testing.T, names string) (all keepers) {
	for name := range strings.FieldsSeq(names) {
		// Hosts are told apart by their addresses.
		_, clientPort, _ := net.SplitHostPort(etcdtest.Address())
		_, peerPort, _ := net.SplitHostPort(etcdtest.Address())
		ip := etcdtest.Host().To4()
		ip[1] += 64 + name[0] - 'a'
		k := &keeper{t: t, name: name, dir: filepath.Join(t.TempDir(), "store"), client: fmt.Sprintf("http://%s:%s", ip, clientPort), peer: fmt.Sprintf("http://%s:%s", ip, peerPort)}
		t.Cleanup(k.lose)
		all = append(all, k)
	}
	return all
}

func (all keepers) clients() (urls []string) {
	for _, k := range all {
		urls = append(urls, k.client)
	}
	return urls
}

func (all keepers) start() { all.startAmong(all) }

// startAmong starts some hosts of a cluster.
func (some keepers) startAmong(all keepers) {
	for _, k := range some {
		listen, peers := []string{k.client}, []string{k.peer}
		if k.listen != nil {
			listen, peers = k.listen, k.peers
		}
		args := []string{"--zone=s.prod.example.com", "--listen=127.0.0.1:0", "--metrics=", "--host-config=" + hostFile(k.t), "--embed-etcd=" + k.dir,
			"--embed-etcd-listen=" + strings.Join(listen, ","), "--etcd=" + strings.Join(all.clients(), ",")}
		if !k.lone {
			args = append(args, "--embed-etcd-peer="+strings.Join(peers, ","), "--embed-etcd-name="+k.name)
		}
		k.dnsd = start(k.t, slices.Concat(args, k.certificates, k.members)...)
	}
}

// lose is power loss: dnsd and its store are gone.
func (k *keeper) lose() {
	if k.dnsd != nil {
		k.dnsd.cmd.Process.Kill()
		k.dnsd.ended(k.t)
		k.dnsd = nil
	}
	k.killStore()
}

func (k *keeper) killStore() {
	pid := running(k.t, k.dir)
	if pid == 0 {
		return
	}
	await.True(k.t, "its store is gone", func() bool {
		syscall.Kill(pid, syscall.SIGKILL)
		return running(k.t, k.dir) != pid
	})
}

// align is dnsd cluster align, of hosts that are found where all are.
func (all keepers) align(t *testing.T, wanted keepers, more ...string) (string, error) {
	t.Helper()
	var members []string
	for _, k := range wanted {
		members = append(members, k.name+"="+k.peer)
	}
	args := []string{"cluster", "align", "--zone=s.prod.example.com", "--host-config=" + hostFile(t), "--etcd=" + strings.Join(all.clients(), ","), "--members=" + strings.Join(members, ",")}
	// That it waits for something depends on how busy the machine is.
	out, said, err := typedApart(slices.Concat(args, all[0].certificates, more)...)
	if err != nil {
		out += said
	}
	return out, err
}

// aligned is align that has its success, and then nothing to do.
func (all keepers) aligned(t *testing.T, wanted keepers, more ...string) string {
	t.Helper()
	out, err := all.align(t, wanted, more...)
	if err != nil {
		t.Fatalf("align gives %v:\n%s", err, out)
	}
	if again, err := all.align(t, wanted, more...); err != nil || again != "" {
		t.Errorf("aligned again it gives %v and says:\n%s", err, again)
	}
	return out
}

func (all keepers) etcd(t *testing.T) *clientv3.Client {
	t.Helper()
	client, err := clientv3.New(clientv3.Config{Endpoints: all.clients(), Logger: zap.NewNop()})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { client.Close() })
	return client
}

// A writer writes one key after the other, for as long as the test lasts, and
// knows which were acknowledged.
type writer struct{ done atomic.Int64 }

func write(t *testing.T, client *clientv3.Client, prefix string) *writer {
	w := &writer{}
	ctx, stop := context.WithCancel(context.Background())
	ended := make(chan struct{})
	t.Cleanup(func() { stop(); <-ended })
	go func() {
		defer close(ended)
		for n := int64(0); ctx.Err() == nil; {
			once, cancel := context.WithTimeout(ctx, time.Second)
			if _, err := client.Put(once, fmt.Sprintf("%s/%d", prefix, n), "x"); err == nil {
				n++
				w.done.Store(n)
			}
			cancel()
		}
	}()
	return w
}

// goesOn waits until more was written.
func (w *writer) goesOn(t *testing.T, when string) {
	t.Helper()
	await.True(t, "writing goes on "+when, func(from int64) func() bool {
		return func() bool { return w.done.Load() > from+20 }
	}(w.done.Load()))
}

// kept fails where a write that was acknowledged is not in the store of k.
func (w *writer) kept(t *testing.T, prefix string, k *keeper) {
	t.Helper()
	n := w.done.Load()
	client := keepers{k}.etcd(t)
	await.Nil(t, "all that was acknowledged is in "+k.name, func() error {
		got, err := client.Get(t.Context(), prefix+"/", clientv3.WithPrefix(), clientv3.WithCountOnly())
		if err == nil && got.Count < n {
			err = fmt.Errorf("%d keys of %d", got.Count, n)
		}
		return err
	})
}

// answering waits until dnsd cluster says that so many members answer, and returns what it says.
func (all keepers) answering(t *testing.T, count int, more ...string) (says string) {
	t.Helper()
	args := append([]string{"cluster", "--zone=s.prod.example.com", "--host-config=" + hostFile(t), "--etcd=" + strings.Join(all.clients(), ",")}, more...)
	await.Empty(t, fmt.Sprint(count, " members answer"), func() string {
		var err error
		says, err = typed(args...)
		if err != nil || strings.Count(says, "answers\n") != count {
			return fmt.Sprintf("dnsd cluster gives %v:\n%s", err, says)
		}
		return ""
	})
	return says
}

// TestCluster has three hosts begin a cluster, and loses parts of it while
// somebody writes.
func TestCluster(t *testing.T) {
	all := newKeepers(t, "a b c d")
	abc, abd := all[:3], keepers{all[0], all[1], all[3]}
	abc.start()
	await.True(t, "a member without data says what it waits for", func() bool { return strings.Contains(all[1].dnsd.said(), "has no data and waits for a cluster") })

	begin := []string{"--begin", "--dir=" + all[0].dir, "--empty=a,b,c"}
	if out, err := abc.align(t, abc, append(begin, "--check")...); err != nil || out != "would begin a cluster\nwould add b\nwould add c\n" {
		t.Errorf("check gives %v and says:\n%s", err, out)
	}
	if out := abc.aligned(t, abc, begin...); out != "began a cluster\nadded b, without a vote yet\ngiven b its vote\nadded c, without a vote yet\ngiven c its vote\n" {
		t.Errorf("three hosts begin a cluster with:\n%s", out)
	}
	abc.answering(t, 3)
	w := write(t, abc.etcd(t), "/w")
	w.goesOn(t, "with three")

	t.Run("a member that is killed is back by itself", func(t *testing.T) {
		all[0].killStore()
		w.goesOn(t, "with two")
		abc.answering(t, 3)
		w.kept(t, "/w", all[0])
	})
	t.Run("a member that was away for long", func(t *testing.T) {
		all[2].lose()
		w.goesOn(t, "without it")
		if out := abc.aligned(t, abc); out != "" {
			t.Errorf("it has data, and align says:\n%s", out)
		}
		client, upTo := (keepers{all[0]}).etcd(t), w.done.Load()
		await.Nil(t, "what it missed is compacted", func() error {
			if _, err := client.Compact(t.Context(), upTo); !errors.Is(err, rpctypes.ErrCompacted) { // by a try whose answer was lost
				return err
			}
			return nil
		})
		abc[2:].startAmong(abc)
		w.kept(t, "/w", all[2])
	})
	t.Run("without a majority nothing is written, and nothing lost", func(t *testing.T) {
		all[1].lose()
		all[2].lose()
		before := w.done.Load()
		if out, err := abc.align(t, abd, "--check"); err == nil || !strings.Contains(out, "members of the cluster: ") {
			t.Errorf("align without a majority gives %v:\n%s", err, out)
		}
		if now := w.done.Load(); now > before+1 {
			t.Errorf("%d keys were acknowledged without a majority", now-before)
		}
		abc[1:].startAmong(abc)
		w.goesOn(t, "once there is a majority again")
		w.kept(t, "/w", all[1])
	})
	t.Run("a member whose data are gone has them again", func(t *testing.T) {
		all[2].lose()
		if err := os.RemoveAll(all[2].dir); err != nil {
			t.Fatal(err)
		}
		abc[2:].startAmong(abc)
		if out := abc.aligned(t, abc, "--empty=c"); out != "removed c: its data are gone\nadded c, without a vote yet\ngiven c its vote\n" {
			t.Errorf("align says:\n%s", out)
		}
		w.goesOn(t, "with another member in its place")
		w.kept(t, "/w", all[2])
	})
	t.Run("a host that is gone is replaced by another, and waits when it is back", func(t *testing.T) {
		all[2].lose()
		abd[2:].startAmong(all)
		out := all.aligned(t, abd, "--empty=d")
		if !strings.HasPrefix(out, "removed c (") || !strings.HasSuffix(out, "added d, without a vote yet\ngiven d its vote\n") {
			t.Errorf("align says:\n%s", out)
		}
		w.kept(t, "/w", all[3])
		all[2:3].startAmong(all)
		await.True(t, "the data of the one that was removed are put aside", func() bool {
			aside, _ := filepath.Glob(all[2].dir + "/data.removed-*")
			return len(aside) == 1
		})
		await.True(t, "it waits for a place", func() bool { return strings.Contains(all[2].dnsd.said(), "waits for a place in the cluster") })
		w.goesOn(t, "beside it")
		if out := all.aligned(t, all[:3], "--empty=c"); !strings.HasPrefix(out, "added c") || !strings.Contains(out, "removed d (") {
			t.Errorf("back in its place align says:\n%s", out)
		}
		w.kept(t, "/w", all[2])
	})
	t.Run("it shrinks to one", func(t *testing.T) {
		abc.aligned(t, abc[:1])
		w.kept(t, "/w", all[0])
		if got := abc[:1].answering(t, 1); strings.Count(got, "\n") != 2 {
			t.Errorf("dnsd cluster says:\n%s", got)
		}
	})
}

// TestALoneStoreGrows has what a site had before become the first of three, while
// a record is held and others are written.
func TestALoneStoreGrows(t *testing.T) {
	all := newKeepers(t, "a b c")
	all[0].lone = true
	all[:1].start()
	client := all[:1].etcd(t)
	await.Nil(t, "a key is written", func() error {
		_, err := client.Put(t.Context(), "/kept", "x")
		return err
	})
	held := hold(t, etcd.Config{Endpoints: all.clients()})
	w := write(t, all.etcd(t), "/w")
	w.goesOn(t, "with one")

	if out, err := all.align(t, all[:1]); err != nil || out != "" {
		t.Errorf("a site of one that stays is changed: %v\n%s", err, out)
	}
	all[0].dnsd.cmd.Process.Signal(syscall.SIGTERM)
	if err := all[0].dnsd.ended(t); err != nil {
		t.Fatal(err)
	}
	all[0].lone = false
	all.start()
	out := all.aligned(t, all, "--empty=b,c")
	if !strings.HasPrefix(out, "told that a is reached at ") || strings.Count(out, "its vote") != 2 {
		t.Errorf("align says:\n%s", out)
	}
	w.goesOn(t, "with three")
	for _, k := range all {
		w.kept(t, "/w", k)
	}
	all[0].lose()
	w.goesOn(t, "without the first one")
	others := all[1:].etcd(t)
	await.Nil(t, "what was there before is there", func() error {
		got, err := others.Get(t.Context(), "/kept")
		if err == nil && got.Count != 1 {
			err = fmt.Errorf("there are %d keys", got.Count)
		}
		return err
	})
	if lost := held.lost.Load(); lost != "" {
		t.Errorf("the record that was held was gone: %s", lost)
	}
}

// TestARestoredStore is a cluster of its own: the two members of three that were away when
// the third was restored are a majority, and yet give way to it.
func TestARestoredStore(t *testing.T) {
	all := newKeepers(t, "a b c")
	all.start()
	all.aligned(t, all, "--begin", "--dir="+all[0].dir, "--empty=a,b,c")
	client := all.etcd(t)
	put := func(key string) {
		t.Helper()
		await.Nil(t, key+" is written", func() error {
			_, err := client.Put(t.Context(), key, "x")
			return err
		})
	}
	put("/before")
	file := filepath.Join(t.TempDir(), "backup.db")
	if out, err := typed("store", "backup", "--dir", all[0].dir, file); err != nil {
		t.Fatalf("backup: %v\n%s", err, out)
	}
	put("/after")
	for _, k := range all {
		k.lose()
	}
	if out, err := typed("store", "restore", "--dir", all[0].dir, file); err != nil {
		t.Fatalf("restore: %v\n%s", err, out)
	}
	all[:1].startAmong(all)
	put("/restored")

	all[1:].startAmong(all)
	for _, k := range all[1:] {
		await.True(t, "the data of "+k.name+" are put aside", func() bool {
			aside, _ := filepath.Glob(k.dir + "/data.before-*")
			return len(aside) == 1
		})
	}
	if out := all.aligned(t, all, "--empty=b,c"); strings.Count(out, "its vote") != 2 {
		t.Errorf("align says:\n%s", out)
	}
	all[0].lose()
	await.True(t, "the others have what the backup had, and what came after it", func() bool {
		got, err := client.Get(t.Context(), "/", clientv3.WithPrefix(), clientv3.WithKeysOnly())
		if err != nil {
			return false
		}
		var keys []string
		for _, kv := range got.Kvs {
			keys = append(keys, string(kv.Key))
		}
		return strings.Join(keys, " ") == "/before /restored"
	})
}

type holding struct{ lost atomic.Value }

// hold holds a record with the client that sidecars have, and notes when it is
// not in the store.
func hold(t *testing.T, cfg etcd.Config) *holding {
	h := &holding{}
	h.lost.Store("")
	client, err := etcd.Open(cfg, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	lease, err := client.NewLease(time.Minute) // which a busy machine does not let run out
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.Background())
	ended := make(chan struct{}, 3)
	go func() { lease.Run(ctx); ended <- struct{}{} }()
	there := make(chan struct{}, 1)
	go func() {
		lease.Hold(ctx, []registry.Item{{Key: "/skydns/com/example/prod/s/web/a", Value: []byte(`{"host":"10.1.0.1","id":"1"}`), ID: "1"}}, func(registry.HoldState) {})
		ended <- struct{}{}
	}()
	go func() {
		seen := false
		client.Watch(ctx, "/skydns/", func(b registry.Batch) {
			if seen && b.Complete && len(b.Changes) == 0 || slices.ContainsFunc(b.Changes, func(c registry.Change) bool { return c.Value == nil }) {
				h.lost.Store(fmt.Sprintf("%+v", b))
			}
			if !seen && len(b.Changes) > 0 {
				seen = true
				there <- struct{}{}
			}
		}, func(error) {})
		ended <- struct{}{}
	}()
	t.Cleanup(func() {
		stop()
		for range 3 {
			<-ended
		}
		client.Close()
	})
	select {
	case <-there:
	case <-time.After(patience):
		t.Fatal("the record is not held")
	}
	return h
}

func TestCluster_refuses(t *testing.T) {
	dir := t.TempDir()
	for _, c := range []struct{ want, args string }{
		{"--members: 2 members tolerate the loss of no more than 1 do: want 1, 3 or 5", "align --members a=http://10.0.0.1:2380,b=http://10.0.0.2:2380"},
		{"--members: no member is wanted", "align"},
		{`--members: "a": want NAME=http://IP:port`, "align --members a"},
		{"--members: a=http://10.0.0.2:2380 is there twice", "align --members a=http://10.0.0.1:2380,a=http://10.0.0.2:2380,c=http://10.0.0.3:2380"},
		{"--empty: b is none of --members", "align --members a=http://10.0.0.1:2380 --empty b"},
		{"--begin: of the store in which --dir?", "align --members a=http://10.0.0.1:2380 --begin"},
		{`unexpected "grow"`, "grow"},
		{"etcd: ", ""},
	} {
		args := append([]string{"cluster"}, strings.Fields(c.args)...)
		out, err := typed(append(args, "--zone=s.prod.example.com", "--host-config="+hostFile(t), "--etcd=http://127.0.0.1:1")...)
		if err == nil || !strings.Contains(out, c.want) {
			t.Errorf("dnsd cluster %s gives %v, want %q:\n%s", c.args, err, c.want, out)
		}
	}
	if pid, err := store.Running(dir); pid != 0 || err != nil {
		t.Errorf("a store runs: %d, %v", pid, err)
	}
}
