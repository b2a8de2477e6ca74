// Package hostnames finds records that are answered, but whose clients fail: Go,
// glibc and c-ares look up no SRV target that is not a host name (letters,
// digits, hyphens and underscores; RFC 952, RFC 1123).
package hostnames

import (
	"slices"
	"strings"

	"rundock/internal/skydns"

	"github.com/miekg/dns"
)

// Refused says why resolvers refuse the name that clients are sent to for a
// record: its own, where its host is an address. nil: they do not.
func Refused(name string, r skydns.Record) error {
	if _, address := r.Addr(); !address || strings.HasSuffix(name, ".arpa.") {
		return nil
	}
	labels := dns.SplitDomainName(name)
	labels = labels[min(r.TargetStrip, len(labels)):]
	labels = slices.DeleteFunc(labels, func(l string) bool { return l == "*" }) // stands for another
	return skydns.CheckHostName(strings.Join(labels, "."))
}
