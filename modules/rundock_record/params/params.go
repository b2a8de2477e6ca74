// Package params is what a call of rundock_record takes, as ansible-doc shows it, and the
// record that it asks for.
package params

import "rundock/internal/ansible"

// Spec is what the module takes, as ansible-doc shows it: after a
// change, go test .. -run TestDocs -update.
var Spec = ansible.Spec{
	Module: "rundock_record",
	Root:   true,
	Short:  "Have a record in DNS that no service of the site announces",
	Description: []string{
		"Writes a record into the store, etcd or Consul, from which dnsd answers: of a host outside, an alias, a mail exchanger, a text, a CAA record, a target of SRV. It has no lease, and stays until it is removed.",
		"A record that a sidecar announces is left alone: the call fails and says who holds it.",
		"Any host of the site can be asked; one is enough (I(run_once)). With two stores in its host.json the record is in both.",
		"I(state=absent) needs I(name), and I(instance) and I(zone) if they were given, and ignores the rest.",
	},
	Requirements: []string{"rundockd and dnsd on the host, as C(playbooks/site.yml) installs them; no Python"},
	Examples:     examples,
	Returns:      returned,
	Params: []ansible.Param{
		{Name: "name", Required: true, Description: []string{
			"Name in DNS, within I(zone): C(printer), C(_sip._tcp.voice), C(_acme-challenge.web). C(@) is the zone itself. One that a service has as well is answered by both.",
		}},
		{Name: "state", Default: "present", Choices: []string{"present", "absent"}, Description: []string{"Whether the record is there."}},
		{Name: "zone", Description: []string{"Zone in which I(name) is; the host's own, such as C(s.prod.example.com), unless given. dnsd has to be its authority."}},
		{Name: "instance", Default: "static", Description: []string{
			"Tells the records of one name apart: a label, which stands before I(name), as C(node-1) in C(node-1.web). An SRV target that is an address is found under it.",
		}},
		{Name: "host", Description: []string{
			"Address, answered as A or AAAA, or the name of another host, answered as CNAME; with I(port) as SRV, with I(mail) as MX as well.",
		}},
		{Name: "port", Type: ansible.Int, Description: []string{"Port, for SRV."}},
		{Name: "priority", Type: ansible.Int, Description: []string{"Priority in SRV, preference in MX: lower comes first; 10 unless given."}},
		{Name: "weight", Type: ansible.Int, Description: []string{"Weight in SRV beside others of the priority; 100 unless given."}},
		{Name: "ttl", Type: ansible.Int, Description: []string{"Seconds for which the answer may be remembered; dnsd's default unless given."}},
		{Name: "text", Description: []string{"Answered as TXT."}},
		{Name: "mail", Type: ansible.Bool, Default: false, Description: []string{"Answer as MX as well."}},
		{Name: "type", Description: []string{"Type of another record, whose data is I(rdata): C(CAA), C(SSHFP), C(TLSA), C(NAPTR), C(TYPE65), ..."}},
		{Name: "rdata", Description: []string{"Its data in zone-file syntax, such as C(0 issue \"ca.example.net\")."}},
		{Name: "targetstrip", Type: ansible.Int, Description: []string{"Labels taken off the record's own name when it is an SRV target."}},
		{Name: "group", Default: "main", Description: []string{"Records of one name are answered together if they have one group; C(main) is that of services."}},
		{Name: "tags", Type: ansible.List, Elements: ansible.Str, Description: []string{"Tags, which templates read."}},
		{Name: "meta", Type: ansible.Dict, Values: ansible.Str, Description: []string{"Further values, which templates read."}},
	},
	Rules: ansible.Rules{
		RequiredIf:       []ansible.RequiredIf{{Param: "state", Value: "present", Params: []string{"host", "text", "type"}, Any: true}},
		RequiredTogether: [][]string{{"type", "rdata"}},
	},
	Elsewhere: []ansible.Elsewhere{
		{Names: "value address ip target a aaaa cname", Advice: "say host"},
		{Names: "record domain fqdn", Advice: "say name"},
		{Names: "txt", Advice: "say text"},
		{Names: "mx", Advice: "say host, and mail: true"},
		{Names: "data", Advice: "say rdata"},
		{Names: "preference", Advice: "say priority"},
	},
}

// Params are the parameters as given.
type Params struct {
	Name        string            `json:"name"`
	State       string            `json:"state"`
	Zone        string            `json:"zone"`
	Instance    string            `json:"instance"`
	Host        string            `json:"host"`
	Port        int               `json:"port"`
	Priority    int               `json:"priority"`
	Weight      int               `json:"weight"`
	TTL         int               `json:"ttl"`
	Text        string            `json:"text"`
	Mail        bool              `json:"mail"`
	Type        string            `json:"type"`
	RData       string            `json:"rdata"`
	TargetStrip int               `json:"targetstrip"`
	Group       string            `json:"group"`
	Tags        []string          `json:"tags"`
	Meta        map[string]string `json:"meta"`
}
