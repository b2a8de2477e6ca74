package look

import (
	"net/netip"

	"rundock/internal/hostconfig"
	"rundock/internal/overlay"
	"rundock/internal/overlay/kernel"
	"rundock/modules/rundock_overlay/plan"
)

// readKernel looks whether what the host has leaves room for the network,
// and what it has of it already.
func readKernel(s overlay.Settings, u overlay.Underlay, subnet string) (plan.Kernel, error) {
	k := plan.Kernel{Settings: s, Host: overlay.Host{Underlay: u.Address, Interface: u.Interface, MTU: u.MTU}}
	if len(s.Peers) > 0 {
		own, err := s.OwnPeer(u.Address)
		if err != nil {
			return k, err
		}
		k.Host.Machine, k.Host.Subnet = own.Identity(), own.Subnet
	} else {
		var err error
		if k.Host.Machine, err = hostconfig.MachineID(); err != nil {
			return k, err
		}
		k.NoteSubnet(subnet)
	}
	if _, err := k.Want(); err != nil {
		return k, err
	}
	if err := kernel.CheckConflicts(s.Network, u); err != nil {
		return k, err
	}
	var err error
	if k.Have, err = Devices(s.Network, k.Host.Subnet); err != nil {
		return k, err
	}
	// The agent not having said anything yet.
	if a := k.Have.Bridge.Address; !k.Host.Subnet.IsValid() && a.IsValid() && k.NoteSubnet(a.Masked().String()) {
		k.Have, err = Devices(s.Network, k.Host.Subnet)
	}
	return k, err
}

// Devices reads what the kernel has of the network. It takes rules for granted where the
// devices are: reading them takes more than this program links, and it is the agent that
// keeps them.
func Devices(n overlay.Network, subnet netip.Prefix) (overlay.State, error) {
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
