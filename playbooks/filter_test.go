package playbooks

import (
	"encoding/base64"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"rundock/internal/sitefilter"
)

// whomTheFilterLetsIn has a host say filter.json, and whom others outside the limit are told of. A host of
// the inventory has its facts by its variables, as the module gathers them.
const whomTheFilterLetsIn = `
- hosts: all
  connection: local
  gather_facts: false
  tasks:
    - ansible.builtin.set_fact:
        cacheable: true
        interfaces: [lo, eth0]
        eth0: {ipv4: {address: "10.0.0.{{ number }}"}, ipv6: "{{ six | default([]) }}"}
    - ansible.builtin.import_role: {name: filter}
      when: false
    - ansible.builtin.set_fact:
        rundock_filter_noted: "{{ {'four': rundock_filter_seen, 'six': rundock_filter_seen6} }}"
      run_once: true
    - ansible.builtin.debug:
        msg: "{{ rundock_filter_settings | to_json | b64encode }} {{ (rundock_filter_joining + rundock_filter_joining6) | join(',') }} {{ rundock_filter_wrong | join('; ') }}"
`

// TestFilter_knows_hosts_by_IPv6 at their private interfaces: those of this run as they are, and others as a run of before
// has found them.
func TestFilter_knows_hosts_by_IPv6(t *testing.T) {
	dir := t.TempDir()
	for file, text := range map[string]string{
		"play.yml": whomTheFilterLetsIn,
		"inventory": `one number=1 six='[{"address": "fd00::1", "prefix": "64", "scope": "global"}, {"address": "fe80::1", "prefix": "64", "scope": "link"}, {"address": "2001:db8::1", "prefix": "64", "scope": "global"}]'
two number=2
three number=3 rundock_filter_hosts='["10.9.0.0/16", "fd99::/64", "fd98::1", "fd97", "10.0.0.1:80", "::ffff:10.0.0.1"]'
away number=4
[all:vars]
ansible_python_interpreter=/usr/bin/python3
rundock_private_interface=eth0
rundock_public_interface=eth0
rundock_host_etcd_keepers=["one", "away"]
rundock_host_stores=["etcd"]
rundock_image_registry_hosts=[]
rundock_image_registry_mirror_name=
rundock_loadbalancer_hosts=[]
rundock_loadbalancer_here=False
rundock_loadbalancer_frontends=[]
rundock_loadbalancer_stats_bind=127.0.0.1:9
rundock_metrics=False
rundock_preview_hosts=["two", "away", "unheard"]
rundock_preview_fronts=["one", "away", "unheard"]
rundock_preview_ports=21000-21999
rundock_preview_pagers=["three", "unheard"]
rundock_preview_logs_port=9159
rundock_host_has={"filter": {"settings": {"hosts": {"away": "10.0.0.4", "two": "10.0.0.9", "gone": "10.0.0.5"}, "hosts6": {"away": ["fd00::4"], "two": ["fd00::9"], "gone": ["fd00::5"]}}}}
`,
	} {
		write(t, dir, file, text)
	}
	copyVariables(t, "filter", filepath.Join(dir, "roles/filter"))
	told := tell(t, dir, "--limit", "all:!away")
	words := strings.SplitN(told["two"], " ", 3)
	if len(words) != 3 {
		t.Fatalf("it says %q", told)
	}
	data, err := base64.StdEncoding.DecodeString(words[0])
	if err != nil {
		t.Fatal(err)
	}
	s, err := sitefilter.Parse(data)
	if err != nil {
		t.Fatalf("%v: %s", err, data)
	}
	got := map[string]string{}
	for host, at := range s.Hosts {
		got[host] = at.String()
		for _, a := range s.Hosts6[host] {
			got[host] += " " + a.String()
		}
	}
	if want := map[string]string{"one": "10.0.0.1 fd00::1 2001:db8::1", "two": "10.0.0.2", "three": "10.0.0.3", "away": "10.0.0.4 fd00::4"}; !reflect.DeepEqual(got, want) {
		t.Errorf("hosts are %v, want %v", got, want)
	}
	i := slices.IndexFunc(s.Services, func(v sitefilter.Service) bool { return v.Name == "previews" })
	if i < 0 || s.Services[i].Ports[0].String() != "21000-21999/tcp" || !slices.Equal(s.Services[i].At, []string{"two", "away"}) || !slices.Equal(s.Services[i].Only, []string{"one", "away"}) {
		t.Errorf("services are %+v, want previews of two and away, for one and away", s.Services)
	}
	i = slices.IndexFunc(s.Services, func(v sitefilter.Service) bool { return v.Name == "logs of previews" })
	if i < 0 || s.Services[i].Ports[0].String() != "9159/tcp" || !slices.Equal(s.Services[i].At, []string{"two", "away"}) || !slices.Equal(s.Services[i].Only, []string{"three"}) {
		t.Errorf("services are %+v, want logs of previews of two and away, for three", s.Services)
	}
	if want := "one=10.0.0.1,two=10.0.0.2,three=10.0.0.3,one=fd00::1,one=2001:db8::1"; words[1] != want {
		t.Errorf("others are to admit %s, want %s", words[1], want)
	}
	if words[2] != "" {
		t.Errorf("two is refused: %s", words[2])
	}
	const want = `rundock_filter_hosts: \"fd97\" is neither an address nor a network; rundock_filter_hosts: \"10.0.0.1:80\" is neither an address nor a network; rundock_filter_hosts: \"::ffff:10.0.0.1\" is neither an address nor a network`
	if !strings.HasSuffix(told["three"], want) {
		t.Errorf("three says %s, want it refused: %s", told["three"], want)
	}
}
