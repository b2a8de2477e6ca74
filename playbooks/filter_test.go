package playbooks

import (
	"encoding/base64"
	"os"
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

// TestFilter_goes_on_without_a_host_outside_the_limit that does not answer, which it names. One that answers and cannot let
// the hosts of the run in ends it.
func TestFilter_goes_on_without_a_host_outside_the_limit(t *testing.T) {
	dir := t.TempDir()
	data, err := os.ReadFile("roles/filter/tasks/main.yml")
	if err != nil {
		t.Fatal(err)
	}
	copyVariables(t, "filter", filepath.Join(dir, "roles/filter"))
	write(t, dir, "roles/filter/tasks/main.yml", strings.ReplaceAll(string(data), "/usr/local/bin/rundockd", "sh "+dir+"/{{ item }}"))
	write(t, dir, "play.yml", "- hosts: all\n  gather_facts: false\n  roles: [filter]\n  tasks:\n    - ansible.builtin.debug: {msg: goes on}\n")
	write(t, dir, "images", "[ $2 = --help ] && { echo IPv4 and IPv6; exit; }\necho \"$@\" >>"+dir+"/did\n[ ! -e "+dir+"/fails ] || { echo disk is full >&2; exit 1; }\n")
	const away = "away cannot be reached, and lets in no host of this run that it does not know: run site.yml for it as well"
	for what, c := range map[string]struct {
		fails bool
		limit string
		says  []string
	}{
		"all":               {false, "all:!away", []string{"goes on"}},
		"it is away":        {false, "one", []string{"goes on", away}},
		"another one fails": {true, "one", []string{"images cannot let in the hosts of this run: disk is full"}},
	} {
		os.Remove(filepath.Join(dir, "fails"))
		os.Remove(filepath.Join(dir, "did"))
		if c.fails {
			write(t, dir, "fails", "")
		}
		hosts := `["images", "away"]`
		if what == "all" {
			hosts = `["images"]`
		}
		write(t, dir, "inventory", "one\nimages\naway ansible_connection=ssh ansible_host=127.0.0.1 ansible_port=1\n[all:vars]\nansible_connection=local\nansible_python_interpreter=/usr/bin/python3\n"+
			"rundock_host_etcd_keepers=[]\nrundock_image_registry_hosts="+hosts+"\nrundock_host_has={\"filter\": {\"here\": true}}\n")
		out, err := play(t, dir, "--limit", c.limit)
		said := strings.Join(strings.Fields(out), " ")
		if (err == nil) == c.fails || slices.ContainsFunc(c.says, func(s string) bool { return !strings.Contains(said, s) }) || c.fails == strings.Contains(said, "goes on") {
			t.Errorf("%s: %v, want it to say %q\n%s", what, err, c.says, out)
		}
		if _, err := os.Stat(filepath.Join(dir, "did")); (err == nil) != (c.limit == "one") {
			t.Errorf("%s: the host that answers was told: %v", what, err == nil)
		}
	}
}
