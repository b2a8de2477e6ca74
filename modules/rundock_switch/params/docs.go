package params

import "rundock/internal/ansible"

const examples = `
- name: The green instances, which an earlier task has brought up, get the traffic of web
  rundock_switch:
    service: web
    to: green
    path: /up
  run_once: true

- name: The same by way of a share, and back where one per cent of requests fail
  rundock_switch:
    service: web
    to: green
    canary: {share: 10, seconds: 30}
    rollback_on: {errors: 1, checks: 1, window: 60}
  run_once: true
`

// returned is what a result has besides changed, msg, diff and warnings.
var returned = []ansible.Return{
	{Name: "active", Type: ansible.Str, Description: []string{"The colour that has the traffic after the call."}, Sample: "green"},
	{Name: "from", Type: ansible.Str, Description: []string{"The colour that had it before."}, Sample: "blue"},
	{Name: "to", Type: ansible.Str, Description: []string{"The colour that was wanted."}, Sample: "green"},
	{Name: "back", Type: ansible.Str, Description: []string{"Why it went back; empty if it did not."}},
	{Name: "attempt", Type: ansible.Str, Description: []string{"ID of the attempt; empty where none was begun."}},
	{Name: "plan", Type: ansible.List, Elements: ansible.Str, Description: []string{"What the call would do, in order."}, Returned: "in check mode, else empty",
		Sample: []string{"prepare green on front-1, front-2", "send all to green, on each of them", "let sessions on blue end, for 30 s at the most"}},
	{Name: "load_balancers", Type: ansible.List, Elements: ansible.Str, Description: []string{"Hosts that have to acknowledge."}, Sample: []string{"front-1", "front-2"}},
	{Name: "progress", Type: ansible.List, Elements: ansible.Str, Description: []string{"What went on, with seconds since the call began."}},
}
