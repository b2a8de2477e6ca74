package bench

import (
	"bufio"
	"bytes"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/miekg/dns"
)

// need skips a test without programs.
func need(t *testing.T, programs ...string) {
	t.Helper()
	for _, p := range programs {
		if _, err := exec.LookPath(p); err != nil {
			t.Skipf("%s is not installed (make test installs it)", p)
		}
	}
}

// pinned is a command on one core of those there are: 0 is the servers', 1 the
// load's.
func pinned(core int, command ...string) *exec.Cmd {
	if runtime.NumCPU() > 1 {
		command = append([]string{"taskset", "-c", strconv.Itoa(core)}, command...)
	}
	return exec.Command(command[0], command[1:]...)
}

// load runs dnsperf against a server, as fast as it answers or at a rate.
func (q *questions) load(t *testing.T, s *process, seconds, rate float64) measure {
	t.Helper()
	options := []string{"-l", strconv.FormatFloat(seconds, 'f', -1, 64), "-c", "20"}
	if seconds < 1 {
		options = []string{"-n", "20", "-c", "20"}
	}
	if rate > 0 {
		options = append(options, "-Q", strconv.Itoa(int(rate)), "-v")
	}
	before := s.cpu(t)
	out, err := q.run(s, options)
	if err != nil {
		t.Fatalf("dnsperf against %s: %v\n%s", s.name, err, out)
	}
	used := s.cpu(t) - before
	completed := figure(t, out, "Queries completed:")
	if asked := figure(t, out, "Queries sent:"); completed < 0.95*asked {
		t.Fatalf("%s answered %.0f of %.0f queries:\n%s", s.name, completed, asked, tail(out))
	}
	if strings.Contains(string(out), "SERVFAIL") || strings.Contains(string(out), "REFUSED") {
		t.Fatalf("%s has no answers:\n%s", s.name, tail(out))
	}
	m := measure{cpu: float64(used.Nanoseconds()) / 1000 / completed, rate: figure(t, out, "Queries per second:")}
	if rate > 0 {
		m.p50, m.p99 = percentiles(out)
	}
	return m
}

// run runs dnsperf with these options besides.
func (q *questions) run(s *process, options []string) ([]byte, error) {
	host, port, _ := net.SplitHostPort(s.address)
	args := append([]string{"dnsperf", "-s", host, "-p", port, "-d", q.file, "-t", "2"}, options...)
	if q.edns {
		args = append(args, "-e")
	}
	return pinned(1, args...).CombinedOutput()
}

func tail(out []byte) []byte { return out[max(0, len(out)-2000):] }

// figure is the number behind a title in dnsperf's report.
func figure(t *testing.T, out []byte, title string) float64 {
	t.Helper()
	_, rest, ok := strings.Cut(string(out), title)
	fields := strings.Fields(rest)
	if !ok || len(fields) == 0 {
		t.Fatalf("dnsperf reports no %q:\n%s", title, tail(out))
	}
	v, err := strconv.ParseFloat(fields[0], 64)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

// percentiles reads the latency that ends each line of a reply, in seconds.
func percentiles(out []byte) (p50, p99 float64) {
	var all []float64
	for lines := bufio.NewScanner(bytes.NewReader(out)); lines.Scan(); {
		fields := strings.Fields(lines.Text())
		if len(fields) == 5 && fields[0] == ">" {
			if v, err := strconv.ParseFloat(fields[4], 64); err == nil {
				all = append(all, v*1e6)
			}
		}
	}
	if len(all) == 0 {
		return 0, 0
	}
	slices.Sort(all)
	return all[len(all)/2], all[len(all)*99/100]
}

// cpu is the time that the processes of a server have used.
func (p *process) cpu(t *testing.T) time.Duration {
	t.Helper()
	var sum time.Duration
	for _, pid := range p.pids() {
		tasks, _ := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/schedstat", pid))
		for _, file := range tasks {
			content, err := os.ReadFile(file)
			if err != nil {
				continue // a thread that ended
			}
			n, err := strconv.ParseInt(strings.Fields(string(content))[0], 10, 64)
			if err != nil {
				t.Fatal(err)
			}
			sum += time.Duration(n)
		}
	}
	return sum
}

func answers(server, name string) bool {
	c := dns.Client{Timeout: time.Second}
	reply, _, err := c.Exchange(new(dns.Msg).SetQuestion(name, dns.TypeA), server)
	return err == nil && len(reply.Answer) > 0
}
