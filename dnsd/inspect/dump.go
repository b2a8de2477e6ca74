package inspect

import (
	"bufio"
	"cmp"
	"context"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"

	"rundock/dnsd/answer"

	"github.com/miekg/dns"
)

const dumpUsage = `Usage: dnsd dump [flags] [ZONE...]

Prints the zones, or those named, as zone files: for each name that exists the
records that dnsd answers for it, thus for a service those of its instances. A
name with a CNAME has nothing else in a zone file; what dnsd answers besides
is a comment.

    dnsd dump > before; ...; dnsd dump | diff before -

Exit code: 0 printed, 1 etcd could not be read.
`

func dump(ctx context.Context, l *looking, args []string) error {
	zones := l.settings.Zones
	if len(args) > 0 {
		zones = nil
	}
	for _, name := range args {
		i := slices.IndexFunc(l.settings.Zones, func(z answer.Zone) bool { return z.Name == strings.ToLower(dns.Fqdn(name)) })
		if i < 0 {
			return fmt.Errorf("zone %q is none of %s", name, strings.Join(l.settings.ZoneNames(), " "))
		}
		zones = append(zones, l.settings.Zones[i])
	}
	v, err := l.view(ctx)
	if err != nil {
		return err
	}
	out := bufio.NewWriter(l.out)
	for _, z := range zones {
		writeZone(out, z, v)
	}
	return out.Flush()
}

// writeZone writes one zone, parents first.
func writeZone(out io.Writer, z answer.Zone, v *view) {
	types := []uint16{dns.TypeSOA, dns.TypeNS, dns.TypeCNAME, dns.TypeA, dns.TypeAAAA, dns.TypeSRV, dns.TypeMX, dns.TypeTXT, dns.TypePTR}
	names := map[string]bool{z.Name: true, "ns.dns." + z.Name: true}
	for name, r := range v.answers.Table.Named() {
		if !dns.IsSubDomain(z.Name, name) {
			continue
		}
		if r.Type != 0 && !slices.Contains(types, r.Type) {
			types = append(types, r.Type)
		}
		for ; name != z.Name && !names[name]; name = parent(name) {
			names[name] = true
		}
	}
	fmt.Fprintf(out, "; %s at revision %d\n", z.Name, v.answers.Table.State().Revision)
	for _, name := range slices.SortedFunc(maps.Keys(names), byLabels) {
		alias := false
		for _, t := range types {
			for _, rr := range v.answers.Reply(dns.Question{Name: name, Qtype: t, Qclass: dns.ClassINET}, 0).Answer {
				switch own := rr.Header().Name == name && rr.Header().Rrtype == t; {
				case own && alias:
					fmt.Fprintf(out, "; %s\n", rr)
				case own:
					fmt.Fprintln(out, rr)
				}
				alias = alias || t == dns.TypeCNAME && rr.Header().Rrtype == t
			}
		}
	}
}

func parent(name string) string {
	i, end := dns.NextLabel(name, 0)
	if end {
		return "."
	}
	return name[i:]
}

// byLabels compares from the last label on.
func byLabels(a, b string) int {
	x, y := dns.SplitDomainName(a), dns.SplitDomainName(b)
	slices.Reverse(x)
	slices.Reverse(y)
	return cmp.Or(slices.Compare(x, y), strings.Compare(a, b))
}
