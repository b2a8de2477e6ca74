package stacking

import (
	"slices"
	"strings"
	"testing"
)

// An instance that waits as its host is drained has its network there meanwhile, for undrain starts
// it by itself; and with its stack it goes, or undrain would start it of a stack that is none any more.
func TestRun_removes_what_waits_on_a_drained_host(t *testing.T) {
	b := newBench(t)
	b.write("services: {db: {image: db:1, volumes: ['data:/d']}}\nvolumes: {data: {}}")
	b.deploy()
	host := ""
	for at, slots := range b.places() {
		if len(slots) > 0 {
			host = at
		}
	}
	b.hosts[host] = []byte(strings.TrimSuffix(string(b.hosts[host]), "}") + `,"drained":{},"services":[{"name":"shop-db-1","stack":"shop","slot":"db.1","enabled":true}]}`)
	b.run = "two"
	a := b.deploy()
	if a.Lines[0] != "shop: release 2 from 1: 1 waiting" || hasWork(a.Waves, host) {
		t.Errorf("while %s is drained: %q, %q", host, a.Lines, slotsOf(a.Waves))
	}
	b.run = "three"
	a = b.deploy(absent)
	for _, gone := range []string{"shop-db-1", "shop_default"} {
		removes := false
		for _, w := range a.Waves {
			for _, args := range slices.Concat(w.Hosts[host].Services, w.Hosts[host].Networks) {
				removes = removes || args["name"] == gone && args["state"] == "absent"
			}
		}
		if !removes {
			t.Errorf("the stack is removed, and %s keeps %s", host, gone)
		}
	}
	if keys := b.keys(); len(keys) > 0 {
		t.Errorf("the store keeps %q", keys)
	}
}
