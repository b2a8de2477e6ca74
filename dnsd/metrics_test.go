package main

import (
	"io"
	"net"
	"net/http"
	"strings"
	"testing"

	"rundock/internal/await"
	"rundock/internal/registry/etcdtest"

	"github.com/miekg/dns"
)

// page gets a page of the metrics address.
func page(t *testing.T, address, path string) (int, string) {
	t.Helper()
	resp, err := http.Get("http://" + address + path)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp.StatusCode, string(text)
}

func TestHealthReadyAndMetrics(t *testing.T) {
	t.Parallel()
	etcd, metrics := etcdtest.Start(t, "embedded", nil), etcdtest.Address()
	upstream := etcdtest.Address() // nobody is there
	admin := etcd.Admin()
	put(t, admin, "web")
	if _, err := admin.Put(t.Context(), "/skydns/com/example/prod/s/bad", "what"); err != nil {
		t.Fatal(err)
	}
	etcd.Kill()
	d := start(t, following(t, etcd, "--metrics="+metrics, "--upstream="+upstream)...)
	if code, text := page(t, metrics, "/health"); code != 200 || text != "ok\n" {
		t.Errorf("/health is %d, %q", code, text)
	}
	if code, text := page(t, metrics, "/ready"); code != 503 || !strings.HasPrefix(text, "not ready: nothing was loaded") {
		t.Errorf("before the first list /ready is %d, %q", code, text)
	}
	asked := func(network, name string, qtype uint16) {
		t.Helper()
		c := dns.Client{Net: network, Timeout: patience}
		if _, _, err := c.Exchange(new(dns.Msg).SetQuestion(name, qtype), d.address); err != nil {
			t.Error(err)
		}
	}
	asked("udp", "web.s.prod.example.com.", dns.TypeA)
	etcd.Restart()
	await.True(t, "it is ready", func() bool { code, _ := page(t, metrics, "/ready"); return code == 200 })
	if _, text := page(t, metrics, "/ready"); text != "ok: 1 records at revision 3\n" {
		t.Errorf("/ready says %q", text)
	}
	for range 2 {
		asked("udp", "web.s.prod.example.com.", dns.TypeA)
	}
	asked("tcp", "nope.s.prod.example.com.", dns.TypeSRV)
	asked("udp", "www.example.net.", dns.TypeTXT)
	conn, err := net.Dial("udp", d.address)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	conn.Write([]byte("\x12\x34\x01\x00\x00\x01\x00\x00\x00\x00\x00\x00\xff\xff"))
	conn.Write([]byte("no DNS"))
	for _, want := range []string{
		`dnsd_queries_total{proto="udp",rcode="SERVFAIL",type="A",zone="s.prod.example.com."} 1`,
		`dnsd_queries_total{proto="udp",rcode="NOERROR",type="A",zone="s.prod.example.com."} 2`,
		`dnsd_queries_total{proto="tcp",rcode="NXDOMAIN",type="SRV",zone="s.prod.example.com."} 1`,
		`dnsd_queries_total{proto="udp",rcode="SERVFAIL",type="TXT",zone="other"} 1`,
		`dnsd_queries_total{proto="udp",rcode="FORMERR",type="other",zone="other"} 1`,
		`dnsd_query_seconds_bucket{le="+Inf"} 6`,
		`dnsd_query_seconds_count 6`,
		`dnsd_table_records 1`,
		`dnsd_table_bad_records 1`,
		`dnsd_table_revision 3`,
		`dnsd_registry_up 1`,
		`dnsd_stale_seconds 0`,
		`dnsd_forwards_total 1`,
		`dnsd_forward_cache_total{result="miss"} 1`,
		`dnsd_forward_attempts_total{upstream="` + upstream + `"} 2`,
		`dnsd_forward_failures_total{upstream="` + upstream + `"} 2`,
		`dnsd_upstream_up{upstream="` + upstream + `"} `,
		`dnsd_log_dropped_total{log="queries"} 0`,
		`dnsd_tcp_connections 0`,
		`dnsd_tcp_displaced_total 0`,
		`dnsd_tcp_refused_total 0`,
		`dnsd_build_info{version="`,
	} {
		await.True(t, "/metrics has "+want, func() bool { _, text := page(t, metrics, "/metrics"); return strings.Contains(text, "\n"+want) })
	}
	if n := strings.Count(d.said(), "skipped"); n != 1 {
		t.Errorf("the bad record is named %d times", n)
	}
	await.True(t, "the upstream is called down", func() bool {
		_, text := page(t, metrics, "/metrics")
		return strings.Contains(text, `dnsd_upstream_up{upstream="`+upstream+`"} 0`) && strings.Contains(d.said(), `msg="upstream is down, asking it last" upstream=`+upstream)
	})
	if code, _ := page(t, metrics, "/health"); code != 200 {
		t.Errorf("with its upstream down /health is %d", code)
	}
	etcd.Kill()
	await.True(t, "it says that it is stale", func() bool {
		code, text := page(t, metrics, "/ready")
		return code == 200 && strings.HasPrefix(text, "ok, but stale for ")
	})
	if !d.answers("web") {
		t.Error("without etcd it does not answer")
	}
}
