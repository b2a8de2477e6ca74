package serve

import (
	"context"
	"encoding/json"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"rundock/internal/registry"
	"rundock/internal/registry/etcd"
	"rundock/internal/registry/etcdtest"
	"rundock/internal/registry/local"
	"rundock/internal/registry/registrytest"
)

// child in the environment makes this test binary a process that can be killed:
// a server, or a client that holds a record.
const child = "RUNDOCK_TEST_STORE_CHILD"

// childSettings say which. A client has an Item.
type childSettings struct {
	Dir  string // of the server, with the socket
	Etcd string
	Item *registry.Item
	TTL  time.Duration
}

func TestMain(m *testing.M) {
	setting := os.Getenv(child)
	if setting == "" {
		etcdtest.Main(m)
		return
	}
	var c childSettings
	if err := json.Unmarshal([]byte(setting), &c); err != nil {
		panic(err)
	}
	panic(c.run(slog.New(slog.NewTextHandler(os.Stderr, nil))))
}

func (c childSettings) socket() string { return filepath.Join(c.Dir, "store.sock") }

func (c childSettings) run(log *slog.Logger) error {
	ctx := context.Background()
	if c.Item != nil {
		lease, err := local.Open(c.socket(), log).NewLease(c.TTL)
		if err != nil {
			return err
		}
		go lease.Run(ctx)
		return lease.Hold(ctx, []registry.Item{*c.Item}, func(registry.HoldState) {})
	}
	store, err := etcd.Open(etcd.Config{Endpoints: []string{c.Etcd}}, log)
	if err != nil {
		return err
	}
	l, err := Listen(c.socket(), filepath.Join(c.Dir, "private"))
	if err != nil {
		return err
	}
	return New(store, filepath.Join(c.Dir, "private/held.json"), log).Run(ctx, l)
}

// process starts c, to be killed and stopped.
func (c childSettings) process(t *testing.T, name string) *registrytest.Process {
	t.Helper()
	setting, err := json.Marshal(c)
	if err != nil {
		t.Fatal(err)
	}
	p := &registrytest.Process{T: t, Name: name, Dir: filepath.Join(t.TempDir(), "child")}
	p.Command = func() *exec.Cmd {
		cmd := exec.Command(os.Args[0])
		cmd.Env = append(os.Environ(), child+"="+string(setting))
		return cmd
	}
	p.Start()
	return p
}
