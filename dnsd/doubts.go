package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/netip"
	"slices"
	"strings"
)

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
