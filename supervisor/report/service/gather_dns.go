package service

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"os"
	"slices"
	"strings"

	"rundock/internal/hostconfig"
	"rundock/supervisor/report"
)

// askDNS asks this host's dnsd for the service's names: each record's own,
// then that of the service.
func (g *gatherer) askDNS(ctx context.Context, s *serviceFacts) {
	if len(s.SidecarStatus.Records) == 0 || g.host.Config.Failed() {
		return
	}
	resolver := report.ResolverAt(report.OwnDNS)
	for _, r := range s.SidecarStatus.Records {
		s.Answers = append(s.Answers, ask(ctx, resolver, r.Name))
	}
	s.Answers = append(s.Answers, ask(ctx, resolver, serviceName(g.config, s.SidecarStatus.Of())))
}

// askResolvers asks dnsd at the addresses of this host that containers ask.
// What it answers there does not matter, only that it does.
func (g *gatherer) askResolvers(ctx context.Context) {
	resolvers, own, err := g.config.Resolvers()
	if err != nil || g.host.Config.Failed() {
		return // said with the container's origins
	}
	for _, address := range resolvers {
		if address != own && !isOwn(address) {
			continue
		}
		_, err := report.ResolverAt(net.JoinHostPort(address, "53")).LookupNetIP(ctx, "ip4", "ns.dns."+g.config.Zone()+".")
		text := failure(err)
		if text == "SERVFAIL" {
			text = "" // it is there, and that it has no records is said elsewhere
		}
		g.host.Resolvers = append(g.host.Resolvers, resolverFacts{address, text})
	}
}

// isOwn reports whether address is one of this host's.
func isOwn(address string) bool {
	all, _ := net.InterfaceAddrs()
	return slices.ContainsFunc(all, func(a net.Addr) bool {
		p, err := netip.ParsePrefix(a.String())
		return err == nil && p.Addr().Unmap().String() == address
	})
}

// serviceName is the DNS name of all instances of a service.
func serviceName(c hostconfig.Config, service string) string { return service + "." + c.Zone() }

func ask(ctx context.Context, resolver *net.Resolver, name string) answerFacts {
	a := answerFacts{Name: strings.TrimSuffix(name, ".")}
	fq := a.Name + "."
	addresses, err := resolver.LookupNetIP(ctx, "ip", fq)
	for _, address := range addresses {
		a.Addresses = append(a.Addresses, address.Unmap().String())
	}
	if a.Failure = failure(err); a.Failure != "" {
		return a
	}
	_, targets, err := resolver.LookupSRV(ctx, "", "", fq)
	for _, t := range targets {
		a.Ports = append(a.Ports, int(t.Port))
	}
	a.Failure = failure(err)
	slices.Sort(a.Addresses)
	slices.Sort(a.Ports)
	a.Addresses, a.Ports = slices.Compact(a.Addresses), slices.Compact(a.Ports)
	return a
}

// failure is why there was no proper answer; that there is no such name is one.
func failure(err error) string {
	var dns *net.DNSError
	switch {
	case err == nil:
		return ""
	case !errors.As(err, &dns):
		return err.Error()
	case dns.IsNotFound:
		return ""
	case dns.IsTimeout:
		return "no answer"
	case dns.Err == "server misbehaving":
		return "SERVFAIL"
	}
	return dns.Err
}

// firstNameServer is that of the resolv.conf at path; "" if it has none.
func firstNameServer(path string) string {
	data, _ := os.ReadFile(path)
	for line := range strings.Lines(string(data)) {
		if f := strings.Fields(line); len(f) >= 2 && f[0] == "nameserver" {
			return f[1]
		}
	}
	return ""
}
