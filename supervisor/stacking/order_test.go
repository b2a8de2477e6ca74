package stacking

import (
	"testing"

	"rundock/internal/control"
)

func TestEntries_say_which_container_comes_first(t *testing.T) {
	b := newBench(t)
	b.write(`
services:
  web: {image: web:1}
  several: {image: web:1, volumes: ["shared:/data"], deploy: {replicas: 2}}
  asked: {image: web:1, deploy: {update_config: {order: stop-first}}}
  port: {image: web:1, ports: ["8080:80"]}
  volume: {image: web:1, volumes: ["data:/data"]}
  folder: {image: web:1, volumes: ["/srv/data:/data"]}
  host: {image: web:1, network_mode: host}
  owner: {image: web:1}
  joins: {image: web:1, network_mode: "service:owner"}
  standby: {image: web:1, environment: [reschedule:on-node-failure]}
  job: {image: web:1, restart: "no"}
volumes: {data: {}, shared: {}}
`)
	got := map[string]any{}
	for _, w := range b.must(control.StackBegin).Waves {
		for _, host := range w.Hosts {
			for _, s := range host.Services {
				got[s["slot"].(string)] = s["order"]
			}
		}
	}
	for _, slot := range []string{"web.1", "several.1", "several.2"} {
		if got[slot] != "start-first" {
			t.Errorf("order of %s = %v, want start-first", slot, got[slot])
		}
		delete(got, slot)
	}
	for slot, order := range got {
		if order != nil {
			t.Errorf("order of %s = %v, want none", slot, order)
		}
	}
	if len(got) != 9 {
		t.Errorf("of the others there are %v", got)
	}
}
