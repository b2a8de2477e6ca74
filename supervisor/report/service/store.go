package service

import "strings"

// agentTrouble begins what is said of rundockd store, by which a host may reach
// its store.
const agentTrouble = "store agent:"

// storeName is the host's own store, as people know it.
func (h hostFacts) storeName() string {
	if h.InConsul {
		return "Consul"
	}
	return "etcd"
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
