package service

import (
	"strings"

	"rundock/internal/hostconfig"
)

// agentTrouble begins what is said of rundockd store, by which a host may reach
// its store.
const agentTrouble = "store agent:"

// storeName is the host's own store, as people know it.
func (h hostFacts) storeName() string {
	if h.InConsul {
		return hostconfig.StoreTitle(hostconfig.StoreConsul)
	}
	return hostconfig.StoreEtcd
}

// keyCommand is what an operator does to a key of the store by hand: get or
// delete it.
func (h hostFacts) keyCommand(etcd, consul, key string) string {
	if h.InConsul {
		return "consul kv " + consul + " " + strings.TrimPrefix(key, "/")
	}
	return "etcdctl " + etcd + " " + key
}

// storeAdvice is what to do about a store that did not answer for the reason given.
func (h hostFacts) storeAdvice(reason string) string {
	switch {
	case strings.Contains(reason, agentTrouble):
		return agentAdvice
	case h.InConsul:
		return h.seeThatStoreRuns(reason)
	}
	return "on the store's host (" + orNone(strings.Join(h.Endpoints, ", ")) + "): sv status dnsd; tail /var/log/dnsd/current"
}

// seeThatStoreRuns is storeAdvice for who has seen the reason already.
func (h hostFacts) seeThatStoreRuns(reason string) string {
	at := orNone(strings.Join(h.Endpoints, ", "))
	switch {
	case strings.Contains(reason, agentTrouble):
		return agentAdvice
	case h.InConsul:
		return "see that Consul's agent runs: " + at
	}
	return "see that etcd runs: " + at
}

const agentAdvice = "see that rundockd store runs: sv status rundock-store"

// storeTitle is a store's name for people.
func storeTitle(name string) string { return hostconfig.StoreTitle(name) }
