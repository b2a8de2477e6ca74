package playbooks

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// howEtcdListens has each host say it by the variables of role trust: seen is what
// the look at the host has printed.
const howEtcdListens = `
- hosts: all
  connection: local
  gather_facts: false
  roles: [trust]
  tasks:
    - ansible.builtin.debug:
        msg: "{{ rundock_trust_schemes | join('+') }} {{ 'moves' if rundock_trust_moving else 'stays' }} {{ rundock_trust_late | join(',') }}"
`

// TestTrust_how_etcd_listens: by certificates unless the site says otherwise, or its store is not of site.yml. A site
// that moves is served in both ways until all of its hosts have come, and no other is.
func TestTrust_how_etcd_listens(t *testing.T) {
	hosts := []struct{ name, variables, want string }{
		{"new", "plain=false secure=false", "https stays "},
		{"of-before", "plain=true secure=false", "http+https moves "},
		{"new-and-told", "rundock_trust=true plain=false secure=false", "https stays "},
		{"new-plain", "rundock_trust=false plain=false secure=false", "http stays "},
		{"plain", "rundock_trust=false plain=true secure=false", "http stays "},
		{"consul-and-etcd", `rundock_host_stores='["consul", "etcd"]' plain=true secure=false`, "http+https moves "},
		{"consul-alone", `rundock_host_stores='["consul"]' plain=true secure=false`, "http stays "},
		{"your-own", `rundock_etcd_endpoints='["https://etcd.example.com:2379"]' plain=true secure=false`, "http stays "},
		{"begins", "rundock_trust=true plain=true secure=false", "http+https moves "},
		{"broke-off", "rundock_trust=true plain=true secure=true", "http+https moves "},
		{"moved", "plain=true secure=true rundock_trust_moved=true", "https stays "},
		{"done", "plain=false secure=true", "https stays "},
		{"begins-back", "rundock_trust=false plain=false secure=true", "http+https moves "},
		{"is-back", "rundock_trust=false plain=false secure=true rundock_trust_moved=true", "http stays "},
	}
	dir := t.TempDir()
	var inventory strings.Builder
	for _, h := range hosts {
		inventory.WriteString(h.name + " " + h.variables + "\n")
	}
	inventory.WriteString("[all:vars]\nansible_python_interpreter=/usr/bin/python3\n" +
		`rundock_host_has="{{ {'trust': {'plain': plain | bool, 'secure': secure | bool}} }}"` + "\nrundock_host_looked=yes\nrundock_host_stores=[\"etcd\"]\n")
	for name, text := range map[string]string{"inventory": inventory.String(), "play.yml": howEtcdListens} {
		write(t, dir, name, text)
	}
	copyVariables(t, "trust", filepath.Join(dir, "roles", "trust"))
	told := tell(t, dir)
	for _, h := range hosts {
		if told[h.name] != h.want {
			t.Errorf("%s: etcd %q, want %q", h.name, told[h.name], h.want)
		}
	}
	if got := tell(t, dir, "--limit", "all:!done:!new")["begins"]; got != "http+https moves new,done" {
		t.Errorf("without two hosts: etcd %q, want them named", got)
	}
}

// believing writes what tells which authorities are believed, and looks at it as the next run does.
const believing = `
- hosts: all
  connection: local
  gather_facts: false
  roles: [trust]
  tasks:
    - ansible.builtin.copy:
        content: "{{ rundock_trust_files[0].content }}"
        dest: "{{ playbook_dir }}/authorities"
    - ansible.builtin.shell: |
        yes_if() { false; }
        {{ rundock_trust_look | replace('/etc/rundock/pki', playbook_dir) }}
      register: looked
    - ansible.builtin.assert:
        that: (looked.stdout | from_yaml).believes == rundock_trust_believes
`

func TestTrust_sees_which_authorities_are_believed(t *testing.T) {
	dir := t.TempDir()
	write(t, dir, "play.yml", believing)
	write(t, dir, "inventory", "one\n[all:vars]\nansible_python_interpreter=/usr/bin/python3\nrundock_preview_pagers=[]\nrundock_trust=true\n"+
		`rundock_trust_authority={"authority": "-----BEGIN CERTIFICATE-----\nx\n-----END CERTIFICATE-----\n"}`+"\n")
	copyVariables(t, "trust", filepath.Join(dir, "roles", "trust"))
	if out, err := play(t, dir); err != nil {
		t.Errorf("%v\n%s", err, out)
	}
}

// whomEtcdRefuses has each host look, and say which ones etcd refuses. In rundockd's place is a script
// of the host's name, which says what rundockd services does.
const whomEtcdRefuses = `
- hosts: all
  connection: local
  gather_facts: false
  roles: [trust]
  tasks:
    - ansible.builtin.shell: |
        yes_if() { if "$@" >/dev/null 2>&1; then echo true; else echo false; fi; }
        echo trust:
        {
        {{ rundock_trust_look | replace('/etc/rundock/pki', playbook_dir ~ '/' ~ pki) | replace('/usr/local/bin/rundockd services', 'sh ' ~ playbook_dir ~ '/' ~ inventory_hostname) }}
        } | sed 's/^/  /'
      register: rundock_host_looked
    - ansible.builtin.debug:
        msg: "{{ rundock_trust_refused | join(',') }}"
`

func TestTrust_sees_whom_etcd_refuses(t *testing.T) {
	dir := t.TempDir()
	const says = "echo web; echo the store cannot be asked, so other hosts\\' are not known: "
	for name, text := range map[string]string{
		"play.yml": whomEtcdRefuses, "pki/host.crt": "",
		"removed":   says + "etcd: permission denied >&2; exit 3\n",
		"cut-off":   says + "etcd: no answer within 3s from https://10.0.0.5:2379 >&2; exit 3\n",
		"well":      "echo web\n",
		"bare":      says + "etcd: permission denied >&2; exit 3\n",
		"inventory": "removed\ncut-off\nwell\nbare pki=none\n[all:vars]\nansible_python_interpreter=/usr/bin/python3\nrundock_preview_pagers=[]\npki=pki\n",
	} {
		write(t, dir, name, text)
	}
	copyVariables(t, "trust", filepath.Join(dir, "roles", "trust"))
	if told := tell(t, dir); told["well"] != "removed" {
		t.Errorf("etcd refuses %q, want removed alone", told["well"])
	}
}

// TestTrust_tells_etcd_by_a_host_that_has_it has etcd told of hosts before they come by one that has data, also where the run
// has one of its hosts alone that is to be a member yet.
func TestTrust_tells_etcd_by_a_host_that_has_it(t *testing.T) {
	dir := t.TempDir()
	write(t, dir, "play.yml", "- hosts: all\n  connection: local\n  gather_facts: false\n  roles: [trust]\n  tasks:\n    - ansible.builtin.debug: {msg: \"told by {{ rundock_trust_teller }}.\"}\n")
	copyVariables(t, "trust", filepath.Join(dir, "roles", "trust"))
	for what, c := range map[string]struct{ data, limit, want string }{
		"a site that begins":                    {"[]", "all", "told by ."},
		"one that grows":                        {"[two]", "all", "told by two."},
		"a member to be, alone":                 {"[]", "three", "told by one."},
		"the first host, which is to be one":    {"[]", "one", "told by two."},
		"a member and one to be":                {"[two]", "two:three", "told by two."},
		"a host that keeps no etcd, of a limit": {"[]", "four", "told by one."},
	} {
		write(t, dir, "inventory", "one\ntwo\nthree\nfour\n[all:vars]\nansible_python_interpreter=/usr/bin/python3\nrundock_host_looked=yes\nrundock_host_stores=[\"etcd\"]\n"+
			"rundock_host_etcd_keepers=[\"one\", \"two\", \"three\"]\nrundock_etcd_hosts=[\"one\", \"two\", \"three\"]\nrundock_dnsd_etcd_with_data="+strings.NewReplacer("[two]", `["two"]`).Replace(c.data)+"\n")
		for host, told := range tell(t, dir, "--limit", c.limit) {
			if told != c.want {
				t.Errorf("%s: %s says %q, want %q", what, host, told, c.want)
			}
		}
	}
}

// TestTrust_makes_no_other_authority where hosts have certificates of one, also hosts that the run leaves out. One that
// does not answer cannot tell.
func TestTrust_makes_no_other_authority(t *testing.T) {
	data, err := os.ReadFile("roles/trust/tasks/certificates.yml")
	if err != nil {
		t.Fatal(err)
	}
	_, tasks, found := strings.Cut(string(data), "  when: not rundock_trust_has.user\n")
	tasks, _, ends := strings.Cut(tasks, "# Where its host is not reached")
	if !found || !ends {
		t.Fatal("certificates.yml has no such tasks")
	}
	dir := t.TempDir()
	copyVariables(t, "trust", filepath.Join(dir, "roles/trust"))
	write(t, dir, "roles/trust/tasks/main.yml", strings.ReplaceAll(tasks, "/etc/rundock/pki/", dir+"/{{ item }}/"))
	write(t, dir, "play.yml", "- hosts: all\n  gather_facts: false\n  roles: [trust]\n")
	write(t, dir, "old/host.crt", "")
	for what, c := range map[string]struct{ hosts, authority, limit, says string }{
		"a new site":                        {"one\nnew\n", "false", "all", ""},
		"all hosts":                         {"one\nold\n", "false", "all", "and old has certificates of one"},
		"the first host alone":              {"one\nnew\nold\n", "false", "one", "and old has certificates of one"},
		"the first host of a new site":      {"one\nnew\n", "false", "one", ""},
		"one outside that does not answer":  {"one\nold ansible_connection=ssh ansible_host=127.0.0.1 ansible_port=1\n", "false", "one", ""},
		"the first host, with an authority": {"one\nold\n", "true", "one", ""},
		"a host without it":                 {"one\nnew\nold\n", "false", "new", ""}, // makes none
	} {
		write(t, dir, "inventory", c.hosts+"[all:vars]\nansible_connection=local\nansible_python_interpreter=/usr/bin/python3\nrundock_host_etcd_keepers=[\"one\"]\nrundock_etcd_hosts=[\"one\"]\n"+
			"rundock_host_looked={\"stdout\": \"trust: {authority: "+c.authority+", certified: {{ inventory_hostname == 'old' }}}\"}\n")
		for _, flags := range [][]string{nil, {"--check"}} {
			out, err := play(t, dir, append(flags, "--limit", c.limit)...)
			if (err == nil) != (c.says == "") || !strings.Contains(strings.Join(strings.Fields(out), " "), c.says) {
				t.Errorf("%s %v: %v, want %q\n%s", what, flags, err, c.says, out)
			}
		}
	}
}

// TestRotate_ca_in_check_mode looks at the first step alone, as the others need what that makes.
func TestRotate_ca_in_check_mode(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	playbook, err := os.ReadFile("rotate-ca.yml")
	if err != nil {
		t.Fatal(err)
	}
	tasks, err := os.ReadFile("roles/trust/tasks/rotate.yml")
	if err != nil {
		t.Fatal(err)
	}
	const module = "  rundock_cert:\n    state: authority\n    rotate: \"{{ rundock_trust_rotate }}\"\n"
	if !strings.Contains(string(tasks), module) {
		t.Fatal("rotate.yml has no such task")
	}
	write(t, dir, "play.yml", strings.ReplaceAll(string(playbook), "become: true", "become: false"))
	write(t, dir, "site.yml", "- hosts: all\n  gather_facts: false\n  tasks: []\n")
	// As rundockd does: what is not begun cannot sign.
	write(t, dir, "roles/trust/tasks/rotate.yml", strings.Replace(string(tasks), module, `  ansible.builtin.raw: |
    echo {{ rundock_trust_rotate }} >>`+dir+`/did
    [ {{ rundock_trust_rotate }} = begin ] || {{ 'false' if ansible_check_mode else 'true' }}
  check_mode: false
`, 1))
	write(t, dir, "inventory", "one\ntwo\n[all:vars]\nansible_connection=local\nansible_python_interpreter=/usr/bin/python3\n")
	for _, c := range []struct {
		args []string
		want string
	}{{[]string{"--check"}, "begin\n"}, {nil, "begin\nsign\nend\n"}} {
		os.Remove(filepath.Join(dir, "did"))
		out, err := play(t, dir, c.args...)
		did, _ := os.ReadFile(filepath.Join(dir, "did"))
		if err != nil || string(did) != c.want || strings.Contains(out, "check mode looks at the first step alone") != (c.args != nil) {
			t.Errorf("%v: %v, steps %q, want %q\n%s", c.args, err, did, c.want, out)
		}
	}
}
