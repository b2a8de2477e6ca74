package main

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"rundock/internal/fstree"
	"rundock/internal/hostconfig"
	"rundock/internal/overlay"
	"rundock/internal/overlay/kernel"
)

// kernelState is what the kernel holds of the network, and what the agent will
// have it hold.
type kernelState struct {
	settings overlay.Settings
	host     overlay.Host // without Subnet where it is pending
	have     overlay.State
}

// readKernel looks whether what the host has leaves room for the network,
// and what it has of it already.
func (t *task) readKernel(u overlay.Underlay) (kernelState, error) {
	k := kernelState{settings: t.settings, host: overlay.Host{Underlay: u.Address, Interface: u.Interface, MTU: u.MTU}}
	if len(t.settings.Peers) > 0 {
		own, err := t.settings.OwnPeer(u.Address)
		if err != nil {
			return k, err
		}
		k.host.Machine, k.host.Subnet = own.Identity(), own.Subnet
	} else {
		var err error
		if k.host.Machine, err = hostconfig.MachineID(); err != nil {
			return k, err
		}
		k.settle(t.told.Subnet)
	}
	if _, err := k.want(); err != nil {
		return k, err
	}
	if err := kernel.CheckConflicts(t.settings.Network, u); err != nil {
		return k, err
	}
	var err error
	if k.have, err = look(t.settings.Network, k.host.Subnet); err != nil {
		return k, err
	}
	// The agent not having said anything yet.
	if a := k.have.Bridge.Address; !k.host.Subnet.IsValid() && a.IsValid() && k.settle(a.Masked().String()) {
		k.have, err = look(t.settings.Network, k.host.Subnet)
	}
	return k, err
}

// look takes rules for granted where the devices are: reading them takes more
// than this program links, and it is the agent that keeps them.
func look(n overlay.Network, subnet netip.Prefix) (overlay.State, error) {
	have, err := kernel.ReadDevices(n, subnet)
	none := overlay.WantNothing(n)
	have.Table, have.Guard = none.Table, none.Guard
	rules := overlay.FilterRules(n)
	have.Filter.Rules = rules[:2] // Docker's own
	if have.Bridge.Exists {
		have.Filter.Rules = rules
		have.Table.Chains, have.Guard.Chains = []overlay.Chain{}, []overlay.Chain{}
	}
	return have, err
}

// settle notes this host's subnet, and reports whether that was news.
func (k *kernelState) settle(subnet string) bool {
	p, err := netip.ParsePrefix(subnet)
	if err != nil || k.host.Subnet.IsValid() || !k.settings.CIDR.IsValid() {
		return false
	}
	if _, err := k.settings.Index(p); err != nil {
		return false
	}
	k.host.Subnet = p
	return true
}

// want is what the kernel is to hold. Peers that the registry tells of are
// the agent's business, and so is what it found to pass on the way to a peer:
// they are as they are. A pending subnet is taken for the first.
func (k kernelState) want() (overlay.State, error) {
	h := k.host
	var peers []overlay.Peer
	if !h.Subnet.IsValid() {
		h.Subnet = k.settings.Subnet(0)
	} else if len(k.settings.Peers) > 0 {
		peers = k.settings.OtherPeers(overlay.StaticPeer{Subnet: h.Subnet, Underlay: h.Underlay})
		for key, route := range k.have.Routes {
			i := slices.IndexFunc(peers, func(p overlay.Peer) bool { return p.Subnet == key.Subnet && p.Underlay == k.have.Forwards[p.MAC] })
			if i >= 0 {
				peers[i].MTU = route.MTU
			}
		}
	}
	s, err := overlay.Want(k.settings.Network, h, peers)
	if k.have.Bridge.Exists {
		s.Table, s.Guard, s.Hosts = k.have.Table, k.have.Guard, k.have.Hosts
	}
	if err == nil && len(k.settings.Peers) == 0 && k.have.Vxlan.Exists {
		s.Neighbours, s.Forwards, s.Routes = k.have.Neighbours, k.have.Forwards, k.have.Routes
	}
	return s, err
}

// lines are the commands by which a person would do what the agent does. What
// is pending stands in them in angle brackets.
func (k kernelState) lines() string {
	if !k.settings.CIDR.IsValid() {
		return ""
	}
	want, err := k.want()
	if err != nil {
		return ""
	}
	var b strings.Builder
	for _, op := range overlay.Plan(k.have, want) {
		fmt.Fprintln(&b, op)
	}
	subnet := k.host.Subnet
	if !subnet.IsValid() {
		subnet = k.settings.Subnet(0)
	}
	if !k.have.Bridge.Exists {
		fmt.Fprintf(&b, "docker network create -d bridge --subnet %s --gateway %s -o com.docker.network.bridge.name=%s %s\n",
			subnet, overlay.Gateway(subnet), k.settings.Bridge(), k.settings.Name)
	}
	if k.host.Subnet.IsValid() {
		return b.String()
	}
	gateway := overlay.Gateway(subnet)
	return replaceWords(b.String(), map[string]string{
		subnet.String():  "<subnet>",
		gateway.String(): "<gateway>",
		netip.PrefixFrom(gateway, subnet.Bits()).String(): fmt.Sprintf("<gateway>/%d", subnet.Bits()),
		netip.PrefixFrom(subnet.Addr(), 32).String():      "<first of subnet>/32",
	})
}

// replaceWords replaces what stands between spaces and line ends.
func replaceWords(text string, by map[string]string) string {
	var b strings.Builder
	for line := range strings.Lines(text) {
		words := strings.Split(strings.TrimSuffix(line, "\n"), " ")
		for i, w := range words {
			if r, ok := by[w]; ok {
				words[i] = r
			}
		}
		b.WriteString(strings.Join(words, " ") + "\n")
	}
	return b.String()
}

// commands adds what happens outside of files to the diff, as its last entry.
func (t *task) commands(lines string) {
	if lines == "" {
		return
	}
	header := "network " + t.p.Name
	t.diff = append(t.diff, fstree.Diff{BeforeHeader: header, AfterHeader: header, After: lines})
}

// foretell completes what the result tells, as far as it can be known before
// the agent runs.
func (t *task) foretell(k kernelState) {
	f := &t.told
	f.Devices = []string{k.settings.Bridge(), k.settings.Vxlan()}
	f.Underlay = k.host.Underlay.String()
	if want, err := k.want(); err == nil {
		f.MTU = want.Bridge.MTU
	}
	f.Subnet, f.Gateway = "pending", "pending"
	if s := k.host.Subnet; s.IsValid() {
		f.Subnet, f.Gateway = s.String(), overlay.Gateway(s).String()
	}
}
