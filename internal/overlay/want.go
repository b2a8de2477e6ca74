package overlay

// Want returns what the kernel of host h should hold. Peers with h's own
// subnet or underlay address are left out; of two peers with one subnet, the
// last counts, and of two with one MAC, that with the highest subnet. Errors
// name the peer and the field.
func Want(n Network, h Host, peers []Peer) (State, error) {
	w, err := NewWanted(n, h, peers)
	if err != nil {
		return State{}, err
	}
	return w.state, nil
}

// WantNothing returns what the kernel of a host that has left the network should
// hold.
func WantNothing(n Network) State {
	return State{Bridge: Link{Name: n.Bridge()}, Vxlan: Link{Name: n.Vxlan()}, Table: Table{Family: "ip", Name: n.Table()}, Guard: Table{Family: "inet", Name: n.Table()}}
}
