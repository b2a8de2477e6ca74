package params

import "rundock/internal/ansible"

const examples = `
- name: Docker, runit and rundockd
  rundock_host:
    packages: [docker.io, iptables, runit, runit-run]
    docker:
      settings: {live-restore: true}
    runsvdir: true
    programs:
      - {name: rundock-store, src: bin/rundock-store}
      - {name: rundock-render, src: bin/rundock-render}
      - {name: rundockd, src: bin/rundockd, test: version}
    files:
      - path: /etc/rundock/host.json
        content: "{{ host_json | to_nice_json }}\n"
        check: rundockd config %s

- name: The host's one connection to its store
  rundock_host:
    services:
      - name: rundock-store
        scripts:
          run: |
            #!/bin/sh
            exec rundockd store 2>&1
        ready: rundockd store check

- name: No service runs here until it is ready again
  rundock_host:
    state: drained
    by: ada
`

// returned is what a result has besides changed, msg, diff and warnings.
var returned = []ansible.Return{
	{Name: "actions", Type: ansible.List, Elements: ansible.Str, Description: []string{
		"What was done, or in check mode would be, in order.",
	}, Sample: []string{"packages installed: runit runit-run", "runsvdir started"}},
	{Name: "missing", Type: ansible.List, Elements: ansible.Str, Description: []string{"Packages that were not installed before the call."}, Sample: []string{"runit", "runit-run"}},
	{Name: "stays", Type: ansible.List, Elements: ansible.Str, Description: []string{"What is left on the machine."}, Returned: "with I(state=gone)", Sample: []string{"logs in /var/log"}},
	{Name: "stdout", Type: ansible.Str, Description: []string{"What I(look) printed."}, Returned: "with I(look)"},
	{Name: "stopped", Type: ansible.List, Elements: ansible.Str, Description: []string{"The services that were stopped, or withdrawn."}, Returned: "with I(state=drained)", Sample: []string{"web is stopped"}},
	{Name: "waiting", Type: ansible.List, Elements: ansible.Str, Description: []string{"Keys of daemon.json that take effect when dockerd is restarted."}, Sample: []string{"log-driver"}},
}
