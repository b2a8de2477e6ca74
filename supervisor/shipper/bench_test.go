package shipper

import (
	"bytes"
	"crypto/tls"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/tinylib/msgp/msgp"

	"rundock/internal/await"
	"rundock/internal/svlog"
)

// BenchmarkShip has a shipper of its own process send what is in the folders of four
// services, and tells how much of a core it takes for 20 MB/s of logs as svlogd has them.
func BenchmarkShip(b *testing.B) {
	for _, kind := range []string{"fluent", "fluent+tls", "syslog+tls"} {
		b.Run(kind, func(b *testing.B) {
			root := b.TempDir()
			size, lines := logsOf(b, filepath.Join(root, "log"), 4, 8, 4<<20)
			b.SetBytes(int64(size))
			var used time.Duration
			for b.Loop() {
				to := sink(b, kind)
				state := b.TempDir()
				cmd := alone(b, "ship", shipped{
					Settings: to, Logs: filepath.Join(root, "log"), SV: root, State: state, Status: b.TempDir(), Answer: time.Minute, Settle: time.Second,
				})
				if err := cmd.Start(); err != nil {
					b.Fatal(err)
				}
				want := fmt.Appendf(nil, `"next":%d`, lines+1)
				await.True(b, "all is acknowledged", func() bool {
					data, _ := os.ReadFile(filepath.Join(state, "acknowledged.json"))
					return bytes.Contains(data, want)
				})
				cmd.Process.Signal(syscall.SIGTERM)
				if err := cmd.Wait(); err != nil {
					b.Fatal(err)
				}
				used += cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime()
				b.ReportMetric(float64(cmd.ProcessState.SysUsage().(*syscall.Rusage).Maxrss)/1024, "MiB")
			}
			b.ReportMetric(used.Seconds()/float64(b.N)/(float64(size)/20e6), "cores@20MB/s")
		})
	}
}

// logsOf writes folders as svlogd leaves them, with lines of 200 bytes.
func logsOf(b *testing.B, logs string, services, files, each int) (size, lines int) {
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

// sink takes all in, and acknowledges it.
func sink(b *testing.B, kind string) Settings {
	b.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
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
