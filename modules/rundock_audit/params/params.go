// Package params is what a call of rundock_audit takes, as ansible-doc shows it.
package params

import "rundock/internal/ansible"

// Spec is what the module takes, as ansible-doc shows it: after a
// change, go test .. -run TestDocs -update.
var Spec = ansible.Spec{
	Module: "rundock_audit",
	Root:   true,
	Short:  "Audit a rundock host: the CIS Docker Benchmark, and rundock's own promises",
	Description: []string{
		"Looks at the host, its dockerd, its containers and rundock itself, and returns what is not as the CIS Docker Benchmark v1.7.0 or rundock's own promises have it: how bad that is, why, and the setting that mends it.",
		"Nothing is changed, also not outside of check mode: a report is written by the play. C(playbooks/audit.yml) does so.",
		"On the host, C(rundockd audit) shows the same to people, and C(rundockd audit --checks) lists all checks.",
	},
	Requirements: []string{"rundockd on the host, as C(playbooks/site.yml) installs it; no Python"},
	Examples:     examples,
	Returns:      returned,
	Params: []ansible.Param{
		{Name: "fail_on", Choices: []string{"low", "medium", "high"}, Description: []string{
			"Fail where a finding that is not accepted is as bad as this, or worse. Unless given, findings alone fail no task.",
		}},
		{Name: "accepted", Type: ansible.List, Elements: ansible.Dict, Description: []string{
			"What is left as it is. It is returned apart, and fails nothing. One that accepts nothing is a warning; one without a reason, or of a check that there is not, an error. What could not be looked at is never accepted.",
		}, Options: []ansible.Param{
			{Name: "id", Required: true, Description: []string{"Of a check, such as C(5.11) or C(RD-12), in quotes; or, with I(scanner), of what that finds."}},
			{Name: "reason", Required: true, Description: []string{"Why it is left so."}},
			{Name: "service", Description: []string{"The service that this holds for; whatever it is about unless given."}},
		}},
		{Name: "scanner", Type: ansible.Dict, Description: []string{
			"A scanner of images that is on the host. It is called once for each image that runs. Where it fails, that is a finding of severity C(high).",
		}, Options: []ansible.Param{
			{Name: "command", Type: ansible.List, Elements: ansible.Str, Required: true, Description: []string{
				"The program and its arguments. The image, C(NAME@sha256:...), takes the place of C({image}), or follows.",
				"It prints an object of JSON a line: C(id) and C(severity) (critical, high, medium, low), and if it likes C(package), C(text), C(remedy). It ends with 0, or with 1 where it has found something; all else is a failure.",
			}},
			{Name: "timeout", Type: ansible.Int, Default: 120, Description: []string{"Seconds for each image. Then it is killed, which is a failure."}},
		}},
		{Name: "programs", Type: ansible.Dict, Values: ansible.Str, Description: []string{
			"SHA-256 of programs of /usr/local/bin, by name, as they are to be. Unless given they are to be what M(rundock_host) sent last, by the host's own notes.",
		}},
		{Name: "sarif", Type: ansible.Bool, Default: false, Description: []string{"Return SARIF 2.1.0 as well."}},
	},
	Elsewhere: []ansible.Elsewhere{
		{Names: "report path dest", Advice: "the module writes no file: say sarif: true, and copy what it returns as sarif (playbooks/audit.yml does)"},
		{Names: "severity level", Advice: "say fail_on"},
		{Names: "ignore skip exclude", Advice: "say accepted, with the reason"},
	},
}

// Params are the parameters as given.
type Params struct {
	FailOn   string            `json:"fail_on"`
	Accepted []Acceptance      `json:"accepted"`
	Scanner  *Scanner          `json:"scanner"`
	Programs map[string]string `json:"programs"`
	SARIF    bool              `json:"sarif"`
}

// Acceptance is one of accepted.
type Acceptance struct {
	ID      string `json:"id"`
	Reason  string `json:"reason"`
	Service string `json:"service,omitempty"`
}

// Scanner is scanner.
type Scanner struct {
	Command []string `json:"command"`
	Timeout int      `json:"timeout"`
}
