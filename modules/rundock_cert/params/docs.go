package params

import "rundock/internal/ansible"

const examples = `
- name: The authority of the site
  rundock_cert:
    state: authority
    title: rundock s.prod.example.com
  delegate_to: node-1
  run_once: true
  register: authority

- name: The certificate by which this host is known to the store
  rundock_cert:
    authority: "{{ authority.authority }}"
    certificates:
      - {name: host, subject: "host:{{ inventory_hostname }}", profile: client}
  register: asked

- name: The authority signs it, where it is due
  rundock_cert:
    state: signed
    requests:
      - {host: "{{ inventory_hostname }}", name: host, subject: "host:{{ inventory_hostname }}", profile: client, request: "{{ asked.requests.host }}"}
  delegate_to: node-1
  when: "'host' in asked.requests"
  register: signed

- name: And the host has it
  rundock_cert:
    authority: "{{ authority.authority }}"
    certificates:
      - {name: host, subject: "host:{{ inventory_hostname }}", profile: client}
    issued: "{{ signed.issued[inventory_hostname] }}"
  when: "'host' in asked.requests"
`

// returned is what a result has besides changed, msg, diff and warnings.
var returned = []ansible.Return{
	{Name: "actions", Type: ansible.List, Elements: ansible.Str, Description: []string{
		"What was done, or in check mode would be, and why.",
	}, Sample: []string{"certificate host asked for: half its life is over"}},
	{Name: "authority", Type: ansible.Str, Description: []string{"The authority's certificates, PEM. Empty in check mode where there is no authority yet."}, Returned: "with I(state=authority), else empty"},
	{Name: "requests", Type: ansible.Dict, Description: []string{"Requests, PEM by name. Empty in check mode."}, Returned: "with I(state=present), else empty"},
	{Name: "issued", Type: ansible.Dict, Description: []string{"What was signed, PEM by host and name. Empty in check mode."}, Returned: "with I(state=signed), else empty"},
}
