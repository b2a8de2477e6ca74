package playbooks

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestUpgrade_is_refused_while_etcd_moves to certificates or from them, whichever hosts are
// upgraded: site.yml moves all of etcd by one run. listens is the script of each host's dnsd.
func TestUpgrade_is_refused_while_etcd_moves(t *testing.T) {
	const (
		plain  = "    --embed-etcd-listen http://127.0.0.1:2379,http://10.1.0.1:2379 \\\n"
		secure = "    --etcd http://10.1.0.1:2379 \\\n    --embed-etcd-listen https://127.0.0.1:2379,https://10.1.0.1:2379 \\\n"
		both   = "    --embed-etcd-listen http://127.0.0.1:2379,https://127.0.0.1:2379 \\\n"
	)
	for name, c := range map[string]struct {
		variables, first, second string
		args                     []string
		want                     string // "": it is not refused
	}{
		"plain":               {"rundock_trust=false", plain, plain, nil, ""},
		"by certificates":     {"", secure, secure, nil, ""},
		"a host without dnsd": {"", secure, "", nil, ""},
		"an etcd of your own": {`rundock_etcd_endpoints=["https://etcd.example.com:2379"]`, secure, secure, nil, ""},
		"Consul alone":        {"rundock_store=consul", plain, plain, nil, ""},
		"Consul and etcd":     {"rundock_store=consul\nrundock_second_store=etcd", plain, plain, nil, "rundock_trust is true by default, and etcd of first, second still"},
		"begins by default":   {"", plain, plain, nil, "rundock_trust is true by default, and etcd of first, second still serves those without a certificate"},
		"begins":              {"rundock_trust=true", plain, plain, nil, "rundock_trust is true, and etcd of first, second still serves those without a certificate"},
		"broke off":           {"rundock_trust=true", both, secure, nil, "rundock_trust is true, and etcd of first still serves those without a certificate"},
		"begins back":         {"rundock_trust=false", secure, secure, nil, "rundock_trust is false, and etcd of first, second still serves those with a certificate"},
		"broke off back":      {"rundock_trust=false", plain, both, nil, "rundock_trust is false, and etcd of second still serves those with a certificate"},
		"for another host":    {"rundock_trust=true", plain, both, []string{"--limit", "third"}, "etcd of first, second still"},
		"as a plan":           {"rundock_trust=true", plain, both, []string{"--check"}, "etcd of first, second still"},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			data, err := os.ReadFile("roles/upgrade/tasks/plan.yml")
			if err != nil {
				t.Fatal(err)
			}
			looks, _, found := strings.Cut(string(data), "# Those of later hosts as well")
			if !found || strings.Count(looks, "/etc/sv/dnsd/run") != 1 {
				t.Fatal("the plan does not look at dnsd's script before it gathers addresses")
			}
			copyVariables(t, "upgrade", filepath.Join(dir, "roles/upgrade"))
			write(t, dir, "roles/upgrade/tasks/plan.yml", strings.Replace(looks, "/etc/sv/dnsd/run", dir+"/{{ item }}/run", 1))
			for host, script := range map[string]string{"first": c.first, "second": c.second} {
				if script != "" {
					write(t, dir, host+"/run", "#!/bin/sh\nexec dnsd \\\n"+script)
				}
			}
			write(t, dir, "inventory", "third\n[rundock_etcd]\nfirst\nsecond\n[all:vars]\nansible_connection=local\n"+c.variables+"\n")
			write(t, dir, "play.yml", "- hosts: all\n  gather_facts: false\n  any_errors_fatal: true\n  tasks:\n    - ansible.builtin.include_role: {name: upgrade, tasks_from: plan}\n")
			out, err := play(t, dir, c.args...)
			switch said := strings.Join(strings.Fields(out), " "); {
			case c.want == "" && err != nil:
				t.Errorf("%v, want it not refused:\n%s", err, out)
			case c.want != "" && (err == nil || !strings.Contains(said, c.want) || !strings.Contains(said, "run site.yml for all hosts first, then upgrade.yml")):
				t.Errorf("%v, want it refused with %q:\n%s", err, c.want, out)
			}
		})
	}
}

// TestUpgrade_takes_back_what_it_has_drained, also a run that was ended; and no host that an operator has
// drained. In rundockd's place is a script that keeps drained.json as it does, and in apt's and Docker's places are ones
// that find nothing to do: the dockerd that runs is an old one, for which the host is drained.
func TestUpgrade_takes_back_what_it_has_drained(t *testing.T) {
	const operator, upgrade = `{"version":1,"by":"ann"}`, `{"version":1,"by":"upgrade.yml"}`
	hosts := map[string]struct {
		drained    string // drained.json before; "": there is none
		variables  string
		did, after string // which verbs rundockd is called with, and drained.json
	}{
		"in-use":                           {"", "old=true", "drain undrain", ""},
		"in-use-and-docker-fails":          {"", "old=true fails=true", "drain undrain", ""},
		"in-use-and-nothing-to-do":         {"", "", "", ""},
		"ended":                            {upgrade, "old=true", "drain undrain", ""},
		"ended-and-docker-fails":           {upgrade, "old=true fails=true", "drain undrain", ""},
		"ended-and-nothing-to-do":          {upgrade, "", "undrain", ""},
		"ended-and-docker-left-alone":      {upgrade, "old=true rundock_upgrade_docker=false", "undrain", ""},
		"ended-and-not-to-be-drained":      {upgrade, "old=true drain=never", "undrain", ""},
		"by-operator":                      {operator, "old=true", "", operator},
		"by-operator-and-docker-fails":     {operator, "old=true fails=true", "", operator},
		"by-operator-and-nothing-to-do":    {operator, "", "", operator},
		"by-operator-and-drained-anyway":   {operator, "old=true drain=always", "", operator},
		"by-operator-and-docker-let-alone": {operator, "old=true rundock_upgrade_docker=false", "", operator},
	}
	for _, check := range []bool{false, true} {
		dir := t.TempDir()
		upgradingIn(t, dir)
		var inventory strings.Builder
		for name, h := range hosts {
			inventory.WriteString(name + " " + h.variables + "\n")
			write(t, dir, name+"/dockerd", "/usr/sbin/dockerd\n")
			if strings.Contains(h.variables, "old=true") {
				write(t, dir, name+"/dockerd", "/usr/sbin/dockerd (deleted)\n")
			}
			if h.drained != "" {
				write(t, dir, name+"/drained.json", h.drained)
			}
		}
		write(t, dir, "inventory", inventory.String()+"[all:vars]\nansible_connection=local\n")
		flags := []string{"--forks", "4"}
		if check {
			flags = append(flags, "--check")
		}
		out, err := play(t, dir, flags...)
		if (err == nil) != check {
			t.Errorf("check %v: %v, want it to fail by those whose Docker does, and them alone\n%s", check, err, out)
		}
		for name, h := range hosts {
			did, _ := os.ReadFile(filepath.Join(dir, name, "did"))
			after, _ := os.ReadFile(filepath.Join(dir, name, "drained.json"))
			if check {
				h.did, h.after = "", h.drained
			}
			if strings.Join(strings.Fields(string(did)), " ") != h.did || strings.TrimSpace(string(after)) != h.after {
				t.Errorf("check %v: of %s, rundockd was called for %q and drained.json is %q, want %q and %q\n%s", check, name, did, after, h.did, h.after, out)
			}
			if tells := strings.Contains(out, `"`+name+`: taken back into use, as upgrade.yml had drained it"`); tells != (check && h.drained == upgrade) {
				t.Errorf("check %v: the plan says that %s is taken back: %v\n%s", check, name, tells, out)
			}
		}
	}
}

// upgradingIn makes dir a play of what role upgrade does after the others, on hosts whose files are each in a folder of dir.
func upgradingIn(t *testing.T, dir string) {
	t.Helper()
	copyVariables(t, "upgrade", filepath.Join(dir, "roles/upgrade"))
	host := dir + "/{{ inventory_hostname }}/"
	for _, file := range []string{"after.yml", "docker.yml", "back.yml"} {
		data, err := os.ReadFile("roles/upgrade/tasks/" + file)
		if err != nil {
			t.Fatal(err)
		}
		text := strings.NewReplacer("/var/lib/rundock/drained.json", host+"drained.json", "/usr/local/bin/rundockd", "H="+host+" rundockd",
			`readlink "/proc/$(cat /run/docker.pid)/exe"`, "cat "+host+"dockerd", "systemctl restart docker", "true", "service docker restart", "true",
			"curl -s -f", "{{ 'false' if fails | default(false) else 'true' }}").Replace(string(data))
		write(t, dir, "roles/upgrade/tasks/"+file, text)
	}
	write(t, dir, "roles/upgrade/tasks/gate.yml", "[]\n")
	for program, script := range map[string]string{
		"rundockd": `cd "$H" && echo "$1" >>did
case $1 in
drain) [ -e drained.json ] || echo '{"version":1,"by":"upgrade.yml"}' >drained.json ;;
undrain) rm drained.json; echo the host is drained no longer ;;
esac`,
		"dpkg-query": "echo installed docker.io", "apt-get": "exit 0", "docker": "exit 0", "curl": "exit 0",
	} {
		write(t, dir, "bin/"+program, "#!/bin/sh\n"+script+"\n")
		if err := os.Chmod(filepath.Join(dir, "bin", program), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	t.Setenv("PATH", dir+"/bin:"+os.Getenv("PATH"))
	write(t, dir, "play.yml", `
- hosts: all
  gather_facts: false
  vars:
    rundock_installing: {actions: []}
    rundock_ready_did: {actions: []}
    rundock_host_has_etcd: false
    rundock_upgrade_patience: 1
  tasks:
    - ansible.builtin.include_role: {name: upgrade, tasks_from: after}
`)
}

// TestUpgrade_touches_no_member_of_etcd_while_another_is_away, nor while etcd, without a majority, does not say which are. In dnsd's
// place is a script that says what dnsd says.
func TestUpgrade_touches_no_member_of_etcd_while_another_is_away(t *testing.T) {
	const usage = "case $2 in --help) echo 'Usage: dnsd cluster [flags]'; exit;; esac\n"
	hosts := map[string]struct {
		dnsd, refused string
		member        bool
	}{
		"well":           {usage + "echo one answers; echo two answers", "", true},
		"one-is-away":    {usage + "echo one answers; echo two does not answer", "two does not answer", true},
		"no-majority":    {usage + "echo 'dnsd: members of the cluster: etcd: no leader' >&2; exit 1", "etcd: no leader", true},
		"a-member-to-be": {usage + "echo 'dnsd: members of the cluster: etcd: no leader' >&2; exit 1", "", false},
		"of-before":      {"echo 'dnsd: unexpected argument' >&2; exit 2", "", true},
		"bare":           {"exit 127", "", false},
	}
	dir := t.TempDir()
	copyVariables(t, "upgrade", filepath.Join(dir, "roles/upgrade"))
	data, err := os.ReadFile("roles/upgrade/tasks/before.yml")
	if err != nil {
		t.Fatal(err)
	}
	write(t, dir, "roles/upgrade/tasks/before.yml", strings.NewReplacer("/usr/local/bin/dnsd", "sh "+dir+"/{{ inventory_hostname }}/dnsd",
		"/usr/local/bin/rundockd", "true", "/var/lib/dnsd/etcd", dir+"/{{ inventory_hostname }}").Replace(string(data)))
	write(t, dir, "play.yml", "- hosts: all\n  gather_facts: false\n  tasks:\n    - ansible.builtin.include_role: {name: upgrade, tasks_from: before}\n    - ansible.builtin.debug: {msg: it is upgraded}\n")
	var inventory strings.Builder
	for name, h := range hosts {
		inventory.WriteString(name + "\n")
		write(t, dir, name+"/dnsd", h.dnsd+"\n")
		if h.member {
			write(t, dir, name+"/data/member/wal", "")
		}
	}
	write(t, dir, "inventory", inventory.String()+"[all:vars]\nansible_connection=local\nansible_python_interpreter=/usr/bin/python3\nrundock_host_has_etcd=true\n")
	for _, flags := range [][]string{nil, {"--check"}} {
		out, _ := play(t, dir, flags...)
		for name, h := range hosts {
			goes := strings.Contains(out, "ok: ["+name+"] => {\n    \"msg\": \"it is upgraded\"")
			_, said, _ := strings.Cut(out, "fatal: ["+name+"]")
			said, _, _ = strings.Cut(said, "\n")
			if goes != (h.refused == "") || !strings.Contains(said, h.refused) || !goes && !strings.Contains(said, name+" was not touched") {
				t.Errorf("%v %s: goes on: %v, want it refused: %q\n%s", flags, name, goes, h.refused, said)
			}
		}
	}
}
