// Package params is what a call of rundock_cert takes, as ansible-doc shows it, and the
// question to rundockd that it is.
package params

import (
	"rundock/internal/ansible"
	"rundock/internal/control"
)

// certificate are the parameters of one certificate.
var certificate = []ansible.Param{
	{Name: "name", Required: true, Description: []string{"What its files are called: C(NAME.crt) and C(NAME.key). Lower-case letters, digits and hyphens."}},
	{Name: "subject", Description: []string{"Its common name, by which etcd knows a user, such as C(host:node-1). Required but with I(state=absent)."}},
	{Name: "profile", Choices: []string{"client", "server", "peer"}, Description: []string{"What it may be used for; C(peer) is both, as members of a cluster need. Required but with I(state=absent)."}},
	{Name: "names", Type: ansible.List, Elements: ansible.Str, Description: []string{"DNS names and IP addresses of a server or peer; a client has none."}},
	{Name: "group", Description: []string{"The group that may read its key, besides root; it has to be there."}},
}

// Spec is what the module takes, as ansible-doc shows it: after a
// change, go test .. -run TestDocs -update.
var Spec = ansible.Spec{
	Module: "rundock_cert",
	Root:   true,
	Short:  "Certificates of a host, signed by the site's authority, whose keys stay on the host",
	Description: []string{
		"Keeps the certificates below C(/etc/rundock/pki) of a host, and on one host of the site, below C(/etc/rundock/ca), the authority that signs them. Each key is made where it is used, and stays there.",
		"A new certificate takes three calls: the host that needs it makes its key and returns a request, the host with the authority signs (I(state=signed)), and the first one installs what was signed. Where nothing is due, the first call says so, and the others are left out.",
		"A certificate is good for a year. It is due for another when half of that is over, when its names, subject or profile are others, when another authority signs, and when it is damaged, expired or foreign.",
		"The role C(trust) of C(playbooks/site.yml) makes these calls for all hosts of a play at once.",
	},
	Requirements: []string{"rundockd on the host, as C(playbooks/site.yml) installs it; no Python"},
	Examples:     examples,
	Returns:      returned,
	Params: []ansible.Param{
		{Name: "state", Default: "present", Choices: []string{"present", "absent", "authority", "signed"}, Description: []string{
			"C(present): the host has I(certificates); a request is returned for each that is due, unless I(issued) has it. C(absent): it has none of them, nor their keys.",
			"C(authority): the host has an authority; one is made where there is none. C(signed): I(requests) are signed by it.",
		}},
		{Name: "title", Description: []string{"With I(state=authority): the name of one that is made, for people. Without it none is made."}},
		{Name: "rotate", Choices: []string{"begin", "sign", "end"}, Description: []string{
			"With I(state=authority): a step to another authority. C(begin): one is made, and believed beside the one that signs. C(sign): it signs from now on. C(end): the one of before is believed no more. Between two steps all hosts are to have what I(state=authority) returns; C(playbooks/rotate-ca.yml) sees to that.",
		}},
		{Name: "authority", Description: []string{"With I(state=present): the authority's certificates, PEM, as I(state=authority) returns them; the one that signs first. Without it, those that the host has."}},
		{Name: "certificates", Type: ansible.List, Elements: ansible.Dict, Options: certificate, Description: []string{"With I(state=present) and I(state=absent): the certificates."}},
		{Name: "issued", Type: ansible.Dict, Description: []string{"With I(state=present): what was signed, PEM by name. What is not due is left alone."}},
		{Name: "requests", Type: ansible.List, Elements: ansible.Dict, Description: []string{
			"With I(state=signed): what hosts ask for. Of a request the key is taken, and nothing else: subject, profile and names are those given here.",
		}, Options: append([]ansible.Param{
			{Name: "host", Required: true, Description: []string{"Whose it is, for the result."}},
			{Name: "request", Required: true, Description: []string{"The request, PEM, that I(state=present) returned."}},
		}, certificate...)},
	},
	Rules: ansible.Rules{
		RequiredIf: []ansible.RequiredIf{
			{Param: "state", Value: "present", Params: []string{"certificates"}},
			{Param: "state", Value: "absent", Params: []string{"certificates"}},
			{Param: "state", Value: "signed", Params: []string{"requests"}},
		},
	},
	Elsewhere: []ansible.Elsewhere{
		{Names: "path dest privatekey_path csr_path", Advice: "files are NAME.crt and NAME.key below /etc/rundock/pki"},
		{Names: "subject_alt_name sans san", Advice: "say names, a list"},
		{Names: "common_name cn", Advice: "say subject"},
		{Names: "owner mode", Advice: "keys are root's; say group for who else reads one"},
	},
}

// Params are the parameters as given.
type Params struct {
	State        string                `json:"state"`
	Title        string                `json:"title"`
	Rotate       string                `json:"rotate"`
	Authority    string                `json:"authority"`
	Certificates []control.Certificate `json:"certificates"`
	Issued       map[string]string     `json:"issued"`
	Requests     []control.Signing     `json:"requests"`
}

// operations are rundockd's words for states.
var operations = map[string]control.CertOp{
	"present": control.CertPresent, "absent": control.CertAbsent, "authority": control.CertAuthority, "signed": control.CertSign,
}

// Request is what rundockd is asked for.
func (p Params) Request(check bool) control.CertRequest {
	return control.CertRequest{
		Version: control.Version, Op: operations[p.State], Check: check, Title: p.Title, Rotate: p.Rotate, Authority: p.Authority,
		Certificates: p.Certificates, Issued: p.Issued, Requests: p.Requests,
	}
}
