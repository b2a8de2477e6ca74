package e2e

import (
	"encoding/json"
	"fmt"
	"net"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"rundock/internal/await"
	"rundock/internal/pki/pkitest"
	"rundock/supervisor/shipper/rsyslogtest"
)

// A logReceiver is a real rsyslogd on this machine, by TLS at an address that hosts of the lab reach.
type logReceiver struct {
	dir, address string
	process      *exec.Cmd
}

func (s *setup) logReceiver(t *testing.T) *logReceiver {
	t.Helper()
	machine := s.Addr(front).As4()
	machine[3] = 2
	at := netip.AddrFrom4(machine)
	l, err := net.Listen("tcp", netip.AddrPortFrom(at, 0).String()) // for a port that is free
	if err != nil {
		t.Fatal(err)
	}
	l.Close()
	r := &logReceiver{dir: t.TempDir(), address: l.Addr().String()}
	pkitest.Write(t, r.dir, machine[:], 24*time.Hour)
	t.Cleanup(r.down)
	return r
}

func (r *logReceiver) up(t *testing.T) {
	t.Helper()
	r.process = rsyslogtest.Command(t, r.dir, r.address)
	if err := r.process.Start(); err != nil {
		t.Fatal(err)
	}
	await.Nil(t, "rsyslogd listens", func() error {
		c, err := net.Dial("tcp", r.address)
		if err == nil {
			c.Close()
		}
		return err
	})
}

// down kills it.
func (r *logReceiver) down() {
	if r.process != nil {
		r.process.Process.Kill()
		r.process.Wait()
		r.process = nil
	}
}

// has is the structured data of each line received that has text.
func (r *logReceiver) has(text string) (all []string) {
	data, _ := os.ReadFile(rsyslogtest.Received(r.dir))
	for line := range strings.Lines(string(data)) {
		if labels, said, _ := strings.Cut(line, "|"); strings.Contains(said, text) {
			all = append(all, labels)
		}
	}
	return all
}

// arrives waits until a line with text has come, and holds that it came once, with labels.
func (r *logReceiver) arrives(t *testing.T, text, labels string) {
	t.Helper()
	await.True(t, "the line "+text+" arrives", func() bool { return len(r.has(text)) > 0 })
	if got := r.has(text); len(got) != 1 || !strings.Contains(got[0], labels) {
		t.Errorf("of %q there are %q, want one with %s", text, got, labels)
	}
}

// TestLogs_are_shipped has site.yml ship what hosts log to a real rsyslogd, which is away for a while, as is what ships; and
// has it ship nothing any more.
func TestLogs_are_shipped(t *testing.T) {
	s := need(t)
	const name = "spoken"
	r := s.logReceiver(t)
	r.up(t)
	s.remove(t, back1, name)
	s.install(t, back1, `{"state":"enabled","name":"`+name+`","image":"`+images+`influxdb:latest","wait":"running"}`)
	say := func(text string) {
		t.Helper()
		s.sh(t, back1, "echo "+text+" >/proc/$(docker inspect -f '{{.State.Pid}}' "+name+")/fd/1")
	}
	authority, err := os.ReadFile(filepath.Join(r.dir, "cert.pem"))
	if err != nil {
		t.Fatal(err)
	}
	vars, err := json.Marshal(map[string]string{"rundock_logs_to": "syslog+tls://" + r.address, "rundock_logs_ca": string(authority)})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		s.site(t)
		for _, host := range []string{front, back1, back2} {
			if left := s.sh(t, host, "ls -d /etc/sv/rundock-ship /etc/rundock/ship* /run/rundock/ship* /var/lib/rundock/ship 2>/dev/null; pgrep -af 'rundockd [s]hip'; true"); left != "" {
				t.Errorf("%s ships no logs any more, and has\n%s", host, left)
			}
		}
	})
	s.site(t, "-e", string(vars))
	say("while-all-is-well")
	r.arrives(t, "while-all-is-well", `service="`+name+`" instance="`+name+`" host="`+back1+`"`)
	for _, host := range []string{front, back1, back2} {
		s.succeeds(t, host, "rundockd ship status")
	}
	if out, err := s.playbook("-e", string(vars), "playbooks/site.yml"); err != nil || strings.Count(out, "changed=0 ") != 3 {
		t.Errorf("a second run: %v, want changed=0 on three hosts\n%s", err, out)
	}

	r.down()
	say("while-nobody-listens")
	await.Empty(t, "its status says that nothing is shipped", func() string {
		out, err := s.try(back1, "rundockd ship status")
		if err != nil && strings.Contains(out, r.address) {
			return ""
		}
		return fmt.Sprintf("%v: %s", err, out)
	})
	s.sh(t, back1, "kill -9 $(cat /etc/service/rundock-ship/supervise/pid)")
	r.up(t)
	r.arrives(t, "while-nobody-listens", `host="`+back1+`"`)
	s.succeeds(t, back1, "rundockd ship status")
}
