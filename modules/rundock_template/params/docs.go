package params

import "rundock/internal/ansible"

const examples = `
- name: HAProxy's configuration, from a template beside the playbook
  rundock_template:
    name: haproxy
    content: "{{ lookup('file', 'haproxy.cfg.tmpl') }}"
    dest: /etc/haproxy/haproxy.cfg
    group: haproxy
    mode: "0640"
    check: haproxy -c -f %s
    signal: {service: haproxy, signal: USR2}
    floor: {apache-80: 2}
    backup: true

- name: Targets of Prometheus, which reads them by itself
  rundock_template:
    name: targets
    dest: /etc/prometheus/targets.json
    content: '{% raw %}[{"targets": [{{range $i, $s := service "node"}}{{if $i}}, {{end}}"{{$s.Address}}:{{$s.Port}}"{{end}}]}]{% endraw %}'

- name: Leave the file as it is from now on
  rundock_template:
    name: targets
    state: absent
`

// returned is what a result has besides changed, msg, diff and warnings.
var returned = []ansible.Return{
	{Name: "actions", Type: ansible.List, Elements: ansible.Str, Description: []string{
		"What was done, or in check mode would be, in order.",
	}, Sample: []string{"definition written", "renderer enabled", "file replaced"}},
	{Name: "template", Type: ansible.Dict, Description: []string{
		"How the template stands after the call.",
	}, Contains: []ansible.Return{
		{Name: "name", Type: ansible.Str, Description: []string{"Its name."}, Sample: "haproxy"},
		{Name: "state", Type: ansible.Str, Description: []string{"C(current); C(kept), the last good file stays; C(down), no renderer runs; C(absent)."}, Sample: "current"},
		{Name: "reason", Type: ansible.Str, Description: []string{"Why the last good file stays."}, Returned: "with C(kept)"},
		{Name: "dest", Type: ansible.Str, Description: []string{"The file."}, Returned: "with I(state=present)", Sample: "/etc/haproxy/haproxy.cfg"},
		{Name: "services", Type: ansible.Dict, Description: []string{"Instances in the file, by service."}, Returned: "with I(state=present)", Sample: map[string]int{"apache-80": 2}},
		{Name: "keys", Type: ansible.Dict, Description: []string{"Keys found, by what was asked for."}, Returned: "with I(state=present)", Sample: map[string]int{"backend/current": 1}},
	}},
}
