package exporter

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"rundock/internal/await"
	"rundock/internal/control"
	"rundock/internal/runit"
)

const monitoring = "../../playbooks/examples/monitoring/"

// aHost is one that has some of everything: web runs and is announced, worker crashes, one
// template is kept, and one colour of shop has the traffic.
func aHost(t *testing.T) host {
	t.Helper()
	root := t.TempDir()
	h := host{
		folders: runit.Folders{SV: filepath.Join(root, "sv"), Service: filepath.Join(root, "service")},
		status:  filepath.Join(root, "run"), state: filepath.Join(root, "lib"), version: "1.2.3",
		lives: func(pid int, verb string) bool { return pid == 7 },
	}
	since := time.Unix(1e9, 0)
	for _, err := range []error{
		os.MkdirAll(filepath.Join(h.folders.SV, "docker-web"), 0o755),
		os.MkdirAll(filepath.Join(h.folders.SV, "dnsd"), 0o755),
		os.WriteFile(filepath.Join(h.folders.SV, "docker-web", ".rundock"), nil, 0o644),
		os.MkdirAll(filepath.Join(h.folders.SV, "docker-spare"), 0o755),
		os.WriteFile(filepath.Join(h.folders.SV, "docker-spare", ".rundock"), nil, 0o644),
		os.WriteFile(filepath.Join(h.folders.SV, "dnsd", "run"), nil, 0o755),
		os.MkdirAll(h.folders.Dir("previewd-route"), 0o755),
		os.WriteFile(filepath.Join(h.folders.Dir("previewd-route"), "run"), nil, 0o755),
		os.MkdirAll(h.folders.Service, 0o755),
		os.Symlink(h.folders.Dir("docker-web"), h.folders.Link("docker-web")),
		control.WriteRunner(h.status, control.RunnerStatus{Service: "web", PID: 7, Phase: control.Running, Container: "c1", Since: since, Started: since}),
		control.WriteAnnounce(h.status, control.AnnounceStatus{Service: "web", PID: 7, State: control.Announced, Since: since, Stack: "shop", Slot: "web.1", Records: []control.Record{{Key: "/skydns/a"}}}),
		control.WriteRunner(h.status, control.RunnerStatus{Service: "worker", PID: 8, Phase: control.Backoff, Since: since, Crashes: 4, Error: "exit code 1"}),
		control.WriteRunner(h.status, control.RunnerStatus{Service: "spare", PID: 7, Phase: control.Standby, Since: since, Error: "it runs on node-2"}),
		control.WriteAnnounce(h.status, control.AnnounceStatus{Service: "spare", PID: 7, State: control.Unhealthy, Since: since}),
		control.WriteStore(h.status, control.StoreStatus{PID: 7, Since: since, Stores: []control.ServedStore{{Name: "etcd", Clients: 3, Records: 2, Watches: 1}, {Name: "consul", Reason: "connection refused"}}}),
		control.WriteOverlay(h.status, control.OverlayStatus{Network: `back"bone`, PID: 7, State: control.OverlayUp, Peers: 4, Silent: 1, Changes: 12, Healed: 2, Since: since, Beat: control.Clock()}),
		control.WriteTemplate(h.status, control.TemplateStatus{Name: "proxy", PID: 7, State: control.TemplateKept, Since: since, Writes: 3, Reloads: 2}),
		control.WriteBalance(h.status, control.BalanceStatus{PID: 7, HAProxy: "2.6", Services: map[string]control.Balanced{
			"shop": {Backend: "shop-blue", Phase: "flip", Since: since, Backends: map[string]control.BalanceBackend{"shop-blue": {Up: 1, Servers: 2}, "shop-green": {}}},
		}}),
		control.WriteFilter(h.status, control.FilterStatus{PID: 7, Changes: 2, Beat: control.Clock(), Docker: "silent"}),
		control.WriteShip(h.status, control.ShipStatus{PID: 7, Since: since, Failing: since, Reason: "connection refused", Shipped: 5, Lines: 3, Bytes: 4096, Limit: 1 << 20, Lost: 2, Beat: control.Clock()}),
		control.WriteDrain(h.state, control.Drain{Since: since}),
	} {
		if err != nil {
			t.Fatal(err)
		}
	}
	return h
}

func TestPage_has_what_status_files_say(t *testing.T) {
	h := aHost(t)
	text := h.page().String()
	for _, want := range []string{
		`rundock_build_info{version="1.2.3"} 1`, `rundock_host_drained 1`, `rundock_status_unreadable 0`,
		`rundock_service_enabled{service="web",stack="shop",slot="web.1",colour=""} 1`, `rundock_service_enabled{service="worker",stack="",slot="",colour=""} 0`,
		`rundock_runner_up{service="web"} 1`, `rundock_runner_up{service="worker"} 0`, `rundock_runner_phase{service="worker",state="backoff"} 1`,
		`rundock_runner_phase{service="worker",state="running"} 0`, `rundock_runner_crashes{service="worker"} 4`, `rundock_runner_trouble{service="worker"} 1`,
		`rundock_container_started_timestamp_seconds{service="web"} 1000000000`, `rundock_sidecar_state{service="web",state="announced"} 1`, `rundock_sidecar_records{service="web"} 1`,
		`rundock_runner_trouble{service="spare"} 0`, `rundock_container_started_timestamp_seconds{service="spare"} 0`,
		`rundock_sidecar_state{service="spare",state="standby"} 1`, `rundock_sidecar_state{service="spare",state="waiting"} 0`,
		`rundock_store_agent_up 1`, `rundock_store_up{store="etcd"} 1`, `rundock_store_up{store="consul"} 0`, `rundock_store_clients{store="etcd"} 3`,
		`rundock_overlay_state{network="back\"bone",state="up"} 1`, `rundock_overlay_silent_peers{network="back\"bone"} 1`, `rundock_overlay_healed_total{network="back\"bone"} 2`,
		`rundock_template_state{template="proxy",state="kept"} 1`, `rundock_template_writes_total{template="proxy"} 3`,
		`rundock_balancer_servers_up{service="shop",backend="shop-blue"} 1`, `rundock_balancer_active{service="shop",backend="shop-green"} 0`, `rundock_switch_under_way{service="shop",phase="flip"} 1`,
		`rundock_filter_up 1`, `rundock_filter_trouble 1`,
		`rundock_ship_up 1`, `rundock_ship_trouble 1`, `rundock_ship_failing_since_timestamp_seconds 1000000000`, `rundock_ship_buffered_lines 3`, `rundock_ship_lost_lines_total 2`, `rundock_ship_lines_total 5`,
	} {
		if !strings.Contains(text, "\n"+want+"\n") {
			t.Errorf("the page has no %s", want)
		}
	}
	if t.Failed() {
		t.Log(text)
	}
	if _, err := exec.LookPath("promtool"); err == nil {
		check := exec.Command("promtool", "check", "metrics")
		check.Stdin = strings.NewReader(text)
		if out, err := check.CombinedOutput(); err != nil {
			t.Errorf("promtool check metrics: %v\n%s", err, out)
		}
	}
	if err := os.WriteFile(filepath.Join(h.status, "store.json"), []byte("{"), 0o600); err != nil {
		t.Fatal(err)
	}
	if text := h.page().String(); !strings.Contains(text, "\nrundock_status_unreadable 1\n") || !strings.Contains(text, "rundock_filter_up 1") {
		t.Errorf("with one damaged file the page does not count it, or lacks the others:\n%s", text)
	}
}

func TestBeside_takes_what_is_of_the_program_itself(t *testing.T) {
	there := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		io.WriteString(w, "# HELP go_threads x\n# TYPE go_threads gauge\ngo_threads 9\n# HELP dnsd_x y\n# TYPE dnsd_x gauge\ndnsd_x{a=\"b\"} 1\nprocess_open_fds 3\n")
	}))
	defer there.Close()
	all := []neighbour{{"dnsd", there.URL, "dnsd_"}, {"previewd-web", "http://127.0.0.1:1/", "previewd_web_"}, {"previewd-work", "http://127.0.0.1:1/", "previewd_work_"}}
	p := &page{}
	text := beside(t.Context(), p, all, func(name string) bool { return name != "previewd-work" })
	if want := "# HELP dnsd_x y\n# TYPE dnsd_x gauge\ndnsd_x{a=\"b\"} 1\n"; text != want {
		t.Errorf("beside returns\n%swant\n%s", text, want)
	}
	up := p.String()
	if !strings.Contains(up, `{program="dnsd"} 1`) || !strings.Contains(up, `{program="previewd-web"} 0`) || strings.Contains(up, "previewd-work") {
		t.Errorf("who answered is\n%s", up)
	}
}

// names are metrics as queries have them, and as sources declare them.
var names = regexp.MustCompile(`\b(?:rundock|dnsd|previewd_(?:route|web|work))_[a-z0-9_]+\b`)

// declared are metrics of dnsd and previewd, by their sources.
func declared(t *testing.T) (text string) {
	t.Helper()
	sources, _ := filepath.Glob("../../dnsd/metrics/*.go")
	previews, _ := filepath.Glob("../preview*/metrics.go")
	if len(sources) < 5 || len(previews) != 3 {
		t.Fatalf("found the sources %v and %v", sources, previews)
	}
	quoted, work := regexp.MustCompile(`"((?:dnsd|previewd_route|previewd_web)_[a-z0-9_]+)"`), regexp.MustCompile(`(?:gauge|counter)\("([a-z_]+)"`)
	found := map[string]bool{}
	for _, path := range append(sources, previews...) {
		source, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range quoted.FindAllSubmatch(source, -1) {
			found[string(m[1])] = true
		}
		if strings.Contains(path, "previewwork") {
			for _, m := range work.FindAllSubmatch(source, -1) {
				found["previewd_work_"+string(m[1])] = true
			}
		}
	}
	for _, name := range slices.Sorted(maps.Keys(found)) {
		if name == "dnsd_query_seconds" {
			text += "# TYPE dnsd_query_seconds histogram\n" + `dnsd_query_seconds_bucket{le="+Inf"} 1` + "\ndnsd_query_seconds_count 1\ndnsd_query_seconds_sum 1\n"
			continue
		}
		text += name + " 1\n"
	}
	return text
}

// queries are those of the rules and of the dashboard.
func queries(t *testing.T) (list []string) {
	t.Helper()
	data, err := os.ReadFile(monitoring + "dashboard.json")
	if err != nil {
		t.Fatal(err)
	}
	var board struct {
		Panels []struct {
			Title   string
			Type    string
			Targets []struct{ Expr string }
		}
	}
	if err := json.Unmarshal(data, &board); err != nil {
		t.Fatalf("read the dashboard: %v", err)
	}
	for _, panel := range board.Panels {
		if len(panel.Targets) == 0 && panel.Type != "row" {
			t.Errorf("panel %q asks nothing", panel.Title)
		}
		for _, target := range panel.Targets {
			list = append(list, strings.ReplaceAll(target.Expr, "$instance", ".*"))
		}
	}
	return list
}

// TestMonitoring has a real Prometheus scrape a host by the configuration, with the rules,
// and asks it all that the dashboard asks.
func TestMonitoring(t *testing.T) {
	for _, program := range []string{"prometheus", "promtool"} {
		if _, err := exec.LookPath(program); err != nil {
			t.Skipf("%v (make test installs it)", err)
		}
	}
	for kind, file := range map[string]string{"rules": "rules.yml", "config": "prometheus.yml"} {
		if out, err := exec.Command("promtool", "check", kind, monitoring+file).CombinedOutput(); err != nil {
			t.Fatalf("promtool check %s: %v\n%s", kind, err, out)
		}
	}
	others := declared(t)
	beside := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, others) }))
	defer beside.Close()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	served := make(chan error, 1)
	h := aHost(t)
	go func() {
		served <- serve(ctx, l, h, []neighbour{{"dnsd", beside.URL, "dnsd_"}, {"previewd-route", beside.URL, "previewd_"}})
	}()
	defer func() {
		cancel()
		if err := <-served; err != nil {
			t.Errorf("it ends with %v", err)
		}
	}()

	config, err := os.ReadFile(monitoring + "prometheus.yml")
	if err != nil {
		t.Fatal(err)
	}
	folder := t.TempDir()
	text := strings.NewReplacer("15s", "1s", "10.0.0.11:9158, 10.0.0.21:9158", l.Addr().String()).Replace(string(config))
	rules, err := os.ReadFile(monitoring + "rules.yml")
	if err != nil {
		t.Fatal(err)
	}
	for name, data := range map[string]string{"prometheus.yml": text, "rules.yml": string(rules)} {
		if err := os.WriteFile(filepath.Join(folder, name), []byte(data), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	free, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := free.Addr().String()
	free.Close()
	server := exec.Command("prometheus", "--config.file="+folder+"/prometheus.yml", "--storage.tsdb.path="+folder+"/data", "--web.listen-address="+address)
	if err := server.Start(); err != nil {
		t.Fatal(err)
	}
	defer func() { server.Process.Kill(); server.Wait() }()
	ask := func(query string) (results int, err error) {
		reply, err := http.Get("http://" + address + "/api/v1/query?query=" + url.QueryEscape(query))
		if err != nil {
			return 0, err
		}
		defer reply.Body.Close()
		var said struct {
			Status, Error string
			Data          struct{ Result []json.RawMessage }
		}
		if err := json.NewDecoder(reply.Body).Decode(&said); err != nil {
			return 0, err
		}
		if said.Status != "success" {
			return 0, fmt.Errorf("%s", said.Error)
		}
		return len(said.Data.Result), nil
	}
	await.True(t, "Prometheus has scraped the host", func() bool { n, _ := ask(`up{job="rundock"} == 1`); return n == 1 })

	all := queries(t)
	if len(all) < 30 {
		t.Fatalf("the dashboard has %d queries", len(all))
	}
	for _, query := range all {
		if _, err := ask(query); err != nil {
			t.Errorf("the dashboard asks %s: %v", query, err)
		}
	}
	asked := names.FindAllString(strings.Join(all, "\n"), -1)
	asked = append(asked, names.FindAllString(strings.Join(expressions(string(rules)), "\n"), -1)...)
	slices.Sort(asked)
	for _, name := range slices.Compact(asked) {
		if n, err := ask(name); err != nil || n == 0 {
			t.Errorf("dashboard or rules ask for %s, which no program has any more (%v)", name, err)
		}
	}
	if n, err := ask("rundock_gone"); n != 0 || err != nil {
		t.Errorf("a metric that is not there has %d results, error %v: this test would not see one that is gone", n, err)
	}
	await.True(t, "an alert is pending for the store that is away", func() bool {
		n, _ := ask(`ALERTS{alertname="StoreUnreachable",store="consul"}`)
		return n == 1
	})
}

// expressions are those of rules: lines from expr to the next key.
func expressions(rules string) (list []string) {
	for _, m := range regexp.MustCompile(`(?m)^        expr: (.*(?:\n {10}.*)*)$`).FindAllStringSubmatch(rules, -1) {
		list = append(list, m[1])
	}
	return list
}

func TestRules_say_what_to_do_first(t *testing.T) {
	data, err := os.ReadFile(monitoring + "rules.yml")
	if err != nil {
		t.Fatal(err)
	}
	alerts := strings.Split(string(data), "      - alert: ")[1:]
	if len(alerts) != len(expressions(string(data))) || len(alerts) < 20 {
		t.Fatalf("%d alerts have %d expressions", len(alerts), len(expressions(string(data))))
	}
	for _, alert := range alerts {
		name, _, _ := strings.Cut(alert, "\n")
		for _, want := range []string{"labels: {severity: ", "          summary: \"", "          first: \""} {
			if !strings.Contains(alert, want) {
				t.Errorf("alert %s has no %s", name, strings.TrimSpace(want))
			}
		}
	}
}
