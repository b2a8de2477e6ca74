// Package params is what a call of rundock_kv takes, as ansible-doc shows it, and the key
// and value that it asks for.
package params

import (
	"errors"
	"fmt"
	"strings"

	"rundock/internal/ansible"
)

// Spec is what the module takes, as ansible-doc shows it: after a
// change, go test .. -run TestDocs -update.
var Spec = ansible.Spec{
	Module: "rundock_kv",
	Root:   true,
	Short:  "Give a key of the store a value, by compare and set where asked to",
	Description: []string{
		"Writes a key into etcd or Consul, or takes it away: those that templates read, or a program's own. It has no lease, and stays until it is removed.",
		"Any host of the site can be asked; one is enough (I(run_once)).",
		"Keys of rundock's own, below C(skydns) and C(rundock), are refused: rundock_record and the other modules write those.",
	},
	Requirements: []string{"rundockd on the host, as C(playbooks/site.yml) installs it; no Python"},
	Examples:     examples,
	Returns:      returned,
	Params: []ansible.Param{
		{Name: "key", Required: true, Description: []string{
			"The key as templates and Consul name it, without a slash in front: C(backend/current) is C(/backend/current) in etcd.",
		}},
		{Name: "state", Default: "present", Choices: []string{"present", "absent"}, Description: []string{"Whether the key is there."}},
		{Name: "value", Number: true, NoLogIf: "secret", Description: []string{"Its value; may be empty. Required with I(state=present)."}},
		{Name: "expect", Number: true, NoLogIf: "secret", Description: []string{
			"Write, or remove, only if this is the value at that moment. A key that is as asked for already is no failure.",
		}},
		{Name: "expect_absent", Type: ansible.Bool, Default: false, Description: []string{"Write only if there is no such key. One that has the value already is no failure."}},
		{Name: "secret", Type: ansible.Bool, Default: false, Description: []string{"Show no value: neither in the result, nor in the diff or an error."}},
		{Name: "store", Choices: []string{"etcd", "consul"}, Description: []string{"Which store, where host.json has settings for both; the host's own unless given."}},
	},
	Rules: ansible.Rules{
		RequiredIf: []ansible.RequiredIf{{Param: "state", Value: "present", Params: []string{"value"}}},
	},
	Elsewhere: []ansible.Elsewhere{
		{Names: "name path", Advice: "say key"},
		{Names: "cas old previous", Advice: "say expect, the value that is there, or expect_absent: true"},
		{Names: "no_log", Advice: "say secret"},
		{Names: "data content", Advice: "say value"},
	},
}

// Params are the parameters as given; nil means not given.
type Params struct {
	Key          string  `json:"key"`
	State        string  `json:"state"`
	Value        *string `json:"value"`
	Expect       *string `json:"expect"`
	ExpectAbsent bool    `json:"expect_absent"`
	Secret       bool    `json:"secret"`
	Store        string  `json:"store"`
}

// own are folders of rundock's own.
var own = []string{"skydns", "rundock"}

// Path is the key as the store's contract has it, with its slash.
func (p Params) Path() (string, error) {
	key := strings.TrimPrefix(p.Key, "/")
	first, _, _ := strings.Cut(key, "/")
	for _, folder := range own {
		if first == folder {
			return "", fmt.Errorf("key %s: %s is rundock's own; records are written by rundock_record", p.Key, folder)
		}
	}
	switch {
	case key == "" || strings.HasSuffix(key, "/") || strings.Contains(key, "//") || strings.HasPrefix(key, "/"):
		return "", fmt.Errorf("key %q: want names with a slash between, such as backend/current", p.Key)
	case strings.ContainsFunc(key, func(c rune) bool { return c < ' ' || c == 0x7f }):
		return "", fmt.Errorf("key %q: it has control characters", p.Key)
	case p.Expect != nil && p.ExpectAbsent:
		return "", errors.New("expect and expect_absent exclude each other")
	case p.State == "absent" && p.ExpectAbsent:
		return "", errors.New("expect_absent is for state=present")
	}
	return "/" + key, nil
}

// Wanted is the value to write; nil to remove the key.
func (p Params) Wanted() []byte {
	if p.State == "absent" {
		return nil
	}
	return append([]byte{}, *p.Value...)
}
