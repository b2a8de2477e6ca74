package shipper

import (
	"bufio"
	"bytes"
	"crypto/tls"
	"fmt"
	"io"
	"maps"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/tinylib/msgp/msgp"

	"rundock/internal/await"
	"rundock/internal/registry/registrytest"
	"rundock/internal/svlog"
)

// kinds are what is measured: rundockd ship in its protocols, and rsyslogd beside it.
var kinds = map[string]func(testing.TB, string, int) (used time.Duration, peak float64){
	"fluent":     ships("fluent"),
	"fluent+tls": ships("fluent+tls"),
	"syslog+tls": ships("syslog+tls"),
	"rsyslog":    rsyslogShipsAll,
}

// BenchmarkShip has the logs of four services sent by a process of its own, and tells how
// much of a core that takes for 20 MB/s of logs as svlogd has them.
func BenchmarkShip(b *testing.B) {
	for _, kind := range slices.Sorted(maps.Keys(kinds)) {
		b.Run(kind, func(b *testing.B) {
			logs := filepath.Join(b.TempDir(), "log")
			size, lines := logsOf(b, logs, 4, 1, 32<<20)
			b.SetBytes(int64(size))
			var used time.Duration
			for b.Loop() {
				time, peak := kinds[kind](b, logs, lines)
				used += time
				b.ReportMetric(peak, "MiB")
			}
			b.ReportMetric(used.Seconds()/float64(b.N)/(float64(size)/20e6), "cores@20MB/s")
		})
	}
}

// TestBench has what is measured run small.
func TestBench(t *testing.T) {
	for kind, all := range kinds {
		t.Run(kind, func(t *testing.T) {
			logs := filepath.Join(t.TempDir(), "log")
			_, lines := logsOf(t, logs, 2, 3, 10_000)
			if kind == "rsyslog" {
				logs = filepath.Join(t.TempDir(), "log") // it reads current alone
				_, lines = logsOf(t, logs, 2, 1, 10_000)
			}
			all(t, logs, lines)
		})
	}
}

// ships has a shipper send all that is in logs.
func ships(kind string) func(t testing.TB, logs string, lines int) (used time.Duration, peak float64) {
	return func(t testing.TB, logs string, lines int) (used time.Duration, peak float64) {
		t.Helper()
		state := t.TempDir()
		cmd := alone(t, "ship", shipped{
			Settings: sink(t, kind, nil), Logs: logs, SV: state, State: state, Status: t.TempDir(), Answer: time.Minute, Settle: time.Second,
		})
		want := fmt.Appendf(nil, `"next":%d`, lines+1)
		return ends(t, cmd, func() bool {
			data, _ := os.ReadFile(filepath.Join(state, "acknowledged.json"))
			return bytes.Contains(data, want)
		})
	}
}

// rsyslogShipsAll is the same by rsyslogd, from current alone, as it knows no rotation of
// svlogd's: its imfile and omfwd, with a queue in memory.
func rsyslogShipsAll(t testing.TB, logs string, lines int) (used time.Duration, peak float64) {
	t.Helper()
	if _, err := exec.LookPath("rsyslogd"); err != nil {
		t.Skipf("%v (make test installs it)", err)
	}
	var taken atomic.Int64
	to := sink(t, "syslog+tls", &taken)
	dir := t.TempDir()
	host, port, _ := net.SplitHostPort(strings.TrimPrefix(to.To, "syslog+tls://"))
	config := fmt.Sprintf(`
global(workDirectory="%[1]s" defaultNetstreamDriverCAFile="%[2]s")
module(load="imfile")
ruleset(name="out") {
  action(type="omfwd" target="%[3]s" port="%[4]s" protocol="tcp" TCP_Framing="octet-counted" template="RSYSLOG_SyslogProtocol23Format"
    streamDriver="gtls" streamDriverMode="1" streamDriverAuthMode="x509/certvalid" queue.type="LinkedList" queue.size="2000000" queue.dequeueBatchSize="1024")
}
input(type="imfile" file="%[5]s/*/current" tag="web" ruleset="out")
`, dir, to.CA, host, port, logs)
	path := filepath.Join(dir, "rsyslog.conf")
	if err := os.WriteFile(path, []byte(config), 0o644); err != nil {
		t.Fatal(err)
	}
	return ends(t, exec.Command("rsyslogd", "-n", "-f", path, "-i", filepath.Join(dir, "pid")), func() bool { return int(taken.Load()) >= lines })
}

// ends runs cmd until all is done, and tells it to end. It returns the CPU time that this
// took, and the most memory, in MiB.
func ends(t testing.TB, cmd *exec.Cmd, done func() bool) (used time.Duration, peak float64) {
	t.Helper()
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	defer kill(cmd)
	await.True(t, "all has arrived", done)
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", cmd.Process.Pid))
	if err != nil {
		t.Fatal(err)
	}
	_, after, _ := strings.Cut(string(status), "VmHWM:")
	if _, err := fmt.Sscan(after, &peak); err != nil {
		t.Fatal(err)
	}
	cmd.Process.Signal(syscall.SIGTERM)
	if err := cmd.Wait(); err != nil {
		t.Fatal(err)
	}
	return cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime(), peak / 1024
}

// logsOf writes folders as svlogd leaves them, with lines of 200 bytes.
func logsOf(b testing.TB, logs string, services, files, each int) (size, lines int) {
	b.Helper()
	at := time.Date(2026, 11, 21, 7, 30, 0, 0, time.UTC)
	for service := range services {
		dir := filepath.Join(logs, fmt.Sprintf("docker-web-%d", service))
		if err := os.MkdirAll(dir, 0o755); err != nil {
			b.Fatal(err)
		}
		for file := range files {
			var data bytes.Buffer
			for data.Len() < each {
				at = at.Add(10 * time.Microsecond)
				line := fmt.Sprintf("%s GET /path/%d ", at.Format(svlog.StampForm), lines)
				data.WriteString(line + strings.Repeat("x", 199-len(line)) + "\n")
				lines++
			}
			name := fmt.Sprintf("@%016x%08x.s", uint64(at.Unix()+10+1<<62), at.Nanosecond())
			if file == files-1 {
				name = "current"
			}
			if err := os.WriteFile(filepath.Join(dir, name), data.Bytes(), 0o644); err != nil {
				b.Fatal(err)
			}
			size += data.Len()
		}
	}
	return size, lines
}

// frames counts those of octet counting in what comes from r.
func frames(r io.Reader, count *atomic.Int64) {
	in := bufio.NewReaderSize(r, 64<<10)
	for {
		length, err := in.ReadString(' ')
		n, bad := strconv.Atoi(strings.TrimSuffix(length, " "))
		if err != nil || bad != nil {
			return
		}
		if _, err := in.Discard(n); err != nil {
			return
		}
		count.Add(1)
	}
}

// sink takes all in, and acknowledges it; messages of syslog are counted where taken is there.
func sink(b testing.TB, kind string, taken *atomic.Int64) Settings {
	b.Helper()
	l, err := net.Listen("tcp", registrytest.Address())
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { l.Close() })
	s := Settings{Version: 1, To: kind + "://" + l.Addr().String(), Buffer: defaultBuffer}
	if strings.HasSuffix(kind, "tls") {
		r := target{t: b, dir: b.TempDir()}
		r.certificate(time.Hour)
		s.CA = filepath.Join(r.dir, "cert.pem")
		pair, err := tls.LoadX509KeyPair(s.CA, filepath.Join(r.dir, "key.pem"))
		if err != nil {
			b.Fatal(err)
		}
		l = tls.NewListener(l, &tls.Config{Certificates: []tls.Certificate{pair}})
	}
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go func() {
				defer c.Close()
				if taken != nil {
					frames(c, taken)
					return
				}
				if strings.HasPrefix(kind, "syslog") {
					io.Copy(io.Discard, c)
					return
				}
				for r := msgp.NewReader(c); receiveChunk(r, c, nil) == nil; {
				}
			}()
		}
	}()
	return s
}
