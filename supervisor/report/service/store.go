package service

import (
	"fmt"
	"path/filepath"
	"strings"

	"rundock/internal/hostconfig"
	"rundock/supervisor/certificates"
	"rundock/supervisor/report"
)

// agentTrouble begins what is said of rundockd store, by which a host may reach
// its store.
const agentTrouble = "store agent:"

// ownStore is which store is the host's own.
func (h hostFacts) ownStore() string {
	if h.InConsul {
		return hostconfig.StoreConsul
	}
	return hostconfig.StoreEtcd
}

// storeName is the host's own store, as people know it.
func (h hostFacts) storeName() string { return storeTitle(h.ownStore()) }

// keyCommand is what an operator does to a key of the host's own store by hand:
// get or delete it.
func (h hostFacts) keyCommand(etcd, consul, key string) string {
	return keyCommand(h.ownStore(), etcd, consul, key)
}

func keyCommand(store, etcd, consul, key string) string {
	if store == hostconfig.StoreConsul {
		return "consul kv " + consul + " " + strings.TrimPrefix(key, "/")
	}
	return "etcdctl " + etcd + " " + key
}

// storeTrouble is trouble with a store of the host's, and what to do about it. etcd refuses a
// host whose certificate is not valid: that is then what is wrong, whatever etcd's client said.
func (h hostFacts) storeTrouble(store string, t report.Trouble) (trouble report.Trouble, next string) {
	if h.Refused != "" && store == hostconfig.StoreEtcd && !t.Denied {
		return report.Trouble{Text: h.Refused + "; etcd refuses it: " + t.Text}, certificateAdvice
	}
	return t, h.adviceOn(store, t.Text)
}

const certificateAdvice = "run site.yml, which makes another certificate; rundockd cert status shows them"

// certificateTrouble says what is wrong with the host's certificate for etcd, which is in the
// file cert ("": etcd is asked without); rows are all certificates of site.yml. "": nothing is.
func certificateTrouble(cert string, rows []certificates.Row) string {
	if filepath.Dir(cert) != hostconfig.CertificatesDir {
		return ""
	}
	name := strings.TrimSuffix(filepath.Base(cert), ".crt")
	for _, r := range rows {
		if r.Name != name && r.Name != "all" {
			continue
		}
		if r.Good() {
			return ""
		}
		return fmt.Sprintf("certificate %s, %s: %s", r.Name, r.State, report.OneLine(r.Text))
	}
	return "certificate " + name + " is missing"
}

// adviceOn is what to do about a store of the host's, which did not answer for the reason
// given.
func (h hostFacts) adviceOn(store, reason string) string {
	at := h.Endpoints
	if store == h.Second.Name {
		at = h.Second.Endpoints
	}
	switch {
	case strings.Contains(reason, agentTrouble):
		return agentAdvice
	case store == hostconfig.StoreConsul:
		return "see that Consul's agent runs: " + orNone(strings.Join(at, ", "))
	}
	return "on the store's host (" + orNone(strings.Join(at, ", ")) + "): sv status dnsd; tail /var/log/dnsd/current"
}

// seeThatStoreRuns is adviceOn the host's own store for who has seen the reason already.
func (h hostFacts) seeThatStoreRuns(reason string) string {
	switch {
	case h.Refused != "" && !h.InConsul:
		return certificateAdvice
	case strings.Contains(reason, agentTrouble) || h.InConsul:
		return h.adviceOn(h.ownStore(), reason)
	}
	return "see that etcd runs: " + orNone(strings.Join(h.Endpoints, ", "))
}

const agentAdvice = "see that rundockd store runs: sv status rundock-store"

// storeTitle is a store's name for people.
func storeTitle(name string) string { return hostconfig.StoreTitle(name) }
