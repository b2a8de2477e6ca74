package main

import (
	"bufio"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"

	"rundock/internal/await"
	"rundock/internal/registry/etcdtest"

	"github.com/miekg/dns"
)

func TestAHUPTurnsTheQueryLogOnAndOff(t *testing.T) {
	t.Parallel()
	etcd, file := etcdtest.Start(t, "embedded", nil), filepath.Join(t.TempDir(), "dnsd.conf")
	configure := func(share string) {
		t.Helper()
		if err := os.WriteFile(file, []byte("query-log = "+share), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	configure("off")
	put(t, etcd.Admin(), "web")
	d := start(t, "--zone=s.prod.example.com", "--listen="+etcdtest.Address(), "--metrics=", "--host-config="+hostFile(t), "--etcd="+etcd.URL, "--config="+file)
	await.True(t, "the record is answered", func() bool { return d.answers("web") })
	handed := 0
	hup := func() {
		t.Helper()
		d.cmd.Process.Signal(syscall.SIGHUP)
		handed++
		await.True(t, "handed over", func() bool { return strings.Count(d.said(), "handed over") == handed })
	}
	if strings.Contains(d.said(), "msg=query") {
		t.Error("off logs queries")
	}
	configure("all")
	hup()
	if !d.answers("web") {
		t.Fatal("not answered")
	}
	want := regexp.MustCompile(`(?m)^time=\S+ level=INFO msg=query client=127\.0\.0\.1:\d+ proto=udp name=web\.s\.prod\.example\.com\. type=A .* rcode=NOERROR answers=1 .* from=table took_us=\d+$`)
	await.True(t, "the query is logged", func() bool { return want.MatchString(d.said()) })
	configure("off")
	hup()
	before := strings.Count(d.said(), "msg=query")
	for range 10 {
		d.answers("web")
	}
	if n := strings.Count(d.said(), "msg=query"); n != before {
		t.Errorf("off again, %d queries are logged", n-before)
	}
}

// A logger that reads no more, as svlogd does on a full disk, stops neither
// answers nor changes.
func TestALoggerThatIsStuckStopsNothing(t *testing.T) {
	t.Parallel()
	etcd, metrics := etcdtest.Start(t, "embedded", nil), etcdtest.Address()
	put(t, etcd.Admin(), "web")
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	d := &daemon{cmd: exec.Command("/proc/self/exe", following(t, etcd, "--metrics="+metrics, "--query-log=all")...)}
	d.cmd.Env = append(os.Environ(), "DNSD_TEST_IS_DNSD=1", "DNSD_SNAPSHOT=")
	d.cmd.Stderr = w
	if err := d.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	w.Close()
	t.Cleanup(func() {
		d.cmd.Process.Kill()
		d.cmd.Wait()
	})
	r.SetReadDeadline(time.Now().Add(patience))
	for lines := bufio.NewScanner(r); d.address == "" && lines.Scan(); {
		_, d.address, _ = strings.Cut(lines.Text(), "msg=listening address=")
	}
	await.True(t, "the record is answered", func() bool { return d.answers("web") })

	// Nobody reads from here on.
	conn, err := net.Dial("udp", d.address)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	packet, _ := new(dns.Msg).SetQuestion("web.s.prod.example.com.", dns.TypeA).Pack()
	await.True(t, "queries are dropped from the log", func() bool {
		for range 500 {
			conn.Write(packet)
		}
		return metric(t, metrics, `dnsd_log_dropped_total\{log="queries"\}`) != "0"
	})
	admin := etcd.Admin()
	for i := range 30 { // each of them has a line of its own
		if _, err := admin.Put(t.Context(), fmt.Sprintf("/skydns/com/example/prod/s/bad-%d", i), "what"); err != nil {
			t.Fatal(err)
		}
	}
	put(t, admin, "late")
	await.True(t, "changes are followed, and answered", func() bool { return d.answers("late", "web") })
}
