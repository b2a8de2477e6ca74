package inspect

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"rundock/dnsd/answer"
	"rundock/dnsd/hostnames"
	"rundock/dnsd/settings"
	"rundock/internal/skydns"

	"github.com/miekg/dns"
)

// doubts are about a record that dnsd reads, whatever others there are.
func doubts(s settings.Settings, key string, value []byte) (reasons []string) {
	name, err := skydns.Name(s.Prefix, key)
	r, e := skydns.Parse(value)
	if errors.Join(err, e) != nil {
		return nil // lint was told so
	}
	if !s.InZones(name) && !strings.HasSuffix(name, ".arpa.") {
		reasons = append(reasons, name+" is in none of the zones: it is not answered")
	}
	if r.Host == "" && r.Text == "" && r.Type == "" {
		reasons = append(reasons, "it has neither host, text nor type: there is nothing to answer")
	}
	if unknown := unknownFields(value); len(unknown) > 0 {
		reasons = append(reasons, "unknown fields are ignored: "+strings.Join(unknown, ", "))
	}
	if repeated := repeatedFields(value); len(repeated) > 0 {
		reasons = append(reasons, "these fields are there more than once, and the last of each counts: "+strings.Join(repeated, ", "))
	}
	if len(r.Text) > answer.MaxText {
		reasons = append(reasons, fmt.Sprintf("its text has %d bytes, of which no answer holds more than %d: it is not answered", len(r.Text), answer.MaxText))
	}
	if err := hostnames.Refused(name, r); err != nil {
		reasons = append(reasons, "resolvers refuse its name, which clients that follow SRV look up: use another key: "+err.Error())
	} else if dotted := dottedLabel(s.Prefix, key); dotted != "" {
		reasons = append(reasons, fmt.Sprintf("%q is one label with a dot in it, not several: those have a slash between them in the key", dotted))
	}
	if addr, ok := r.Addr(); ok && addressDoubt(addr) != "" {
		reasons = append(reasons, addressDoubt(addr))
	}
	if r.TargetStrip > 0 && r.TargetStrip >= dns.CountLabel(name) {
		reasons = append(reasons, "targetstrip is longer than the name")
	}
	if _, address := r.Addr(); !address && r.Host != "" && r.Port == 0 && !r.Mail && (r.Text != "" || r.Type != "") {
		reasons = append(reasons, "its host is a name, which gives no CNAME beside its text or data: write them to names of their own")
	}
	return reasons
}

// doubtsBeside are about a record that dnsd reads, as others are.
func doubtsBeside(s settings.Settings, v *view, key string, value []byte) (reasons []string) {
	name, err := skydns.Name(s.Prefix, key)
	r, e := skydns.Parse(value)
	if errors.Join(err, e) != nil {
		return nil
	}
	if v.hidden(key) {
		reasons = append(reasons, "it is not answered, as the key without the final slash means the same name and is there: delete one")
	}
	if _, address := r.Addr(); !address && r.Host != "" {
		target := strings.ToLower(dns.Fqdn(r.Host))
		if reply := v.answers.Reply(dns.Question{Name: target, Qtype: dns.TypeA, Qclass: dns.ClassINET}, 0); s.InZones(target) && reply.Rcode == dns.RcodeNameError {
			reasons = append(reasons, "its host "+target+" does not exist")
		} else if endless := endlessAlias(v, name); endless != "" {
			reasons = append(reasons, endless)
		}
	}
	return reasons
}

// turns are looked at of a name with several hosts, which are answered in turn.
const turns = 8

// endlessAlias says why no address comes out of the aliases that begin at name,
// at least now and then; "" where none is in the way.
func endlessAlias(v *view, name string) string {
	for turn := range uint32(turns) {
		turn <<= 29 // turns are spread over all 32 bits
		targets := map[string]string{}
		for _, rr := range v.answers.Reply(dns.Question{Name: name, Qtype: dns.TypeA, Qclass: dns.ClassINET}, turn).Answer {
			if alias, ok := rr.(*dns.CNAME); ok {
				targets[strings.ToLower(alias.Hdr.Name)] = strings.ToLower(alias.Target)
			}
		}
		way := []string{name}
		for at := targets[name]; at != ""; at = targets[at] {
			if i := slices.Index(way, at); i >= 0 {
				return "its host leads round in a circle, which no address comes out of: " + strings.Join(append(way[i:], at), " -> ")
			}
			way = append(way, at)
		}
		if len(way) > answer.MaxChain {
			return fmt.Sprintf("its host leads through more names than the %d that are followed: %s", answer.MaxChain, strings.Join(way, " -> "))
		}
	}
	return ""
}

// recordFields are the names that skydns.Parse knows.
var recordFields = []string{"host", "port", "priority", "weight", "ttl", "text", "mail", "targetstrip", "group", "tags", "meta", "colour", "id", "type", "rdata"}

func unknownFields(value []byte) (unknown []string) {
	var fields map[string]json.RawMessage
	if json.Unmarshal(value, &fields) != nil {
		return nil
	}
	for name := range fields {
		if !slices.Contains(recordFields, strings.ToLower(name)) {
			unknown = append(unknown, name)
		}
	}
	slices.Sort(unknown)
	return unknown
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
