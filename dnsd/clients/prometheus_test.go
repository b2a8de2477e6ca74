package clients

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os/exec"
	"strings"
	"testing"

	"rundock/internal/await"
	"rundock/internal/registry/etcdtest"
)

// prometheus finds its targets by dns_sd, as the README says and in other ways, and
// scrapes them by the names that SRV gives.
func prometheus(t *testing.T, h *host) {
	need(t, "prometheus")
	scraped := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, "up_and_well 1\n") }))
	defer scraped.Close()
	_, port, _ := strings.Cut(scraped.Listener.Addr().String(), ":")
	fleet := map[string]string{}
	for i := range 60 {
		fleet[fmt.Sprintf("/com/example/prod/s/fleet/_tcp/_metrics/node-%d", i)] = fmt.Sprintf(`{"host":"127.0.0.1","port":%s,"ttl":5,"group":"_metrics"}`, port)
	}
	h.put(t, fleet)
	conf := file(t, "prometheus.yml", "global: {scrape_interval: 1s}\n"+strings.NewReplacer("5s", "1s", "web", "fleet").Replace(recipe(t, "scrape_configs:"))+fmt.Sprintf(`
  - job_name: search domain
    dns_sd_configs:
      - names: [_metrics._tcp.fleet]
        refresh_interval: 1s
  - job_name: addresses
    scrape_interval: 1h
    dns_sd_configs:
      - names: [many.%s]
        type: A
        port: 9
        refresh_interval: 1s
`, zone))
	address := etcdtest.Address()
	command := h.command(t, "prometheus", "--config.file="+conf, "--storage.tsdb.path="+t.TempDir(), "--web.listen-address="+address)
	run(t, exec.Command(command[0], command[1:]...))

	found := func(job string) (up, all int) {
		var said struct {
			Data struct {
				ActiveTargets []struct {
					Labels            map[string]string
					ScrapeURL, Health string
				}
			}
		}
		reply, err := http.Get("http://" + address + "/api/v1/targets?state=active")
		if err != nil {
			return 0, 0
		}
		defer reply.Body.Close()
		if json.NewDecoder(reply.Body).Decode(&said) != nil {
			return 0, 0
		}
		for _, target := range said.Data.ActiveTargets {
			if target.Labels["job"] != job {
				continue
			}
			if all++; target.Health == "up" {
				up++
			}
		}
		return up, all
	}
	for _, job := range []string{"fleet", "search domain"} {
		await.True(t, "all 60 targets of "+job+" are scraped", func() bool { up, all := found(job); return up == 60 && all == 60 })
	}
	await.True(t, "all addresses are targets", func() bool { _, all := found("addresses"); return all == 60 })
	h.put(t, map[string]string{"/com/example/prod/s/fleet/_tcp/_metrics/node-7": ""})
	await.True(t, "a target that is withdrawn is dropped", func() bool { up, all := found("fleet"); return up == 59 && all == 59 })
}
