package params

import "rundock/internal/ansible"

const examples = `
- name: A server outside, found as a service is
  rundock_record:
    name: legacy-db
    host: 10.9.0.7
    port: 5432
  run_once: true

- name: Mail for the zone
  rundock_record:
    name: "@"
    instance: mx1
    host: mx1.example.net
    mail: true
    priority: 5
  run_once: true

- name: Who may issue certificates for it
  rundock_record:
    name: "@"
    instance: caa
    type: CAA
    rdata: 0 issue "ca.example.net"
  run_once: true

- name: An alias
  rundock_record:
    name: wiki
    host: grafana.s.prod.example.com
  run_once: true

- name: A text, and away with it
  rundock_record:
    name: _acme-challenge.web
    state: absent
  run_once: true
`

// returned is what a result has besides changed, msg, diff and warnings.
var returned = []ansible.Return{
	{Name: "actions", Type: ansible.List, Elements: ansible.Str, Description: []string{
		"What was done, or in check mode would be: C(record written), C(record updated), C(record removed); with two stores, where.",
	}, Sample: []string{"record written"}},
	{Name: "record", Type: ansible.Dict, Description: []string{"The record after the call."}, Contains: []ansible.Return{
		{Name: "name", Type: ansible.Str, Description: []string{"Its own name in DNS, with the instance."}, Sample: "static.legacy-db.s.prod.example.com"},
		{Name: "key", Type: ansible.Str, Description: []string{"Its key in etcd; Consul's has no slash in front."}, Sample: "/skydns/com/example/prod/s/legacy-db/static"},
		{Name: "value", Type: ansible.Dict, Description: []string{"Its value."}, Returned: "with I(state=present)"},
	}},
}
