package lab

import (
	"fmt"
	"path/filepath"
	"strings"
)

// sshOptions returns what ssh needs to reach a lab's hosts as files in dir
// know them, whatever the user's own configuration says.
func sshOptions(dir string) []string {
	return []string{
		"-F", "none",
		"-o", "IdentitiesOnly=yes",
		"-o", "UserKnownHostsFile=" + sshQuote(filepath.Join(dir, "known_hosts")),
		"-o", "GlobalKnownHostsFile=/dev/null",
		"-o", "StrictHostKeyChecking=yes",
		// A host that lost power sends no farewell.
		"-o", "ServerAliveInterval=5",
		"-o", "ServerAliveCountMax=3",
	}
}

// sshQuote quotes a path for ssh's own option parser, which splits at blanks.
func sshQuote(path string) string {
	if strings.ContainsAny(path, " \t") {
		return `"` + path + `"`
	}
	return path
}

// inventory returns the Ansible inventory of hosts, whose key and known_hosts
// are in dir, in INI format. With plain the site goes without certificates.
func inventory(dir string, plain bool, hosts []Host) string {
	var b strings.Builder
	fmt.Fprintf(&b, "# Written by lab up.\n")
	group := func(name string, member func(Host) bool, line func(Host) string) {
		fmt.Fprintf(&b, "\n[%s]\n", name)
		for _, h := range hosts {
			if member(h) {
				fmt.Fprintln(&b, line(h))
			}
		}
	}
	full := func(h Host) string { return fmt.Sprintf("%s ansible_host=%s", h.Name, h.Private) }
	first := func(h Host) bool { return h.Name == hosts[0].Name }
	name := func(h Host) string { return h.Name }
	group("front", func(h Host) bool { return h.Front }, full)
	group("back", func(h Host) bool { return !h.Front }, full)
	group("rundock_etcd", first, name)
	group("rundock_image_registry", first, name)

	var args []string
	for _, a := range sshOptions(dir) {
		args = append(args, shellQuote(a))
	}
	fmt.Fprintf(&b, `
[all:vars]
ansible_user=root
ansible_ssh_private_key_file=%s
ansible_ssh_common_args=%s
ansible_python_interpreter=/usr/bin/python3
rundock_domain=prod.example.com
rundock_label=s
rundock_docker_options={}
`, filepath.Join(dir, "id_ed25519"), strings.Join(args, " "))
	if plain {
		b.WriteString("rundock_trust=false\n")
	}
	return b.String()
}

// shellQuote quotes s for a POSIX shell, if it needs that.
func shellQuote(s string) string {
	if s != "" && !strings.ContainsAny(s, " \t\n'\"\\$`&;()<>|*?[]#~") {
		return s
	}
	return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'"
}
