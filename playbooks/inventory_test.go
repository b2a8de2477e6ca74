package playbooks

import (
	"encoding/base64"
	"encoding/json"
	"path/filepath"
	"regexp"
	"testing"

	"rundock/internal/hostconfig"
)

// What the inventory says of a host is read back as it is told in rundockd facts.
func TestInventory_of_a_host_is_what_facts_read(t *testing.T) {
	dir := t.TempDir()
	for file, text := range map[string]string{
		"inventory": "[back]\none rundock_labels='{\"zone\": \"a\", \"disk\": \"ssd\"}'\n[rundock_etcd]\none\n[other]\ntwo\n",
		"play.yml": `
- hosts: one
  connection: local
  gather_facts: false
  tasks:
    - ansible.builtin.import_role: {name: host_json}
      when: false
    - ansible.builtin.debug:
        msg: "{{ (rundock_host_json_files | selectattr('path', 'eq', '/etc/rundock/inventory.json') | first).content | b64encode }} {{ rundock_host_json_wrong | length }}"
      vars:
        rundock_host_json: {}
        rundock_trust_etcd: {}
    - ansible.builtin.debug:
        msg: "{{ rundock_host_json_wrong | join }}"
      vars:
        rundock_labels: {zone: [a]}
`,
	} {
		write(t, dir, file, text)
	}
	copyVariables(t, "host_json", filepath.Join(dir, "roles", "host_json"))
	out, err := play(t, dir)
	found := regexp.MustCompile(`"msg": "([A-Za-z0-9+/=]+) 0"`).FindStringSubmatch(out)
	if err != nil || found == nil {
		t.Fatalf("%v\n%s", err, out)
	}
	data, err := base64.StdEncoding.DecodeString(found[1])
	if err != nil {
		t.Fatal(err)
	}
	write(t, dir, "inventory.json", string(data))
	got, err := hostconfig.LoadInventory(filepath.Join(dir, "inventory.json"))
	if err != nil {
		t.Fatal(err)
	}
	if text, _ := json.Marshal(got); string(text) != `{"version":1,"name":"one","groups":["back","rundock_etcd"],"labels":{"disk":"ssd","zone":"a"}}` {
		t.Errorf("got %s", text)
	}
	if !regexp.MustCompile(`rundock_labels is no dictionary of texts`).MatchString(out) {
		t.Errorf("labels that are no texts are not refused:\n%s", out)
	}
}
