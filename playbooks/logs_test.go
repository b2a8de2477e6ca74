package playbooks

import (
	"encoding/base64"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"rundock/supervisor/shipper"
)

// whereLogsGo has a host say ship.json, the paths of all its files, how many services it has for that, and what is wrong.
const whereLogsGo = `
- hosts: all
  connection: local
  gather_facts: false
  tasks:
    - ansible.builtin.import_role: {name: logs}
      when: false
    - ansible.builtin.debug:
        msg: "{{ rundock_logs_settings | to_json | b64encode }} {{ rundock_logs_files | map(attribute='path') | join(',') }} {{ rundock_logs_daemons | length }} {{ rundock_logs_wrong | join('; ') }}"
`

func TestLogs_are_shipped_as_the_inventory_says(t *testing.T) {
	dir := t.TempDir()
	const pem = `"-----BEGIN CERTIFICATE-----"`
	for file, text := range map[string]string{
		"play.yml": whereLogsGo,
		"inventory": `none
plain rundock_logs_to=fluent://10.0.0.5
syslog rundock_logs_to=syslog+tls://logs.example.com:6514 rundock_logs_ca=` + pem + ` rundock_logs_buffer=10
mutual rundock_logs_to=fluent+tls://[fd00::5]:24224 rundock_logs_ca=` + pem + ` rundock_logs_cert=` + pem + ` rundock_logs_key=` + pem + `
scheme rundock_logs_to=syslog://logs
path rundock_logs_to=fluent://logs/all
unsafe rundock_logs_to=fluent://logs rundock_logs_ca=` + pem + `
half rundock_logs_to=fluent+tls://logs rundock_logs_cert=` + pem + `
file rundock_logs_to=fluent+tls://logs rundock_logs_ca=logs.pem
small rundock_logs_to=fluent://logs rundock_logs_buffer=0
[all:vars]
ansible_python_interpreter=/usr/bin/python3
`,
	} {
		write(t, dir, file, text)
	}
	copyVariables(t, "logs", filepath.Join(dir, "roles/logs"))
	told := tell(t, dir)
	for host, want := range map[string]struct{ files, daemons, wrong string }{
		"none":   {"", "0", ""},
		"plain":  {"/etc/rundock/ship.json", "1", ""},
		"syslog": {"/etc/rundock/ship-ca.crt,/etc/rundock/ship.json", "1", ""},
		"mutual": {"/etc/rundock/ship-ca.crt,/etc/rundock/ship.crt,/etc/rundock/ship.key,/etc/rundock/ship.json", "1", ""},
		"scheme": {"/etc/rundock/ship.json", "1", "want syslog+tls://HOST:PORT"},
		"path":   {"/etc/rundock/ship.json", "1", "want syslog+tls://HOST:PORT"},
		"unsafe": {"/etc/rundock/ship-ca.crt,/etc/rundock/ship.json", "1", "want fluent+tls://"},
		"half":   {"/etc/rundock/ship.crt,/etc/rundock/ship.key,/etc/rundock/ship.json", "1", "go together"},
		"file":   {"/etc/rundock/ship-ca.crt,/etc/rundock/ship.json", "1", "rundock_logs_ca is no PEM text"},
		"small":  {"/etc/rundock/ship.json", "1", "rundock_logs_buffer is 0"},
	} {
		words := strings.SplitN(told[host], " ", 4)
		if len(words) != 4 {
			t.Errorf("%s says %q", host, told[host])
			continue
		}
		if words[1] != want.files || words[2] != want.daemons || (words[3] == "") != (want.wrong == "") || !strings.Contains(words[3], want.wrong) {
			t.Errorf("%s says %q, want %q", host, words[1:], want)
		}
		if want.wrong != "" || host == "none" {
			continue
		}
		data, err := base64.StdEncoding.DecodeString(words[0])
		if err != nil {
			t.Fatal(err)
		}
		path := filepath.Join(dir, host+".json")
		if err := os.WriteFile(path, data, 0o600); err != nil {
			t.Fatal(err)
		}
		if s, err := shipper.Read(path); err != nil || host == "syslog" && s.Buffer != 10_000_000 {
			t.Errorf("of %s %s is refused (%v), or says another buffer than 10 MB", host, data, err)
		}
	}
}
