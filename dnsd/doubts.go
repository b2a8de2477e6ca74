package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"log/slog"
	"net/netip"
	"slices"
	"strings"

	"rundock/internal/registry"
	"rundock/internal/skydns"

	"github.com/miekg/dns"
)

// refusedName says why resolvers refuse the name that clients are sent to for a
// record: its own, where its host is an address. nil: they do not.
func refusedName(name string, r skydns.Record) error {
	if _, address := r.Addr(); !address || strings.HasSuffix(name, ".arpa.") {
		return nil
	}
	labels := dns.SplitDomainName(name)
	labels = labels[min(r.TargetStrip, len(labels)):]
	labels = slices.DeleteFunc(labels, func(l string) bool { return l == "*" }) // stands for another
	return skydns.CheckHostName(strings.Join(labels, "."))
}

// maxRefusedLogged bounds the keys that are remembered and logged: where there
// are as many, there is a rule to them.
const maxRefusedLogged = 200

// refusedNames logs, once for each key, records whose name resolvers refuse.
type refusedNames struct{ logged map[string]bool }

func (n *refusedNames) look(log *slog.Logger, prefix string, changes []registry.Change) {
	for _, c := range changes {
		if c.Value == nil || n.logged[c.Key] || len(n.logged) == maxRefusedLogged || plainKey(strings.TrimPrefix(c.Key, prefix)) {
			continue
		}
		name, err := skydns.Name(prefix, c.Key)
		if err != nil {
			continue // it is skipped
		}
		r, err := skydns.Parse(c.Value)
		if err != nil {
			continue
		}
		if refused := refusedName(name, r); refused != nil {
			log.Warn("resolvers refuse the name of a record: use another key", "key", c.Key, "reason", refused)
			if n.logged == nil {
				n.logged = map[string]bool{}
			}
			if n.logged[c.Key] = true; len(n.logged) == maxRefusedLogged {
				log.Warn("resolvers refuse the names of more records, see dnsd check")
			}
		}
	}
}

// plainKey says whether a key is of lower-case letters, digits and underscores,
// with hyphens within a part: those of nearly all records, which need no look.
func plainKey(key string) bool {
	for i, c := range []byte(key) {
		switch {
		case 'a' <= c && c <= 'z' || '0' <= c && c <= '9' || c == '_' || c == '/':
		case c == '-' && i > 0 && key[i-1] != '/' && i+1 < len(key) && key[i+1] != '/':
		default:
			return false
		}
	}
	return true
}

// dottedLabel is the first part of a key that has a dot; "" without one.
func dottedLabel(prefix, key string) string {
	parts := strings.Split(strings.TrimPrefix(key, prefix), "/")
	if i := slices.IndexFunc(parts, func(p string) bool { return strings.Contains(p, ".") }); i >= 0 {
		return parts[i]
	}
	return ""
}

// addressDoubt says why nobody reaches an address from another host.
func addressDoubt(a netip.Addr) string {
	switch {
	case a.IsUnspecified():
		return fmt.Sprintf("%s is where a server listens at all addresses, and no address to reach it at: announce one of the host's", a)
	case a.IsLoopback():
		return fmt.Sprintf("%s is each host's own: others reach themselves there", a)
	case a.IsMulticast() || a == netip.AddrFrom4([4]byte{255, 255, 255, 255}):
		return fmt.Sprintf("%s is no single host's address", a)
	case a.IsLinkLocalUnicast():
		return fmt.Sprintf("%s is link-local: others reach it on that link alone, if at all", a)
	}
	return ""
}

// repeatedFields are the fields that a record has more than once, in whatever
// case.
func repeatedFields(value []byte) (repeated []string) {
	in := json.NewDecoder(bytes.NewReader(value))
	if opening, err := in.Token(); err != nil || opening != json.Delim('{') {
		return nil
	}
	seen := map[string]int{}
	for in.More() {
		token, err := in.Token()
		var skipped json.RawMessage
		if err != nil || in.Decode(&skipped) != nil {
			return repeated
		}
		name := strings.ToLower(token.(string))
		if seen[name]++; seen[name] == 2 {
			repeated = append(repeated, name)
		}
	}
	return repeated
}
