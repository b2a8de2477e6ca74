package main

import (
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"rundock/internal/await"
	"rundock/internal/registry/etcdtest"

	"github.com/miekg/dns"
)

// A crowd asks all the time, over UDP and TCP.
type crowd struct {
	asked, lost atomic.Int64
	stop        chan struct{}
	all         sync.WaitGroup
	t           *testing.T
}

func ask(t *testing.T, address, name string) *crowd {
	c := &crowd{stop: make(chan struct{}), t: t}
	for i := range 6 {
		network := []string{"udp", "udp", "tcp"}[i%3]
		c.all.Go(func() { c.run(network, address, name) })
	}
	return c
}

func (c *crowd) run(network, address, name string) {
	client := dns.Client{Net: network, Timeout: patience}
	for {
		select {
		case <-c.stop:
			return
		default:
		}
		reply, _, err := client.Exchange(new(dns.Msg).SetQuestion(name, dns.TypeA), address)
		c.asked.Add(1)
		if err != nil || reply.Rcode != dns.RcodeSuccess || len(reply.Answer) != 1 {
			c.lose(fmt.Errorf("%s: %w, %v", network, err, reply))
		}
	}
}

// keep asks over a connection that is kept, four queries at a time.
func (c *crowd) keep(address, name string) {
	conn, err := dns.Dial("tcp", address)
	if err != nil {
		c.lose(err)
		return
	}
	defer conn.Close()
	for {
		select {
		case <-c.stop:
			return
		default:
		}
		conn.SetDeadline(time.Now().Add(patience))
		const together = 4
		for range together {
			err = errors.Join(err, conn.WriteMsg(new(dns.Msg).SetQuestion(name, dns.TypeA)))
		}
		for range together {
			c.asked.Add(1)
			reply, readErr := conn.ReadMsg()
			if err = errors.Join(err, readErr); err != nil || len(reply.Answer) != 1 {
				c.lose(fmt.Errorf("over a connection that is kept: %w, %v", err, reply))
				return
			}
		}
	}
}

func (c *crowd) lose(err error) {
	c.lost.Add(1)
	c.t.Logf("at %s: %v", time.Now().Format("15:04:05.000"), err)
}

// end returns how many were asked and how many got no answer.
func (c *crowd) end() (asked, lost int64) {
	close(c.stop)
	c.all.Wait()
	return c.asked.Load(), c.lost.Load()
}

func (d *daemon) ttl(name string) uint32 {
	c := dns.Client{Timeout: answerWithin}
	reply, _, err := c.Exchange(new(dns.Msg).SetQuestion(name, dns.TypeA), d.address)
	if err != nil || len(reply.Answer) == 0 {
		return 0
	}
	return reply.Answer[0].Header().Ttl
}

// program copies this test program, which is dnsd, so that it can be replaced.
func program(t *testing.T) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "dnsd")
	replace(t, file)
	return file
}

func replace(t *testing.T, file string) {
	t.Helper()
	content, err := os.ReadFile("/proc/self/exe")
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file+".new", content, 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(file+".new", file); err != nil {
		t.Fatal(err)
	}
}

func TestAHUPLosesNoQuery(t *testing.T) {
	etcd, address, metrics, file := etcdtest.Start(t, "embedded", nil), etcdtest.Address(), etcdtest.Address(), filepath.Join(t.TempDir(), "dnsd.conf")
	configure := func(lines string) {
		t.Helper()
		if err := os.WriteFile(file, []byte(lines), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	configure("ttl = 10\nmetrics = " + metrics)
	put(t, etcd.Admin(), "web")
	binary := program(t)
	d := startCommand(t, exec.Command(binary, "--zone=s.prod.example.com", "--listen="+address, "--host-config="+hostFile(t), "--etcd="+etcd.URL, "--config="+file))
	const web = "web.s.prod.example.com."
	await.True(t, "the record is answered, with the TTL of the file", func() bool { return d.ttl(web) == 10 })
	handed := func(n int) {
		t.Helper()
		await.True(t, fmt.Sprint("handed over, time ", n), func() bool { return strings.Count(d.said(), "handed over") == n })
	}
	hup := func() { d.cmd.Process.Signal(syscall.SIGHUP) }
	crowd := ask(t, d.address, web)
	for range 32 {
		crowd.all.Go(func() { crowd.keep(d.address, web) })
	}

	configure("ttl = 20\nmetrics = " + metrics)
	hup()
	handed(1)
	if got := d.ttl(web); got != 20 {
		t.Errorf("with another file the TTL is %d, want 20", got)
	}

	configure("ttl = 30\nmax-udp = many")
	hup()
	await.True(t, "the bad line is named", func() bool {
		return strings.Contains(d.said(), "everything stays as it was") && strings.Contains(d.said(), file+": line 2: max-udp:")
	})
	configure("ttl = 30\nmetrics = " + etcd.URL[len("http://"):])
	hup()
	await.True(t, "an address in use is named", func() bool {
		return strings.Contains(d.said(), "dnsd: --metrics: listen tcp") && strings.Count(d.said(), "everything stays as it was") == 2
	})
	if got := d.ttl(web); got != 20 {
		t.Errorf("after files that are wrong the TTL is %d, want 20", got)
	}

	extra := etcdtest.Address()
	configure("ttl = 40\nmetrics = " + etcdtest.Address())
	replace(t, binary)
	etcd.Kill()
	hup()
	handed(2)
	if got := d.ttl(web); got != 40 {
		t.Errorf("with etcd away and another program the TTL is %d, want 40", got)
	}
	running, err := os.Stat(fmt.Sprintf("/proc/%d/exe", d.cmd.Process.Pid))
	if err != nil {
		t.Fatal(err)
	}
	if installed, err := os.Stat(binary); err != nil || !os.SameFile(running, installed) {
		t.Errorf("process %d does not run the program that is installed now (%v)", d.cmd.Process.Pid, err)
	}
	etcd.Restart()
	for range 3 {
		hup()
	}
	configure("ttl = 50\nmetrics = " + extra)
	hup()
	await.True(t, "the last of several HUPs counts", func() bool { return d.ttl(web) == 50 })

	asked, lost := crowd.end()
	t.Logf("%d asked, %d lost", asked, lost)
	if lost > 0 || asked < 100 {
		t.Errorf("%d of %d queries got no answer", lost, asked)
	}
	await.True(t, "no handover is under way", func() bool {
		said := d.said()
		return strings.Count(said, "HUP: reading") == strings.Count(said, "handed over")+strings.Count(said, "everything stays")
	})
	put(t, etcd.Admin(), "late")
	await.True(t, "changes are followed on", func() bool { return d.answers("late") })

	d.cmd.Process.Signal(syscall.SIGTERM)
	if err := d.ended(t); err != nil {
		t.Errorf("after TERM dnsd ends with %v:\n%s", err, d.said())
	}
	if l, err := net.Listen("tcp", address); err != nil {
		t.Errorf("something is left that listens: %v", err)
	} else {
		l.Close()
	}
}
