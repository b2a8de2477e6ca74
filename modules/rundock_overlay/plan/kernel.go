package plan

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"rundock/internal/fstree"
	"rundock/internal/overlay"
)

// Kernel is what the kernel holds of the network, and what the agent will
// have it hold.
type Kernel struct {
	Settings overlay.Settings
	Host     overlay.Host // without Subnet where it is pending
	Have     overlay.State
}

// NoteSubnet notes this host's subnet, and reports whether that was news.
func (k *Kernel) NoteSubnet(subnet string) bool {
	p, err := netip.ParsePrefix(subnet)
	if err != nil || k.Host.Subnet.IsValid() || !k.Settings.CIDR.IsValid() {
		return false
	}
	if _, err := k.Settings.Index(p); err != nil {
		return false
	}
	k.Host.Subnet = p
	return true
}

// Want is what the kernel is to hold. Peers that the store tells of are
// the agent's business, and so is what it found to pass on the way to a peer:
// they are as they are. A pending subnet is taken for the first.
func (k Kernel) Want() (overlay.State, error) {
	h := k.Host
	var peers []overlay.Peer
	if !h.Subnet.IsValid() {
		h.Subnet = k.Settings.Subnet(0)
	} else if len(k.Settings.Peers) > 0 {
		peers = k.Settings.OtherPeers(overlay.StaticPeer{Subnet: h.Subnet, Underlay: h.Underlay})
		for key, route := range k.Have.Routes {
			i := slices.IndexFunc(peers, func(p overlay.Peer) bool { return p.Subnet == key.Subnet && p.Underlay == k.Have.Forwards[p.MAC] })
			if i >= 0 {
				peers[i].MTU = route.MTU
			}
		}
	}
	s, err := overlay.Want(k.Settings.Network, h, peers)
	if k.Have.Bridge.Exists {
		s.Table, s.Guard, s.Hosts = k.Have.Table, k.Have.Guard, k.Have.Hosts
	}
	if err == nil && len(k.Settings.Peers) == 0 && k.Have.Vxlan.Exists {
		s.Neighbours, s.Forwards, s.Routes = k.Have.Neighbours, k.Have.Forwards, k.Have.Routes
	}
	return s, err
}

// Commands are the commands by which a person would do what the agent does. What
// is pending stands in them in angle brackets.
func (k Kernel) Commands() string {
	if !k.Settings.CIDR.IsValid() {
		return ""
	}
	want, err := k.Want()
	if err != nil {
		return ""
	}
	var b strings.Builder
	for _, op := range overlay.Plan(k.Have, want) {
		fmt.Fprintln(&b, op)
	}
	subnet := k.Host.Subnet
	if !subnet.IsValid() {
		subnet = k.Settings.Subnet(0)
	}
	if !k.Have.Bridge.Exists {
		fmt.Fprintf(&b, "docker network create -d bridge --subnet %s --gateway %s -o com.docker.network.bridge.name=%s %s\n",
			subnet, overlay.Gateway(subnet), k.Settings.Bridge(), k.Settings.Name)
	}
	if k.Host.Subnet.IsValid() {
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

// Undoing are the commands by which a person would do what leaving does, where the kernel
// has this of the network, and these containers are attached.
func Undoing(n overlay.Network, have overlay.State, attached []string) string {
	var b strings.Builder
	for _, c := range attached {
		fmt.Fprintln(&b, "docker network disconnect -f", n.Name, c)
	}
	if have.Bridge.Exists {
		fmt.Fprintln(&b, "docker network rm", n.Name)
	}
	for _, op := range overlay.Plan(have, overlay.WantNothing(n)) {
		fmt.Fprintln(&b, op)
	}
	return b.String()
}

// CommandsDiff is the diff of what happens outside of files, its last entry; none where
// nothing does.
func CommandsDiff(name, commands string) []fstree.Diff {
	if commands == "" {
		return nil
	}
	header := "network " + name
	return []fstree.Diff{{BeforeHeader: header, AfterHeader: header, After: commands}}
}
