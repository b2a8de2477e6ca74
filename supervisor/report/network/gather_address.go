package network

import (
	"context"
	"log/slog"
	"net/netip"
	"slices"
	"strings"

	"rundock/internal/container"
	"rundock/internal/overlay/roster"
	"rundock/internal/registry/open"
	"rundock/supervisor/overlayhost"
	"rundock/supervisor/report"
)

// gatherAddress finds out.
func gatherAddress(ctx context.Context, name string, address netip.Addr) addressFacts {
	f, ok := gatherOwn(name)
	f.Address = address
	if !ok {
		return f
	}
	f.askHosts(ctx)
	f.askKernel(name)
	f.askDocker(ctx, name)
	f.askNames(ctx)
	f.tryPath(ctx)
	return f
}

// askHosts takes the hosts from the settings or the store, or else from
// what the agent has last known.
func (f *addressFacts) askHosts(ctx context.Context) {
	p := f.Own
	if f.Static = len(p.Settings.Peers) > 0; f.Static {
		for _, s := range p.Settings.Peers {
			f.Hosts = append(f.Hosts, roster.ListedHost{Member: roster.Member{Host: s.Underlay.String(), Subnet: s.Subnet, Underlay: s.Underlay}, Alive: true})
		}
		return
	}
	ctx, cancel := context.WithTimeout(ctx, report.Patience)
	defer cancel()
	etcd, err := open.Store(p.Host, slog.New(slog.DiscardHandler))
	if err == nil {
		defer etcd.Close()
		r := &roster.Roster{Client: etcd, Network: f.Network, Self: roster.Member{ID: p.Machine}}
		f.Hosts, err = r.Hosts(ctx)
	}
	if f.StoreTrouble = report.TroubleOf(err); err == nil {
		return
	}
	f.Hosts = f.lastKnown()
}

func (f *addressFacts) askKernel(name string) {
	if !f.Root {
		f.KernelTrouble = report.Trouble{Text: "what the kernel holds only root can see", Denied: true}
		return
	}
	left, err := overlayhost.Left(name)
	f.KernelDiff, f.KernelTrouble = left, report.TroubleOf(err)
}

func (f *addressFacts) askDocker(ctx context.Context, name string) {
	if !f.here() {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, report.Patience)
	defer cancel()
	docker, err := container.Open()
	if err == nil {
		f.Containers, err = docker.OverlayAddresses(ctx, name)
	}
	f.DockerTrouble = report.TroubleOf(err)
}

// askNames asks this host's dnsd under which names the address is announced.
func (f *addressFacts) askNames(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, report.Patience)
	defer cancel()
	resolver := report.ResolverAt(report.OwnDNS)
	names, err := resolver.LookupAddr(ctx, f.Address.String())
	if err != nil {
		return // it is worth knowing, and no more
	}
	for _, name := range names {
		f.Names = append(f.Names, strings.TrimSuffix(name, "."))
	}
	slices.Sort(f.Names)
}
