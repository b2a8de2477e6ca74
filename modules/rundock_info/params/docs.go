package params

import "rundock/internal/ansible"

const examples = `
- name: What the host has
  rundock_info:
    parts: [services]
  register: here

- name: What all of it is, for the inventory
  rundock_info: {parts: [programs, services, networks, images]}
`

// returned is what a result has besides changed and warnings.
var returned = []ansible.Return{
	{Name: "facts", Type: ansible.Dict, Description: []string{
		"The facts; docs/operations.md has all fields. C(unknown) lists what could not be found out, which is a warning as well.",
	}, Sample: map[string]any{
		"version": 1, "host": "node-back-1", "groups": []string{"back"}, "labels": map[string]any{"zone": "a"},
		"capacity": map[string]any{"cpus": 4, "memory": 8345960448},
		"services": []any{map[string]any{"name": "web", "verdict": "ok", "state": "running", "digest": "registry.s.prod.example.com:5000/web@sha256:1b2c..."}},
	}},
}
