package catalog

import (
	"encoding/json"
	"fmt"
	"strings"

	"rundock/internal/registry/consul"
	"rundock/internal/skydns"
)

// ttl is that of the records, in seconds: what a lease of 15 s gives others.
const ttl = 5

// Weights of records are hundredths of Consul's, whose usual one is 1.
const (
	perWeight  = 100
	mostWeight = 1<<16 - 1
)

// records are the records of instances below zone, by key: port 8080 of service web
// on node db-1 is
//
//	/skydns/com/example/prod/s/web/db-1-8080
//
// A service is left out whose name is no label of a host name. Of instances that
// come to the same key the first has it, and the next ones a number: db-1-8080-2.
func records(prefix, zone string, all []consul.Instance) map[string]string {
	found := map[string]string{}
	for _, i := range all {
		service := strings.ToLower(i.Service)
		if strings.Contains(service, ".") || skydns.CheckHostName(service+"."+zone) != nil {
			continue
		}
		value, err := json.Marshal(skydns.Record{
			Host: i.Address, Port: i.Port, TTL: ttl, Weight: min(i.Weight*perWeight, mostWeight), Tags: i.Tags, Meta: i.Meta,
			ID: "consul/" + i.Node + "/" + i.ID,
		})
		if err != nil {
			continue // text alone is marshalled
		}
		label := fmt.Sprintf("%s-%d", label(i.Node), i.Port)
		for n, last := 2, label; ; n++ {
			key := skydns.Key(prefix, last+"."+service+"."+zone)
			if _, taken := found[key]; !taken {
				found[key] = string(value)
				break
			}
			last = fmt.Sprintf("%s-%d", label, n)
		}
	}
	return found
}

// label makes a node's name one label of a host name, with room for what follows.
func label(node string) string {
	text := strings.Map(func(c rune) rune {
		if 'a' <= c && c <= 'z' || '0' <= c && c <= '9' || c == '-' || c == '_' {
			return c
		}
		return '-'
	}, strings.ToLower(node))
	return strings.TrimLeft(text[:min(len(text), 48)], "-")
}
