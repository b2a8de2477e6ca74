package shipper

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"rundock/internal/await"
	"rundock/internal/control"
	"rundock/supervisor/process"
)

// Tests start this program again, as what can be killed.
const (
	roleVariable   = "SHIPPER_TEST_ROLE"
	configVariable = "SHIPPER_TEST_CONFIG"
)

// shipped is the setup of a shipper in a process of its own.
type shipped struct {
	Settings                Settings
	Logs, SV, State, Status string
	Answer, Settle          time.Duration
}

func TestMain(m *testing.M) {
	var err error
	switch os.Getenv(roleVariable) {
	case "ship":
		err = shipAlone(os.Getenv(configVariable))
	case "fluent":
		err = receiveAlone(os.Getenv(configVariable))
	default:
		os.Exit(m.Run())
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func shipAlone(config string) error {
	var c shipped
	if err := json.Unmarshal([]byte(config), &c); err != nil {
		return err
	}
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM)
	defer stop()
	process.KeepSmall()
	return setup{
		settings: c.Settings, host: "node-1", logs: c.Logs, sv: c.SV, state: c.State, status: c.Status,
		timing: timing{answer: c.Answer, settle: c.Settle, first: 50 * time.Millisecond, longest: 200 * time.Millisecond, tell: 20 * time.Millisecond},
	}.run(ctx, slog.New(slog.NewTextHandler(os.Stderr, nil)))
}

// role starts this program in a role, and ends it with the test.
func role(t *testing.T, name string, config any) *exec.Cmd {
	t.Helper()
	return started(t, alone(t, name, config))
}

// alone is this program in a role.
func alone(t testing.TB, name string, config any) *exec.Cmd {
	t.Helper()
	data, err := json.Marshal(config)
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), roleVariable+"="+name, configVariable+"="+string(data))
	return cmd
}

// started starts cmd, which is killed with the test.
func started(t *testing.T, cmd *exec.Cmd) *exec.Cmd {
	t.Helper()
	log, err := os.CreateTemp(t.TempDir(), "")
	if err != nil {
		t.Fatal(err)
	}
	cmd.Stdout, cmd.Stderr = log, log
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		kill(cmd)
		if data, _ := os.ReadFile(log.Name()); t.Failed() && len(data) > 0 {
			t.Logf("%s: %.4000s", cmd.Args[0], data)
		}
		log.Close()
	})
	return cmd
}

// kill kills cmd as by kill -9, and waits for its end.
func kill(cmd *exec.Cmd) {
	if cmd.ProcessState == nil {
		cmd.Process.Kill()
		cmd.Wait()
	}
}

// site is a host whose logs are shipped.
type site struct {
	t       *testing.T
	config  shipped
	process *exec.Cmd
	loggers map[string]*logger
	total   int
}

// logger is a real svlogd.
type logger struct {
	cmd   *exec.Cmd
	in    *os.File
	lines int
}

func newSite(t *testing.T, to Settings) *site {
	t.Helper()
	if _, err := exec.LookPath("svlogd"); err != nil {
		t.Skipf("%v (make test installs it)", err)
	}
	root := t.TempDir()
	to.Version = 1
	if to.Buffer == 0 {
		to.Buffer = defaultBuffer
	}
	return &site{t: t, loggers: map[string]*logger{}, config: shipped{
		Settings: to, Logs: filepath.Join(root, "log"), SV: filepath.Join(root, "sv"), State: filepath.Join(root, "state"), Status: filepath.Join(root, "run"),
		Answer: 30 * time.Second, Settle: 300 * time.Millisecond, // a busy machine is no mute receiver
	}}
}

// write has svlogd write lines into a folder of logs.
func (s *site) write(folder string, lines int) {
	s.t.Helper()
	l := s.loggers[folder]
	if l == nil {
		dir := filepath.Join(s.config.Logs, folder)
		if err := os.MkdirAll(dir, 0o755); err != nil {
			s.t.Fatal(err)
		}
		r, w, err := os.Pipe()
		if err != nil {
			s.t.Fatal(err)
		}
		cmd := exec.Command("svlogd", "-tt", dir)
		cmd.Stdin = r
		l = &logger{cmd: started(s.t, cmd), in: w}
		r.Close()
		s.t.Cleanup(func() { w.Close() })
		s.loggers[folder] = l
	}
	for range lines {
		if _, err := fmt.Fprintf(l.in, "%s line %d of those that are written here\n", folder, l.lines); err != nil {
			s.t.Fatal(err)
		}
		l.lines++
	}
	s.total += lines
}

func (s *site) start() {
	s.t.Helper()
	s.process = role(s.t, "ship", s.config)
}

// restart kills the shipper and starts its successor.
func (s *site) restart() {
	s.t.Helper()
	kill(s.process)
	s.start()
}

func (s *site) status() control.ShipStatus {
	st, _ := control.ReadShip(s.config.Status)
	return st
}

// settled waits until all that was written is acknowledged.
func (s *site) settled(have func() int) {
	s.t.Helper()
	await.Empty(s.t, "all lines are acknowledged", func() string {
		if n := have(); n < s.total {
			return fmt.Sprintf("%d of %d lines have arrived; %+v", n, s.total, s.status())
		}
		var acknowledged struct{ Next, Lost uint64 }
		data, err := os.ReadFile(filepath.Join(s.config.State, "acknowledged.json"))
		if err != nil || json.Unmarshal(data, &acknowledged) != nil || int(acknowledged.Next) != s.total+1 {
			return fmt.Sprintf("%s (%v), and %d lines were written; %+v", data, err, s.total, s.status())
		}
		return ""
	})
}
