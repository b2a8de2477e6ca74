package playbooks

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// whichStores has each host of an inventory say what follows from its variables, by
// the variables of the roles. Facts are as setup gathers them. What it says is in
// base64, as Ansible would write it over several lines.
const whichStores = `
- hosts: all
  connection: local
  gather_facts: false
  pre_tasks:
    - ansible.builtin.set_fact:
        cacheable: true
        hostname: "{{ inventory_hostname }}"
        interfaces: [lo, eth0]
        eth0: {ipv4: {address: "10.1.0.{{ number }}"}}
        os_family: Debian
        architecture: x86_64
  roles: [host, consul, rundock]
  post_tasks:
    - ansible.builtin.debug:
        msg: "{{ {'host': rundock_host_json, 'etcd': rundock_host_has_etcd | trim, 'consul': rundock_consul_ours,
          'join': rundock_consul_json.retry_join, 'wrong': rundock_host_wrong} | to_json | b64encode }}"
`

// said is what whichStores has a host say.
type said struct {
	Host   map[string]json.RawMessage
	Etcd   string
	Consul bool
	Join   []string
	Wrong  []string
}

// String is what of it has to do with stores.
func (s said) String() string {
	stores := map[string]json.RawMessage{}
	for _, field := range []string{"etcd", "consul", "store"} {
		if value := s.Host[field]; value != nil {
			stores[field] = value
		}
	}
	data, err := json.Marshal(stores)
	if err != nil {
		return err.Error()
	}
	text := string(data[1 : len(data)-1])
	if s.Etcd == "True" {
		text += ", keeps etcd"
	}
	if s.Consul {
		text += ", runs an agent that joins " + strings.Join(s.Join, " ")
	}
	if len(s.Wrong) > 0 {
		text += ", refused: " + strings.Join(s.Wrong, "; ")
	}
	return text
}

// TestStores_of_a_site holds what site.yml makes of rundock_store and
// rundock_second_store: host.json, and who runs which store.
func TestStores_of_a_site(t *testing.T) {
	const etcd, consul = `"etcd":{"endpoints":["http://10.1.0.1:2379"]}`, `"consul":{"address":"http://127.0.0.1:8500"}`
	const joins = ", runs an agent that joins 10.1.0.2"
	hosts := []struct{ name, variables, want string }{
		{"keeper", "", etcd + ", keeps etcd"},
		{"plain", "", etcd},
		{"consul", "rundock_store=consul", consul + joins},
		{"both", "rundock_second_store=consul", consul + "," + etcd + `,"store":"etcd"` + joins},
		{"both-keeper", `rundock_second_store=consul rundock_etcd_hosts="['both-keeper']"`, consul + `,"etcd":{"endpoints":["http://10.1.0.5:2379"]},"store":"etcd", keeps etcd` + joins},
		{"turned", "rundock_store=consul rundock_second_store=etcd", consul + "," + etcd + `,"store":"consul"` + joins},
		{"foreign", `rundock_store=consul rundock_second_store=etcd rundock_etcd_endpoints="['https://etcd.example.com:2379']"`, consul + `,"etcd":{"endpoints":["https://etcd.example.com:2379"]},"store":"consul"` + joins},
		{"twice", "rundock_second_store=etcd", etcd + `,"store":"etcd", refused: rundock_second_store "etcd" is rundock_store already`},
		{"unknown", "rundock_second_store=zookeeper", etcd + `,"store":"etcd", refused: rundock_second_store "zookeeper" is neither etcd nor consul`},
	}
	var inventory strings.Builder
	for i, h := range hosts {
		fmt.Fprintf(&inventory, "%s number=%d %s\n", h.name, i+1, h.variables)
	}
	inventory.WriteString(`[all:vars]
ansible_python_interpreter=/usr/bin/python3
rundock_domain=prod.example.com
rundock_etcd_hosts=['keeper']
rundock_consul_servers=['plain']
`)
	answers := saidBy(t, inventory.String())
	for _, h := range hosts {
		if got := answers[h.name].String(); got != h.want {
			t.Errorf("%s:\n got %s\nwant %s", h.name, got, h.want)
		}
	}
}

// saidBy is what whichStores has the hosts of an inventory say, by their names.
func saidBy(t *testing.T, inventory string, args ...string) map[string]said {
	t.Helper()
	dir := t.TempDir()
	for name, text := range map[string]string{"inventory": inventory, "play.yml": whichStores} {
		write(t, dir, name, text)
	}
	for _, role := range []string{"host", "consul", "rundock"} {
		copyVariables(t, role, filepath.Join(dir, "roles", role))
	}
	answers := map[string]said{}
	for host, text := range tell(t, dir, args...) {
		var s said
		data, err := base64.StdEncoding.DecodeString(text)
		if err == nil {
			err = json.Unmarshal(data, &s)
		}
		if err != nil {
			t.Fatalf("%s says %s: %v", host, text, err)
		}
		answers[host] = s
	}
	return answers
}

// TestSecond_resolver is that of the next host of the inventory, whichever hosts a run has.
func TestSecond_resolver(t *testing.T) {
	vars := `[all:vars]
ansible_python_interpreter=/usr/bin/python3
rundock_domain=prod.example.com
rundock_host_looked={"stdout": "{rundock: {folder: true, second_resolver: 10.1.0.9}, consul: {unit: false}}"}
`
	three := "a number=1\nb number=2\nc number=3 rundock_second_resolver=192.0.2.53\n" + vars
	for what, c := range map[string]struct {
		inventory, want string
		args            []string
	}{
		"each has the next one":                     {three, `a ["private","10.1.0.2"] b ["private","10.1.0.3"] c ["private","192.0.2.53"]`, nil},
		"it stays where the next one is not asked":  {three, `a ["private","10.1.0.9"]`, []string{"--limit", "a"}},
		"the last one has the first":                {"a number=1\nb number=2\n" + vars, `a ["private","10.1.0.2"] b ["private","10.1.0.1"]`, nil},
		"a host alone has none, nor one without it": {"a number=1\n" + vars, `a ["private"]`, nil},
		"none is wanted":                            {"a number=1 rundock_second_resolver=\nb number=2\n" + vars, `a ["private"] b ["private","10.1.0.1"]`, nil},
	} {
		var got []string
		answers := saidBy(t, c.inventory, c.args...)
		for _, name := range slices.Sorted(maps.Keys(answers)) {
			got = append(got, name+" "+strings.ReplaceAll(string(answers[name].Host["dns"]), " ", ""))
		}
		if text := strings.Join(got, " "); text != c.want {
			t.Errorf("%s: got %s, want %s", what, text, c.want)
		}
	}
}

// write puts text into a file of dir, whose folders it makes.
func write(t *testing.T, dir, file, text string) {
	t.Helper()
	path := filepath.Join(dir, file)
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

// copyVariables makes a role of the variables of ours, and nothing else, in dir.
func copyVariables(t *testing.T, role, dir string) {
	t.Helper()
	for _, part := range []string{"defaults", "vars", "lookup_plugins"} {
		if _, err := os.Stat(filepath.Join("roles", role, part)); err != nil && part != "vars" {
			continue
		}
		if err := os.CopyFS(filepath.Join(dir, part), os.DirFS(filepath.Join("roles", role, part))); err != nil {
			t.Fatal(err)
		}
	}
}
