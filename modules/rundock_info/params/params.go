// Package params is what a call of rundock_info takes, as ansible-doc shows it.
package params

import "rundock/internal/ansible"

// Spec is what the module takes, as ansible-doc shows it: after a
// change, go test .. -run TestDocs -update.
var Spec = ansible.Spec{
	Module: "rundock_info",
	Root:   true,
	Short:  "Facts of a rundock host: capacity, programs, services, overlay networks, images",
	Description: []string{
		"Returns the groups and labels of a host, its processors, memory and disks, what its services reserve of them, programs with their releases, services with the digests of their images, overlay networks and images.",
		"It is what C(rundockd facts --json) prints on the host, whose fields keep their names. Nothing is changed, also not outside of check mode.",
	},
	Requirements: []string{"rundockd on the host, as C(playbooks/site.yml) installs it; no Python"},
	Examples:     examples,
	Returns:      returned,
	Params: []ansible.Param{
		{Name: "parts", Type: ansible.List, Elements: ansible.Str, Choices: []string{"programs", "services", "networks", "images"}, Description: []string{
			"Which of the parts that take longer are returned; all unless given. Of the others the list is empty. What services reserve is known with C(services).",
		}},
	},
	Elsewhere: []ansible.Elsewhere{
		{Names: "gather_subset filter", Advice: "say parts"},
		{Names: "name service", Advice: "all services are returned: choose from facts.services"},
	},
}

// Params are the parameters as given.
type Params struct {
	Parts []string `json:"parts"`
}
