package overlay

import "slices"

func planLink(have, want Link, add Op) []Op {
	if !want.Exists {
		return nil
	}
	var ops []Op
	switch {
	case !have.Exists:
		ops = append(ops, add)
	case have.MAC != want.MAC:
		ops = append(ops, SetMAC{want.Name, want.MAC})
	}
	if have.MTU != want.MTU {
		ops = append(ops, SetMTU{want.Name, want.MTU})
	}
	if !have.Forwarding {
		ops = append(ops, SetForwarding{want.Name})
	}
	// Add before delete: an interface with no address drops its routes.
	if have.Address != want.Address {
		ops = append(ops, AddAddress{want.Name, want.Address})
	}
	if !have.Up {
		ops = append(ops, SetUp{want.Name})
	}
	// It comes by itself with the address, of a device that is up.
	if want.Connected && !have.Connected && have.Up && have.Address == want.Address {
		ops = append(ops, AddConnected{want.Name, want.Address})
	}
	if have.Address.IsValid() && have.Address != want.Address {
		ops = append(ops, DeleteAddress{want.Name, have.Address})
	}
	ops = append(ops, planDamage(have, want)...)
	for _, port := range want.Ports {
		if !slices.Contains(have.Ports, port) {
			ops = append(ops, AddPort{want.Name, port})
		}
	}
	for _, a := range have.OtherAddresses {
		ops = append(ops, DeleteAddress{want.Name, a})
	}
	return ops
}

// planDamage repairs a device that is there and stops packets.
func planDamage(have, want Link) []Op {
	var ops []Op
	if have.NoARP {
		ops = append(ops, SetARP{want.Name})
	}
	if have.NoReplies {
		ops = append(ops, SetARPReplies{want.Name})
	}
	if have.Enslaved {
		ops = append(ops, SetNoMaster{want.Name})
	}
	if have.STP {
		ops = append(ops, DisableSTP{want.Name})
	}
	if have.VLANs {
		ops = append(ops, DisableVLANs{want.Name})
	}
	// That of another address comes with it.
	if have.LocalRouteGone && have.Address == want.Address {
		ops = append(ops, AddLocalRoute{want.Name, want.Address.Addr()})
	}
	if have.UnderlayRouteGone != "" && have.Tunnel == want.Tunnel {
		ops = append(ops, AddLocalRoute{have.UnderlayRouteGone, want.Tunnel.Local})
	}
	for _, port := range have.Down {
		ops = append(ops, SetUp{port})
	}
	for _, port := range have.Blocked {
		ops = append(ops, ReattachPort{want.Name, port})
	}
	return ops
}
