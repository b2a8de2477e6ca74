package report

import (
	"cmp"
	"context"
	"flag"
	"fmt"
	"log/slog"
	"net"
	"net/netip"
	"os"
	"slices"
	"strings"
	"sync"
	"time"

	"rundock/internal/container"
	"rundock/internal/control"
	"rundock/internal/overlay"
	"rundock/internal/overlay/roster"
	"rundock/internal/registry/open"
	"rundock/supervisor/overlayhost"
	"rundock/supervisor/process"
)

const overlayExplainUsage = `usage: rundockd overlay explain [--json] ADDRESS

What an address of an overlay network is, which host has it, which container,
and whether this host reaches it: the network here, the host that has the
subnet, what the kernel holds, the path there, the container. The last line
names the first thing that is wrong, and what to do next. It sends some ICMP
echo requests, and changes nothing.

  --json   one JSON document, described in docs/operations.md

Lines begin with ok, note, ?? (could not be found out) or !! (wrong).

Exit codes: 0 it is reachable; 1 not everything could be found out, and nothing
else is wrong; 2 bad arguments; 3 something is wrong; 4 the address is in none of
this host's networks.

Examples:
  rundockd overlay explain 10.42.3.7
  rundockd overlay explain --json 10.42.3.7 | jq -r .peer.host
`

// ExplainAddress is `rundockd overlay explain`.
func ExplainAddress(args []string) int {
	set := flag.NewFlagSet("overlay explain", flag.ContinueOnError)
	asJSON := set.Bool("json", false, "")
	words, code, done := Arguments(set, overlayExplainUsage, args)
	switch {
	case done:
		return code
	case len(words) != 1:
		return BadUsage("overlay explain", fmt.Sprintf("it takes one address, not %d", len(words)))
	}
	address, err := netip.ParseAddr(words[0])
	if err != nil {
		return BadUsage("overlay explain", fmt.Sprintf("%q is not an IP address", words[0]))
	}
	name, there, err := networkOf(address)
	if err != nil {
		fmt.Fprintln(os.Stderr, "rundockd overlay explain:", err)
		return ExitUnknown
	}
	if name == "" {
		fmt.Fprintf(os.Stderr, "rundockd overlay explain: %s is in none of this host's networks; %s\n", address, there)
		return ExitNone
	}
	told := explainAddress(context.Background(), name, address).story()
	if *asJSON {
		return printJSON(told, exitCodeOf(told.Verdict))
	}
	fmt.Print(told.text())
	return exitCodeOf(told.Verdict)
}

// networkOf finds the network of address; there says which networks there are.
func networkOf(address netip.Addr) (name, there string, err error) {
	names, err := overlayhost.Names(nil)
	if err != nil {
		return "", "", err
	}
	var all []string
	for _, name := range names {
		s, err := overlay.ReadSettings(overlay.SettingsDir, name)
		if err != nil {
			return "", "", err
		}
		if s.CIDR.Contains(address) {
			return name, "", nil
		}
		all = append(all, fmt.Sprintf("%s %s", name, s.CIDR))
	}
	if len(all) == 0 {
		return "", "there is none", nil
	}
	return "", "there are: " + strings.Join(all, ", "), nil
}

// netFacts is what could be found out about an address of a network.
type netFacts struct {
	Now     time.Time
	Root    bool
	Address netip.Addr
	Network overlay.Network

	Place  trouble // why settings or underlay of this host are not known; then nothing follows
	Host   string  // this one
	Says   control.OverlayStatus
	Unsaid trouble       // why Says is not known
	Lives  bool          // Says.PID is an agent
	Silent time.Duration // for how long it has said nothing; 0: it speaks
	Known  joined        // what the agent has last known
	Static bool          // the settings list the hosts, and there is no registry

	Registry trouble
	Hosts    []roster.Standing // by the registry, or by the settings

	Left   []string // what check would print, of this moment
	Kernel trouble  // why that is not known

	Docker     trouble
	Containers map[netip.Addr]string // networkOf this host, on the network
	Names      []string              // that DNS has for the address

	Underlay echo // networkOf the host that has the address, on its underlay
	Gateway  echo // networkOf its bridge
	Full     echo // the same in packets as large as may be sent there
	Target   echo // networkOf the address
}

// subnet is that of the address.
func (f netFacts) subnet() netip.Prefix {
	return netip.PrefixFrom(f.Address, f.Network.SubnetLength).Masked()
}

// owner is the host that has the address's subnet.
func (f netFacts) owner() (roster.Standing, bool) {
	i := slices.IndexFunc(f.Hosts, func(s roster.Standing) bool { return s.Subnet == f.subnet() })
	if i < 0 {
		return roster.Standing{}, false
	}
	return f.Hosts[i], true
}

// pathMTU is how large packets to the host that has the address may be, and
// whether that is less than the network's MTU.
func (f netFacts) pathMTU() (mtu int, narrow bool) {
	for _, p := range f.Known.Peers {
		if p.Subnet == f.subnet() && p.MTU != 0 && p.MTU < f.Says.MTU {
			return p.MTU, true
		}
	}
	return f.Says.MTU, false
}

// explainAddress gathers until nothing seems wrong, or until it is beyond doubt.
func explainAddress(ctx context.Context, name string, address netip.Addr) netFacts {
	return LookAgain(func(before netFacts, again bool) netFacts {
		now := gatherAddress(ctx, name, address)
		if again {
			now.Left = Lasting(before.Left, now.Left)
		}
		return now
	}, func(f netFacts) bool { return f.story().Verdict == "wrong" })
}

// gatherAddress finds out.
func gatherAddress(ctx context.Context, name string, address netip.Addr) netFacts {
	f, ok := findPlace(name)
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

// findPlace finds out how this host takes part in a network; ok says that it could
// be found out.
func findPlace(name string) (f netFacts, ok bool) {
	f = netFacts{Now: time.Now(), Root: os.Geteuid() == 0}
	f.Host, _ = os.Hostname()
	here, err := readJoined(name)
	f.Known, f.Network, f.Place = here, here.Settings.Network, troubleOf(err)
	f.Says, err = control.ReadOverlay(control.Dir, name)
	f.Unsaid = troubleOf(err)
	f.Lives = f.Says.PID != 0 && process.IsRundockd(f.Says.PID, "overlay")
	f.Silent = f.Says.Mute(control.Clock())
	if here.Host.Host != "" {
		f.Host = here.Host.Host
	}
	return f, !f.Place.is()
}

// askHosts takes the hosts from the settings or the registry, or else from
// what the agent has last known.
func (f *netFacts) askHosts(ctx context.Context) {
	p := f.Known
	if f.Static = len(p.Settings.Peers) > 0; f.Static {
		for _, s := range p.Settings.Peers {
			f.Hosts = append(f.Hosts, roster.Standing{Member: roster.Member{Host: s.Underlay.String(), Subnet: s.Subnet, Underlay: s.Underlay}, Alive: true})
		}
		return
	}
	ctx, cancel := context.WithTimeout(ctx, askPatience)
	defer cancel()
	etcd, err := open.Store(p.Host, slog.New(slog.DiscardHandler))
	if err == nil {
		defer etcd.Close()
		r := &roster.Roster{Client: etcd, Network: f.Network, Self: roster.Member{ID: p.Machine}}
		f.Hosts, err = r.Hosts(ctx)
	}
	if f.Registry = troubleOf(err); err == nil {
		return
	}
	f.Hosts = f.lastKnown()
}

// lastKnown is what the agent knew last of who has which subnet.
func (f netFacts) lastKnown() []roster.Standing {
	var hosts []roster.Standing
	own := f.Known.Subnet
	if !slices.ContainsFunc(f.Known.Peers, func(p overlay.Peer) bool { return p.Subnet == own }) {
		hosts = append(hosts, roster.Standing{Member: roster.Member{Host: f.Host, Subnet: own, Underlay: f.Known.Underlay.Address}, Alive: true})
	}
	for _, peer := range f.Known.Peers {
		hosts = append(hosts, roster.Standing{Member: roster.Member{Host: cmp.Or(peer.Host, peer.Underlay.String()), Subnet: peer.Subnet, Underlay: peer.Underlay}, Alive: true})
	}
	return hosts
}

func (f *netFacts) askKernel(name string) {
	if !f.Root {
		f.Kernel = trouble{Text: "what the kernel holds only root can see", Denied: true}
		return
	}
	left, err := overlayhost.Left(name)
	f.Left, f.Kernel = left, troubleOf(err)
}

func (f *netFacts) askDocker(ctx context.Context, name string) {
	if !f.here() {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, askPatience)
	defer cancel()
	docker, err := container.Open()
	if err == nil {
		f.Containers, err = docker.OverlayAddresses(ctx, name)
	}
	f.Docker = troubleOf(err)
}

// askNames asks this host's dnsd under which names the address is announced.
func (f *netFacts) askNames(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, askPatience)
	defer cancel()
	resolver := &net.Resolver{PreferGo: true, Dial: func(ctx context.Context, network, _ string) (net.Conn, error) {
		return new(net.Dialer).DialContext(ctx, network, ownDNS)
	}}
	names, err := resolver.LookupAddr(ctx, f.Address.String())
	if err != nil {
		return // it is worth knowing, and no more
	}
	for _, name := range names {
		f.Names = append(f.Names, strings.TrimSuffix(name, "."))
	}
	slices.Sort(f.Names)
}

// tryPath sends something along the whole way, all of it at once.
func (f *netFacts) tryPath(ctx context.Context) {
	owner, ok := f.owner()
	if !ok || !f.Root || f.taken() {
		return
	}
	var wg sync.WaitGroup
	try := func(e *echo, to netip.Addr, size int) { wg.Go(func() { *e = ping(ctx, to, size) }) }
	if !f.here() {
		gateway := overlay.Gateway(owner.Subnet)
		try(&f.Underlay, owner.Underlay, 0)
		try(&f.Gateway, gateway, 0)
		if f.Says.MTU > 0 {
			mtu, _ := f.pathMTU()
			try(&f.Full, gateway, mtu)
		}
	}
	try(&f.Target, f.Address, 0)
	wg.Wait()
}
