// Package domains knows in which domains names are looked for that a client asks for
// without one: web of a container in a network of stack shop is web.shop.s.prod.example.com.
// Containers ask by Docker's own resolver at 127.0.0.11, which sends the name as it is; it
// is known who asks by the client's address, which is one of its network.
//
// The networks of this host, to which containers that ask this dnsd belong, are files
// NAME.json in a folder, by default those of module rundock_overlay:
//
//	{"cidr": "10.192.0.0/20", "domains": ["_front.shop.s.prod.example.com", "shop.s.prod.example.com"], ...}
//
// Other fields are others' business, and so are files without domains. The store is not
// asked: what is known of a network lasts as long as the host is in it.
package domains

import (
	"encoding/json"
	"log/slog"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
)

// Networks are those of a folder. Their method Of may be called at any time, beside Run.
type Networks struct {
	Dir string
	Log *slog.Logger

	known atomic.Pointer[[]network]
	bad   map[string]string // files that say nothing, and why
}

// network is one whose containers' names are looked for in domains.
type network struct {
	cidr    netip.Prefix
	domains []string // fully qualified
}

// Of returns the domains, fully qualified, in which names of a client are looked for, in
// this order; nil for clients of no such network.
func (n *Networks) Of(client netip.Addr) []string {
	if n == nil {
		return nil
	}
	known := n.known.Load()
	if known == nil {
		return nil
	}
	client = client.Unmap()
	for i := range *known {
		if each := &(*known)[i]; each.cidr.Contains(client) {
			return each.domains
		}
	}
	return nil
}

// Load reads the folder. One that is not there has no networks. A file that says nothing
// is logged, once, and left out; where the folder cannot be read, what was known holds.
func (n *Networks) Load() {
	files, err := os.ReadDir(n.Dir)
	if err != nil && !os.IsNotExist(err) {
		n.Log.Error("the networks of this host cannot be read", "err", err)
		return
	}
	var all []network
	bad := map[string]string{}
	for _, f := range files {
		if filepath.Ext(f.Name()) != ".json" {
			continue
		}
		file := filepath.Join(n.Dir, f.Name())
		each, err := read(file)
		switch {
		case os.IsNotExist(err): // gone meanwhile
		case err != nil:
			bad[file] = err.Error()
			if n.bad[file] != bad[file] {
				n.Log.Error("a network of this host is left out", "file", file, "err", err)
			}
		case len(each.domains) > 0:
			all = append(all, each)
		}
	}
	n.bad = bad
	// Of two that overlap, which no host is in, the smaller one.
	slices.SortStableFunc(all, func(a, b network) int { return b.cidr.Bits() - a.cidr.Bits() })
	n.known.Store(&all)
}

func read(file string) (n network, err error) {
	data, err := os.ReadFile(file)
	if err != nil {
		return n, err
	}
	var settings struct {
		CIDR    netip.Prefix `json:"cidr"`
		Domains []string     `json:"domains"`
	}
	if err := json.Unmarshal(data, &settings); err != nil {
		return n, err
	}
	n.cidr = settings.CIDR
	for _, domain := range settings.Domains {
		n.domains = append(n.domains, strings.TrimSuffix(domain, ".")+".")
	}
	return n, nil
}
