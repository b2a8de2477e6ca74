package stacking

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/containerd/errdefs"

	"rundock/internal/await"
	"rundock/internal/control"
	"rundock/internal/registry/etcd"
	"rundock/internal/registry/etcdtest"
	"rundock/internal/stack/network"
	"rundock/internal/stack/release"
)

// TestMain has this program be what holds locks, too.
func TestMain(m *testing.M) {
	if len(os.Args) == 2 && os.Args[1] == "hold" {
		store, err := etcd.Open(etcd.Config{Endpoints: []string{os.Getenv("STACKING_TEST_STORE")}}, slog.New(slog.DiscardHandler))
		if err == nil {
			err = holdMain(context.Background(), store, os.Getenv("STACKING_TEST_DIR"), os.Stdin, os.Stdout)
		}
		if err != nil {
			os.Exit(1)
		}
		os.Exit(0)
	}
	etcdtest.Main(m)
}

// registryOf is an image registry: what each image is by digest.
type registryOf map[string]string

func (r registryOf) Resolve(_ context.Context, ref string) (string, error) {
	if digest := r[ref]; digest != "" {
		name, _, _ := strings.Cut(ref, ":")
		return name + "@sha256:" + digest, nil
	}
	return "", fmt.Errorf("no such image: %w", errdefs.ErrNotFound)
}

// bench is a site of three hosts, whose runs a test makes.
type bench struct {
	*testing.T
	site   *site
	server *etcdtest.Server
	images registryOf
	hosts  map[string]json.RawMessage
	files  map[string]control.StackFile
	stack  string
	run    string
}

func newBench(t *testing.T) *bench {
	t.Helper()
	server := etcdtest.Start(t, "embedded", nil)
	store, err := etcd.Open(etcd.Config{Endpoints: []string{server.URL}}, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { store.Close() })
	await.Nil(t, "the store answers", func() error { _, _, err := store.List(t.Context(), release.Prefix); return err })
	dir := t.TempDir()
	t.Setenv("STACKING_TEST_STORE", server.URL)
	t.Setenv("STACKING_TEST_DIR", dir)
	t.Cleanup(func() { killHolders(dir) }) // they would wait for the run's next call
	b := &bench{T: t, server: server, images: registryOf{"web:1": digit("a"), "web:2": digit("b"), "db:1": digit("c")}, hosts: map[string]json.RawMessage{}, files: map[string]control.StackFile{".env": {Absent: true}}, stack: "shop", run: "one"}
	b.site = &site{store: store, docker: b.images, host: "node-1", domain: "s.example.com", keyPath: filepath.Join(dir, "stack.key"), buildsDir: filepath.Join(dir, "builds"), runDir: dir, program: os.Args[0], now: time.Now}
	for i := 1; i <= 3; i++ {
		b.hosts[fmt.Sprint("node-", i)] = json.RawMessage(fmt.Sprintf(`{"version":1,"groups":["back"],"labels":{"zone":"%d"},"arch":"amd64","private_address":"10.0.0.%d","capacity":{"cpus":4,"memory":8000000000}}`, i, i))
	}
	return b
}

// killHolders kills what holds locks for the runs of a test, which dir is of.
func killHolders(dir string) {
	processes, _ := filepath.Glob("/proc/[0-9]*")
	for _, p := range processes {
		// One that has ended meanwhile has neither.
		command, _ := os.ReadFile(p + "/cmdline")
		environ, _ := os.ReadFile(p + "/environ")
		if bytes.HasSuffix(command, []byte("\x00hold\x00")) && bytes.Contains(environ, []byte("STACKING_TEST_DIR="+dir+"\x00")) {
			if pid, err := strconv.Atoi(filepath.Base(p)); err == nil {
				syscall.Kill(pid, syscall.SIGKILL)
			}
		}
	}
}

func digit(d string) string { return strings.Repeat(d, 64) }

// write gives the project a compose file.
func (b *bench) write(text string) { b.files["compose.yaml"] = control.StackFile{Data: []byte(text)} }

// ask makes a call.
func (b *bench) ask(step control.StackStep, change ...func(*control.StackRequest)) control.StackAnswer {
	b.Helper()
	q := control.StackRequest{
		Version: control.Version, Step: step, Name: b.stack, Run: b.run, Who: "ada", Compose: []string{"compose.yaml"}, Files: b.files, Hosts: b.hosts,
		Patience: 600, Timeout: 60,
	}
	for _, c := range change {
		c(&q)
	}
	in, err := json.Marshal(q)
	if err != nil {
		b.Fatal(err)
	}
	var out strings.Builder
	if err := b.site.ctl(b.Context(), strings.NewReader(string(in)), &out); err != nil {
		b.Fatalf("%s: %v", step, err)
	}
	var a control.StackAnswer
	if err := json.Unmarshal([]byte(out.String()), &a); err != nil {
		b.Fatal(err)
	}
	return a
}

// must is ask that has to succeed.
func (b *bench) must(step control.StackStep, change ...func(*control.StackRequest)) control.StackAnswer {
	b.Helper()
	a := b.ask(step, change...)
	if a.Error != "" || len(a.Wants) > 0 {
		b.Fatalf("%s: %s %v", step, a.Error, a.Wants)
	}
	return a
}

func absent(q *control.StackRequest) { q.Absent, q.Compose, q.Files = true, nil, nil }

// roll does the waves of a begun release up to the one that is called stop; "": all.
func (b *bench) roll(a control.StackAnswer, stop string) {
	b.Helper()
	for _, w := range a.Waves {
		if w.Title == stop {
			return
		}
		b.must(control.StackWave, func(q *control.StackRequest) { q.Wave = w.Number })
		if w.Commit {
			b.must(control.StackCommit)
		}
	}
}

// deploy does a whole run.
func (b *bench) deploy(change ...func(*control.StackRequest)) control.StackAnswer {
	b.Helper()
	a := b.must(control.StackBegin, change...)
	if len(a.Waves) > 0 {
		b.roll(a, "")
		b.must(control.StackDone)
		b.must(control.StackEnd)
	}
	return a
}

// view is what the store has.
func (b *bench) view() release.View {
	b.Helper()
	v, err := release.Load(b.Context(), b.site.store, b.stack)
	if err != nil {
		b.Fatal(err)
	}
	return v
}

// keys are what the store has of stacks: keys, and networks.
func (b *bench) keys() (all []string) {
	b.Helper()
	listed, _, err := b.site.store.List(b.Context(), release.Prefix)
	if err != nil {
		b.Fatal(err)
	}
	for _, l := range listed {
		all = append(all, l.Key)
	}
	ledger, err := network.Read(b.Context(), b.site.store)
	if err != nil {
		b.Fatal(err)
	}
	return append(all, sortedKeys(ledger.Networks)...)
}
