package params

import "rundock/internal/ansible"

const examples = `
- name: A network of all hosts, which the store tells of each other
  rundock_overlay:
    name: apps
    cidr: 10.42.0.0/16
    vni: 42

- name: Two hosts without a store
  rundock_overlay:
    name: pair
    cidr: 10.43.0.0/23
    vni: 43
    underlay: eth1
    peers:
      - {subnet: 10.43.0.0/24, underlay: 10.0.0.5}
      - {subnet: 10.43.1.0/24, underlay: 10.0.0.6}

- name: Leave it
  rundock_overlay:
    name: pair
    state: absent
`

// returned is what a result has besides changed, msg, diff and warnings.
var returned = []ansible.Return{
	{Name: "actions", Type: ansible.List, Elements: ansible.Str, Description: []string{
		"What was done, or in check mode would be, in order.",
	}, Sample: []string{"installed", "enabled"}},
	{Name: "network", Type: ansible.Dict, Description: []string{
		"How the network stands on this host after the call.",
	}, Contains: []ansible.Return{
		{Name: "name", Type: ansible.Str, Description: []string{"Name of the network."}, Sample: "apps"},
		{Name: "state", Type: ansible.Str, Description: []string{
			"C(up); C(waiting), for what the agent's log says; C(fenced), cut off, as another host has its subnet; C(down), no agent runs; C(absent).",
		}, Sample: "up"},
		{Name: "subnet", Type: ansible.Str, Description: []string{"This host's part; C(pending) before the agent has taken one."}, Returned: "with I(state=present)", Sample: "10.42.3.0/24"},
		{Name: "gateway", Type: ansible.Str, Description: []string{"Address of the host in it, which containers have as their gateway; or C(pending)."}, Returned: "with I(state=present)", Sample: "10.42.3.1"},
		{Name: "mtu", Type: ansible.Int, Description: []string{"MTU inside the network."}, Returned: "with I(state=present)", Sample: 1450},
		{Name: "devices", Type: ansible.List, Elements: ansible.Str, Description: []string{"The bridge, and the VXLAN device."}, Returned: "with I(state=present)", Sample: []string{"ovl42", "vx42"}},
		{Name: "underlay", Type: ansible.Str, Description: []string{"Address by which other hosts reach this one."}, Returned: "with I(state=present)", Sample: "10.0.0.5"},
		{Name: "peers", Type: ansible.Int, Description: []string{"How many other hosts are alive."}, Sample: 2},
		{Name: "alive", Type: ansible.Bool, Description: []string{"Whether other hosts see this one."}},
	}},
}
