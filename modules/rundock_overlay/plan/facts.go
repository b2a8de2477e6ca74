package plan

import "rundock/internal/overlay"

// Facts are what the result tells of the network.
type Facts struct {
	Name     string   `json:"name"`
	State    string   `json:"state"`             // of its agent: up, waiting, fenced; absent; down: no agent runs
	Subnet   string   `json:"subnet,omitempty"`  // or pending
	Gateway  string   `json:"gateway,omitempty"` // or pending
	MTU      int      `json:"mtu,omitempty"`
	Devices  []string `json:"devices,omitempty"` // the bridge, and the VXLAN device
	Underlay string   `json:"underlay,omitempty"`
	Peers    int      `json:"peers"`
	Alive    bool     `json:"alive"` // other hosts see this one
}

// Tell is how the network of this name stands. What an agent said that
// is no more is of the past, but for what it made.
func (s Situation) Tell(name string) Facts {
	f := Facts{
		Name: name, State: string(s.Says.State), Subnet: s.Says.Subnet, Gateway: s.Says.Gateway, MTU: s.Says.MTU,
		Underlay: s.Says.Underlay, Peers: s.Says.Peers, Alive: s.Says.Alive,
	}
	if s.Joined != nil {
		f.Devices = []string{s.Joined.Bridge(), s.Joined.Vxlan()}
	}
	if !s.Speaks() {
		f.State, f.Peers, f.Alive = "down", 0, false
	}
	return f
}

// Foretell completes f as far as it can be known before the agent runs.
func (f Facts) Foretell(k Kernel) Facts {
	f.Devices = []string{k.Settings.Bridge(), k.Settings.Vxlan()}
	f.Underlay = k.Host.Underlay.String()
	if want, err := k.Want(); err == nil {
		f.MTU = want.Bridge.MTU
	}
	f.Subnet, f.Gateway = "pending", "pending"
	if s := k.Host.Subnet; s.IsValid() {
		f.Subnet, f.Gateway = s.String(), overlay.Gateway(s).String()
	}
	return f
}
