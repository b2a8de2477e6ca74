package previewweb

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"rundock/internal/await"
	"rundock/internal/cutover"
	"rundock/internal/hostinfo"
	"rundock/internal/overlay/roster"
	"rundock/internal/preview"
	"rundock/internal/preview/ledger"
	"rundock/internal/stack"
	"rundock/internal/stack/release"
	"rundock/supervisor/previewweb/access"
	"rundock/supervisor/previewweb/api"
	"rundock/supervisor/previewweb/known"
)

// fillSite writes what a site has besides previews: the stack shop on two hosts, the service influxdb, a load balancer
// and an overlay network.
func (g *rig) fillSite() {
	g.Helper()
	r := release.Release{
		Version: release.Version, Number: 2, From: 1, State: release.Current, Since: time.Now().UTC(), Who: "ada",
		Model: stack.Stack{Version: stack.Version, Name: "shop", Services: map[string]stack.Service{"web": {Replicas: 2}}},
		Slots: map[stack.Slot]release.Slot{
			{Service: "web", Number: 1}: {Place: stack.Place{Host: "node-back-1"}, Hash: "h"},
			{Service: "web", Number: 2}: {Place: stack.Place{Host: "node-back-2"}, Hash: "h", Waiting: true},
		},
	}
	past := r
	past.Number, past.From, past.State = 1, 0, release.Current
	for _, one := range []release.Release{r, past} {
		data, err := one.JSON()
		if err != nil {
			g.Fatal(err)
		}
		g.etcd.Put(release.Key("shop", one.Number), string(data), 0)
	}
	for key, value := range map[string]string{
		release.CurrentKey("shop"):                                    `{"release":2}`,
		"/skydns/com/example/prod/s/influxdb/node-back-1":             `{"host":"10.0.0.11","port":8086,"group":"main"}`,
		"/skydns/com/example/prod/s/influxdb/node-back-2-blue":        `{"host":"10.0.0.12","port":8086,"colour":"blue"}`,
		"/skydns/com/example/prod/s/influxdb/_tcp/_admin/node-back-1": `{"host":"10.0.0.11","port":8088}`,
		"/skydns/com/example/prod/s/shop/web/1":                       `{"host":"10.42.1.5","port":80,"at":"node-back-1"}`,
		"/skydns/com/example/prod/s/shop/_front/web/1":                `{"host":"10.42.1.5","port":80,"at":"node-back-1"}`,
		"/skydns/com/example/prod/s/broken/node-back-1":               `{`,
		cutover.LoadBalancerKey("node-front-1"):                       `{"id":"m1/balance","services":[]}`,
		roster.Prefix("apps") + "config":                              `{}`,
		roster.Prefix("apps") + "subnets/10.42.1.0-24":                `{"id":"m1","host":"node-back-1","subnet":"10.42.1.0/24","underlay":"10.0.0.11","mac":"02:00:00:00:00:01","seen":"2026-11-30T00:00:00Z"}`,
		roster.Prefix("apps") + "subnets/10.42.9.0-24":                `{"id":"m9","host":"node-gone","subnet":"10.42.9.0/24","underlay":"10.0.0.19","mac":"02:00:00:00:00:09","seen":"2026-11-30T00:00:00Z"}`,
		roster.Prefix("apps") + "alive/m1":                            `{"id":"m1"}`,
		hostinfo.Key("node-back-2"):                                   `{"id":"m2/host","version":"v7","load":0.25,"cpus":2,"memory":4096,"free":1024}`,
		hostinfo.Key("node-idle"):                                     `{"id":"m5/host","version":"v8","load":0,"cpus":1,"memory":1024,"free":900}`,
		ledger.JobPrefix + "other":                                    `{"id":"b","host":"node-back-2","job":{"commit":"c1"}}`,
		preview.UsedKey("main", "node-front-1"):                       `{"at":"2026-11-30T00:00:00Z"}`,
	} {
		g.etcd.Put(key, value, 0)
	}
}

func TestSite_is_shown_as_the_store_knows_it(t *testing.T) {
	g := newRig(t)
	g.fillSite()
	await.Empty(t, "the hosts", func() string {
		var hosts api.Hosts
		g.expect(200, access.Read, "GET", "/api/v1/hosts", "", &hosts)
		if len(hosts.Hosts) == 5 {
			one, two, front, gone, idle := hosts.Hosts[0], hosts.Hosts[1], hosts.Hosts[2], hosts.Hosts[3], hosts.Hosts[4]
			if one.Name == "node-back-1" && one.Address == "10.0.0.11" && one.Alive && slices.Equal(one.Runs, []string{"influxdb", "shop/web.1"}) &&
				two.Name == "node-back-2" && two.Alive && slices.Equal(two.Runs, []string{"influxdb", "shop/web.2"}) && slices.Equal(two.Works, []string{"other"}) &&
				front.Name == "node-front-1" && front.LoadBalancer && gone.Name == "node-gone" && !gone.Alive && gone.Load == nil &&
				idle.Name == "node-idle" && idle.Alive && idle.Load != nil && *idle.Load == 0 && two.Version == "v7" && *two.Load == 0.25 && two.CPUs == 2 && two.Memory == 4096 && two.Free == 1024 {
				return ""
			}
		}
		return fmt.Sprintf("%+v", hosts.Hosts)
	})
	if _, text := g.send(g.request(access.Read, "GET", "/site", "")); strings.Count(text, "0.2 of 2, 3.0 of 4.0 GiB") != 2 || !strings.Contains(text, "<td>v7</td>") {
		t.Errorf("the page has no load and version in its table and picture: %s", text)
	}
	await.Empty(t, "the services", func() string {
		var services api.Services
		g.expect(200, access.Read, "GET", "/api/v1/services", "", &services)
		if s := services.Services; len(s) == 2 && s[0].Name == "influxdb" && len(s[0].Instances) == 2 && s[1].Name == "shop/web" {
			if i := s[0].Instances[1]; i.Name == "node-back-2-blue" && i.Host == "node-back-2" && i.Address == "10.0.0.12:8086" && i.Colour == "blue" {
				return ""
			}
		}
		return fmt.Sprintf("%+v", services.Services)
	})
	await.Empty(t, "the stacks", func() string {
		var stacks api.Stacks
		g.expect(200, access.Read, "GET", "/api/v1/stacks", "", &stacks)
		if len(stacks.Stacks) == 1 && len(stacks.Stacks[0].Releases) == 2 && len(stacks.Stacks[0].Slots) == 2 {
			s := stacks.Stacks[0]
			if s.Current == 2 && s.Releases[0].Number == 2 && s.Releases[1].State == "past" && s.Slots[0].Up && !s.Slots[1].Up && s.Slots[1].Waiting {
				return ""
			}
		}
		return fmt.Sprintf("%+v", stacks.Stacks)
	})
}

// A preview stays ready on a host that is lost: what is shown of it says so.
func TestPreview_of_a_host_that_is_not_heard_of(t *testing.T) {
	g := newRig(t)
	g.fillSite()
	g.expect(201, access.Deploy, "POST", "/api/v1/previews", `{"repo":"shop","branch":"main"}`, nil)
	for host, routes := range map[string]string{"node-back-1": "10.42.1.9:80", "node-gone": "10.42.9.9:80"} {
		g.put(preview.State{Name: "main", Step: preview.Ready, Commit: "c1", Since: time.Now(), Host: host, Routes: map[string][]string{"": {routes}}})
		lost := host == "node-gone"
		g.shown("main", "is on "+host, func(p known.Preview) bool {
			return slices.Equal(p.Hosts, []string{host}) && slices.Equal(p.Unheard, []string{host}) == lost
		})
		for _, path := range []string{"/", "/previews/main"} {
			if says := strings.Contains(g.look(access.Read, path), "not heard of: node-gone"); says != lost {
				t.Errorf("%s of a preview on %s says that its host is not heard of: %v", path, host, says)
			}
		}
	}
}
