package stacking

import (
	"fmt"
	"testing"
)

const inNetworks = `
services:
  web: {image: web:1, networks: [front], depends_on: [api]}
  api:
    image: web:2
    networks: {front: {aliases: [gate]}, back: {aliases: [core], gw_priority: 1}}
  db: {image: db:1, networks: {back: {aliases: [sql]}}}
networks: {front: {}, back: {name: behind}}
`

// A service in several networks has records in each, and its own name leads to where those are
// that depend on it, whichever is its way out.
func TestEntry_of_a_service_in_several_networks(t *testing.T) {
	b := newBench(t)
	b.write(inNetworks)
	told := map[string]string{}
	for _, w := range b.deploy().Waves {
		for _, work := range w.Hosts {
			for _, s := range work.Services {
				told[fmt.Sprint(s["slot"])] = fmt.Sprint(s["announces"], s["aliases"])
			}
		}
	}
	for slot, want := range map[string]string{
		"web.1": "[map[as:container network:shop_front]] <nil>",
		"db.1":  "[map[as:container network:behind]] [sql]",
		"api.1": "[map[as:container network:shop_front]] [core@behind gate api._back@behind core._back@behind api._front@shop_front gate._front@shop_front]",
	} {
		if told[slot] != want {
			t.Errorf("%s announces %s, want %s", slot, told[slot], want)
		}
	}
}
