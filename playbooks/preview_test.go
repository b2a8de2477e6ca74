package playbooks

import (
	"path/filepath"
	"strings"
	"testing"
)

// showingPreviews has each host say by the variables of role preview what runs there, where its page listens,
// what goes, and what is wrong.
const showingPreviews = `
- hosts: all
  connection: local
  gather_facts: false
  tasks:
    - ansible.builtin.import_role: {name: preview}
      when: false
    - ansible.builtin.set_fact:
        run: "{{ (rundock_preview_daemons | selectattr('name', 'eq', 'previewd-web') | list + [{'scripts': {'run': ''}}]) | map(attribute='scripts') | map(attribute='run') | first }}"
    - ansible.builtin.debug:
        msg: >-
          {{ rundock_preview_daemons | map(attribute='name') | join(',') }}; new {{ rundock_preview_begun | join(',') }}; {{ rundock_preview_awaited | map(attribute='name') | join(',') }}; {{ run | regex_findall('--(?:listen|access|cert|key|previews|domain|logs-at|logs-cert) \S+') | join(' ') | replace("'", '') }};
          goes {{ (rundock_preview_surplus + rundock_preview_hooks_surplus) | join(',') }}; users {{ rundock_preview_users | map(attribute='name') | join(',') }};
          certificates {{ rundock_preview_certificates | map(attribute='subject') | join(',') }}; files {{ rundock_preview_files | map(attribute='path') | join(',') }}; folders {{ rundock_preview_folders_well }}; wrong {{ rundock_preview_wrong | join('; ') }}
`

const wellFolders = "rundock-preview:rundock-preview:700 root:rundock-preview:2750 root:rundock-preview:750 root:rundock-preview:750 "

// sayPreviews is what hosts of an inventory say, of whom each has by the variable has what was found on it.
func sayPreviews(t *testing.T, hosts, groups string) map[string]string {
	t.Helper()
	dir := t.TempDir()
	write(t, dir, "inventory", hosts+groups+`[all:vars]
ansible_python_interpreter=/usr/bin/python3
rundock_domain=example.com
rundock_private_address=10.0.0.9
rundock_trust=true
rundock_image_registry_names=["registry.s.example.com:5000"]
rundock_bin=bin
rundock_goarch=amd64
rundock_program_folders=["`+dir+`/"]
rundock_host_has="{{ {'preview': {'services': found | default([]), 'key': true, 'access': access | default(false) | bool, 'sealed': true, 'hooks': hooks | default([]), 'folders': folders | default(''), 'passable': true}} }}"
`)
	write(t, dir, "previewd", "")
	write(t, dir, "play.yml", showingPreviews)
	copyVariables(t, "preview", filepath.Join(dir, "roles", "preview"))
	return tell(t, dir)
}

func TestPreviews_page_is_where_its_group_says(t *testing.T) {
	const flags = " --domain y.example.com --previews http"
	const letIn = " --access /etc/rundock/preview/access.json"
	const logs = " --logs-cert /etc/rundock/pki/preview-page.crt"
	const secret = `rundock_preview_hooks='{"shop": "0123456789abcdef"}'`
	const none = "users ; certificates ; files ; folders False; wrong "
	hosts := []struct{ name, variables, want string }{
		{"builder", "", "previewd-route,previewd-work; new previewd-route,previewd-work; previewd-route,previewd-work; ; goes ; users ; certificates preview-logs:builder; files ; folders False; wrong "},
		{"left", `found='["previewd-web", "previewd-work"]' hooks='["shop"]' access=true`, "; new ; ; ; goes previewd-web,previewd-work; " + none},
		{"fresh", "rundock_preview_web_listen=10.0.0.5:443", "previewd-web; new previewd-web; previewd-web; --listen 10.0.0.5:443" + flags + letIn + logs + "; goes ; users rundock-preview; certificates preview-page:fresh; files ; folders False; wrong "},
		{"tokens", `rundock_preview_seal='{"stdout": "sealing"}' access=true rundock_preview_web_listen=10.0.0.5:443 found='["previewd-web"]' folders='` + wellFolders + `'`,
			"previewd-web; new ; previewd-web; --listen 10.0.0.5:443" + flags + letIn + logs + "; goes ; users rundock-preview; certificates preview-page:tokens; files /etc/rundock/preview/seal.pub; folders True; wrong "},
		{"certified", `rundock_preview_web_certificate=/c rundock_preview_web_certificate_key=/k hooks='["shop", "old"]' ` + secret,
			"previewd-web; new previewd-web; previewd-web; --listen 127.0.0.1:9155" + flags + letIn + " --cert /c --key /k" + logs + "; goes old; users rundock-preview; certificates preview-page:certified; files /etc/rundock/preview/hooks/shop; folders False; wrong "},
		{"byhand", `hooks='["shop"]' rundock_preview_http=:8089`, "previewd-web; new previewd-web; previewd-web; --listen 127.0.0.1:9155" + flags + ":8089" + letIn + logs + "; goes ; users rundock-preview; certificates preview-page:byhand; files ; folders False; wrong "},
	}
	var inventory strings.Builder
	for _, h := range hosts {
		inventory.WriteString(h.name + " " + h.variables + "\n")
	}
	told := sayPreviews(t, inventory.String(), "[rundock_preview]\nbuilder\n[rundock_preview_web]\nfresh\ntokens\ncertified\nbyhand\n")
	for _, h := range hosts {
		if strings.TrimSpace(told[h.name]) != strings.TrimSpace(h.want) {
			t.Errorf("%s:\n  %q, want\n  %q", h.name, told[h.name], h.want)
		}
	}
}

func TestPreviews_page_that_cannot_be_meant_is_refused(t *testing.T) {
	hosts := []struct{ name, variables, want string }{
		{"everywhere", "rundock_preview_web_listen=:443", "rundock_preview_web_listen is \\\":443\\\": want ADDRESS:PORT, as 10.0.0.5:443"},
		{"keyless", "rundock_preview_web_certificate=/c", "rundock_preview_web_certificate and rundock_preview_web_certificate_key go together"},
		{"linked", "rundock_preview_web_previews=ftp", "rundock_preview_web_previews is \\\"ftp\\\": want http, https, or one of them with a port, as https:8443"},
		{"upwards", `rundock_preview_hooks='{"../x": "0123456789abcdef"}'`, "rundock_preview_hooks: \\\"../x\\\" is no name of a repository: want a-z, 0-9 and -"},
		{"short", `rundock_preview_hooks='{"shop": "0123456789abcde"}'`, "rundock_preview_hooks: the secret of shop has too few characters: 16 are the least"},
	}
	var inventory, pages strings.Builder
	for _, h := range hosts {
		inventory.WriteString(h.name + " " + h.variables + "\n")
		pages.WriteString(h.name + "\n")
	}
	told := sayPreviews(t, "builder\n"+inventory.String(), "[rundock_preview]\nbuilder\n[rundock_preview_web]\n"+pages.String())
	for _, h := range hosts {
		if _, wrong, _ := strings.Cut(told[h.name], "; wrong "); !strings.HasSuffix(wrong, h.want) || strings.Contains(wrong, "0123456789abcde") {
			t.Errorf("%s: %q, want %q", h.name, wrong, h.want)
		}
	}
}
