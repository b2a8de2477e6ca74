package params

import "rundock/internal/ansible"

const examples = `
- name: The backend that the template of HAProxy names
  rundock_kv:
    key: backend/current
    value: blue
  run_once: true

- name: The other one, unless somebody else has changed it meanwhile
  rundock_kv:
    key: backend/current
    value: green
    expect: blue
  run_once: true

- name: A password for a template, shown nowhere
  rundock_kv:
    key: app/config/password
    value: "{{ vaulted_password }}"
    secret: true
  run_once: true

- name: Away with it
  rundock_kv:
    key: app/config/password
    state: absent
  run_once: true
`

// returned is what a result has besides changed, msg, diff and warnings.
var returned = []ansible.Return{
	{Name: "actions", Type: ansible.List, Elements: ansible.Str, Description: []string{
		"What was done, or in check mode would be: C(key written), C(key updated), C(key removed).",
	}, Sample: []string{"key updated"}},
	{Name: "key", Type: ansible.Dict, Description: []string{"The key."}, Contains: []ansible.Return{
		{Name: "name", Type: ansible.Str, Description: []string{"Its name, without a slash in front."}, Sample: "backend/current"},
		{Name: "store", Type: ansible.Str, Description: []string{"C(etcd) or C(consul)."}, Sample: "etcd"},
		{Name: "before", Type: ansible.Str, Description: []string{"Its value before the call."}, Returned: "if it was there, and is no secret", Sample: "blue"},
	}},
}
