package params

import "rundock/internal/ansible"

const examples = `
- name: Nothing may be as bad as high
  rundock_audit:
    fail_on: high

- name: What is left as it is
  rundock_audit:
    fail_on: medium
    accepted:
      - {id: "5.11", service: batch, reason: it may have all that others leave}
      - {id: RD-12, reason: images are built here and named by their release}

- name: With what a scanner of the host knows of each image
  rundock_audit:
    scanner:
      command: [/usr/local/bin/scan-image, --quiet]
      timeout: 300
`

// returned is what a result has besides changed and warnings.
var returned = []ansible.Return{
	{Name: "lines", Type: ansible.List, Description: []string{"The findings for people, by what they are about, each with what mends it."}, Sample: []string{
		"containers", "  high    5.5  container tools: it is privileged", "          why: it is root on the host", "          do: take privileged out of the service; name what it needs by cap_add and devices",
		"node-back-1: 1 finding of 1 high; 9 accepted, 101 checks",
	}},
	{Name: "findings", Type: ansible.List, Description: []string{
		"What is not as it is to be, and not accepted, the worst first: C(id), C(group) (host, daemon, files, containers, images, rundock), C(severity), C(subject), C(service), C(text), C(wants), C(reason), C(remedy), and C(unknown) where it could not be looked at.",
	}, Sample: []any{map[string]any{
		"id": "5.5", "group": "containers", "severity": "high", "subject": "container tools", "service": "tools", "text": "it is privileged", "wants": "no container is privileged",
		"reason": "it is root on the host", "remedy": "take privileged out of the service; name what it needs by cap_add and devices",
	}}},
	{Name: "accepted", Type: ansible.List, Description: []string{"The same of what is accepted, with C(accepted), the reason: what rundock leaves so on every host, and what I(accepted) names."}, Sample: []any{map[string]any{
		"id": "2.1", "group": "daemon", "severity": "low", "subject": "dockerd", "text": "it runs as root", "accepted": "overlay networks, ports of hosts and live-restore need a dockerd that is root; its socket is root's alone",
	}}},
	{Name: "counts", Type: ansible.Dict, Description: []string{"How many of I(findings) are of each severity."}, Sample: map[string]any{"low": 0, "medium": 0, "high": 1}},
	{Name: "checks", Type: ansible.Int, Description: []string{"How many checks were made."}, Sample: 101},
	{Name: "not_applicable", Type: ansible.List, Description: []string{"Checks that do not apply to the host: C(id), C(why)."}, Sample: []any{map[string]any{"id": "1.1.3", "why": "there is no auditd"}}},
	{Name: "benchmark", Type: ansible.Str, Description: []string{"What the numbers of checks are of."}, Sample: "CIS Docker Benchmark v1.7.0"},
	{Name: "sarif", Type: ansible.Dict, Returned: "with I(sarif)", Description: []string{"All of it as SARIF 2.1.0, what is accepted as suppressed."}, Sample: map[string]any{"version": "2.1.0", "runs": []any{}}},
}
