package slotlock

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"rundock/internal/await"
	"rundock/internal/registry/etcd"
	"rundock/internal/registry/etcdtest"
	"rundock/internal/registry/local"
	"rundock/internal/registry/local/serve"
	"rundock/internal/registry/registrytest"
)

// child in the environment makes this test binary a process of a host.
const child = "RUNDOCK_TEST_SLOT_CHILD"

// childProcess is what a host of a chaotic site runs: a store agent, a runner, and containers,
// which outlive their runner. A container is whoever has the flock of one file.
type childProcess struct {
	Kind string // agent, runner, container
	Dir  string // of the host
	Site string // folder of all hosts
	Host string
	Main bool
	Etcd string
}

func TestMain(m *testing.M) {
	setting := os.Getenv(child)
	if setting == "" {
		etcdtest.Main(m)
		return
	}
	var c childProcess
	if err := json.Unmarshal([]byte(setting), &c); err != nil {
		panic(err)
	}
	switch c.Kind {
	case "agent":
		panic(c.agent())
	case "runner":
		c.runner()
	case "container":
		c.container()
	}
}

func (c childProcess) socket() string { return filepath.Join(c.Dir, "store.sock") }

func (c childProcess) command() *exec.Cmd {
	setting, err := json.Marshal(c)
	if err != nil {
		panic(err)
	}
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), child+"="+string(setting))
	return cmd
}

func (c childProcess) agent() error {
	log := slog.New(slog.NewTextHandler(os.Stderr, nil))
	store, err := etcd.Open(etcd.Config{Endpoints: []string{c.Etcd}}, log)
	if err != nil {
		return err
	}
	l, err := serve.Listen(c.socket(), filepath.Join(c.Dir, "private"))
	if err != nil {
		return err
	}
	return serve.New(store, filepath.Join(c.Dir, "private/held.json"), log).Run(context.Background(), l)
}

// Times of a chaotic site: who is away for as long as away is back before its container
// may run elsewhere.
const (
	chaosTTL, chaosMargin = 12 * time.Second, 7 * time.Second
	away                  = 3 * time.Second
)

// runner is one as package runner has it: it adopts a container that it finds.
func (c childProcess) runner() {
	log := slog.New(slog.NewTextHandler(os.Stderr, nil))
	g := &Guard{Lock: Lock{
		Store: local.Open(c.socket(), log), Key: key, Own: Holder{ID: c.Host + "/shop-db-1", Host: c.Host}, Main: c.Main,
		Margin: chaosMargin, Log: log, Free: 2 * time.Second, TTL: chaosTTL,
	}}
	g.Start(context.Background(), time.Second)
	pidFile := filepath.Join(c.Dir, "container.pid")
	for {
		state, changed := g.Now()
		pid := running(pidFile)
		switch {
		case state.Held && pid == 0:
			c.Kind = "container"
			cmd := c.command()
			cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
			noted, err := cmd.StdinPipe()
			if err == nil {
				err = cmd.Start()
			}
			if err != nil {
				panic(err)
			}
			go cmd.Wait()
			_, started := processOf(cmd.Process.Pid)
			os.WriteFile(pidFile, []byte(strconv.Itoa(cmd.Process.Pid)+" "+started), 0o600)
			noted.Write([]byte{1})
			log.Info("started", "pid", cmd.Process.Pid)
		case !state.Held && pid != 0:
			syscall.Kill(pid, syscall.SIGKILL)
			log.Info("stopped", "pid", pid, "state", state)
		}
		select {
		case <-changed:
		case <-time.After(50 * time.Millisecond):
		}
	}
}

// running is the process of a pid file; 0 once that has let go of all its files. Its number
// may be another's by then, so that the file has the time when it was started as well.
func running(file string) int {
	text, _ := os.ReadFile(file)
	number, started, _ := strings.Cut(string(text), " ")
	pid, _ := strconv.Atoi(number)
	if state, now := processOf(pid); state == "" || state == "Z" || state == "X" || now != started {
		return 0
	}
	return pid
}

// processOf is the state of a process, and when it was started in ticks after the boot.
func processOf(pid int) (state, started string) {
	stat, _ := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	// The name, in parentheses, may have spaces.
	fields := strings.Fields(string(stat[bytes.LastIndexByte(stat, ')')+1:]))
	if len(fields) < 20 {
		return "", ""
	}
	return fields[0], fields[19]
}

// container has the flock of its slot, or is a second one. It begins once its runner has noted
// it: one that is killed before leaves none that no runner knows of, as Docker leaves none.
func (c childProcess) container() {
	if n, _ := os.Stdin.Read(make([]byte, 1)); n == 0 {
		return
	}
	f, err := os.OpenFile(filepath.Join(c.Site, "slot"), os.O_CREATE|os.O_RDWR, 0o600)
	if err == nil {
		err = syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
	}
	if err != nil {
		note(filepath.Join(c.Site, "second"), fmt.Sprintf("%s %s: %v\n", time.Now().Format("15:04:05.000"), c.Host, err))
	}
	note(filepath.Join(c.Site, "starts"), c.Host+"\n")
	select {}
}

func note(file, line string) {
	f, err := os.OpenFile(file, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		panic(err)
	}
	defer f.Close()
	if _, err := f.WriteString(line); err != nil {
		panic(err)
	}
}

// TestNeverTwoRun: whatever of a site is killed, hangs, or is cut off, for as long as the
// package says, one container of the slot runs at most; and at the end one does.
func TestNeverTwoRun(t *testing.T) {
	if testing.Short() {
		t.Skip("it takes a minute")
	}
	t.Parallel()
	e := etcdtest.Start(t, "embedded", nil)
	dir, err := os.MkdirTemp("", "slot")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	var agents, runners []*registrytest.Process
	for n, host := range []string{"one", "two"} {
		c := childProcess{Dir: filepath.Join(dir, host), Site: dir, Host: host, Main: n == 0, Etcd: e.URL}
		t.Cleanup(func() {
			if pid := running(filepath.Join(c.Dir, "container.pid")); pid != 0 {
				syscall.Kill(pid, syscall.SIGKILL)
			}
		})
		for kind, all := range map[string]*[]*registrytest.Process{"agent": &agents, "runner": &runners} {
			c.Kind = kind
			p := &registrytest.Process{T: t, Name: kind + " of " + host, Dir: filepath.Join(t.TempDir(), kind), Command: c.command}
			p.Start()
			*all = append(*all, p)
		}
	}
	seed := uint64(time.Now().UnixNano())
	random := rand.New(rand.NewPCG(seed, 0))
	upTo := func(d time.Duration) {
		time.Sleep(time.Duration(random.Int64N(int64(d)))) // how long something is away is what is tried
	}
	for range 16 {
		n := random.IntN(2)
		switch what := random.IntN(6); what {
		case 0:
			t.Logf("runner of %d killed", n)
			runners[n].Kill()
			upTo(away / 2) // it looks a second for the lock, too
			runners[n].Restart()
		case 1:
			t.Logf("runner of %d hangs", n)
			runners[n].Freeze()
			upTo(away)
			runners[n].Thaw()
		case 2:
			t.Logf("agent of %d killed", n)
			agents[n].Kill()
			upTo(chaosTTL)
			agents[n].Restart()
		case 3:
			t.Logf("agent of %d hangs", n)
			agents[n].Freeze()
			upTo(2 * chaosTTL)
			agents[n].Thaw()
		case 4:
			t.Log("the store hangs")
			e.Freeze()
			upTo(chaosTTL)
			e.Thaw()
		case 5:
			t.Log("the store is killed")
			e.Kill()
			upTo(chaosTTL)
			e.Restart()
		}
		upTo(away)
	}
	await.True(t, "one runs", func() bool {
		return running(filepath.Join(dir, "one/container.pid")) != 0 || running(filepath.Join(dir, "two/container.pid")) != 0
	})
	starts, _ := os.ReadFile(filepath.Join(dir, "starts"))
	t.Logf("seed %d, containers: %s", seed, strings.Join(strings.Fields(string(starts)), " "))
	if second, err := os.ReadFile(filepath.Join(dir, "second")); err == nil {
		t.Errorf("there was a second container:\n%s", second)
	}
}
