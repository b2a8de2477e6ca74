package playbooks

import (
	"path/filepath"
	"strings"
	"testing"
)

// answeringTheWorld has each host say by the variables of role public_dns whether it is to
// answer, and whether what answered before is to go.
const answeringTheWorld = `
- hosts: all
  connection: local
  gather_facts: false
  tasks:
    - ansible.builtin.set_fact:
        cacheable: true
        eth0: {ipv4: {address: 192.0.2.11}}
    - ansible.builtin.import_role: {name: public_dns}
      when: false
    - ansible.builtin.debug:
        msg: "{{ 'answers' if rundock_public_dns_here else 'is silent' }}, {{ 'goes' if rundock_public_dns_surplus else 'stays' }}"
`

func TestPublicDNS_goes_where_the_list_has_no_address_of_the_host(t *testing.T) {
	hosts := []struct{ name, variables, want string }{
		{"new", `before=false rundock_public_dns_addresses='["192.0.2.11"]'`, "answers, stays"},
		{"second-run", `before=true rundock_public_dns_addresses='["192.0.2.11"]'`, "answers, stays"},
		{"emptied", `before=true rundock_public_dns_addresses='[]'`, "is silent, goes"},
		{"balances-no-more", `before=true rundock_loadbalancer_present=False rundock_public_dns_addresses='["192.0.2.11"]'`, "is silent, goes"},
		{"never", `before=false rundock_public_dns_addresses='[]'`, "is silent, stays"},
	}
	dir := t.TempDir()
	var inventory strings.Builder
	for _, h := range hosts {
		inventory.WriteString(h.name + " " + h.variables + "\n")
	}
	inventory.WriteString("[all:vars]\nansible_python_interpreter=/usr/bin/python3\nrundock_public_interface=eth0\nrundock_loadbalancer_present=True\n" +
		`rundock_host_has="{{ {'public_dns': {'here': before | bool}} }}"` + "\n")
	write(t, dir, "inventory", inventory.String())
	write(t, dir, "play.yml", answeringTheWorld)
	copyVariables(t, "public_dns", filepath.Join(dir, "roles", "public_dns"))
	told := tell(t, dir)
	for _, h := range hosts {
		if told[h.name] != h.want {
			t.Errorf("%s: %q, want %q", h.name, told[h.name], h.want)
		}
	}
}
