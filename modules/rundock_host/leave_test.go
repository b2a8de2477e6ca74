package main

import (
	"os"
	"strings"
	"testing"
)

func TestGone_leaves_nothing_of_its_own(t *testing.T) {
	m := onNappingMachine(t)
	const script = "#!/bin/sh\n# Written by site.yml of rundock.\nexec 2>&1\nexec /usr/local/bin/nap/sleep 1000\n"
	m.Apply(napping(script, "nap 1\n", "restart"), "/etc/rundock/nap.conf written", "service nap written", "service nap enabled")
	m.running("nap")
	m.write("/etc/sv/other/run", "#!/bin/sh\nexec /usr/local/bin/nap/sleep 1000\n", 0o755)
	m.write("/etc/resolv.conf", "# Written by site.yml of rundock.\nnameserver 127.0.0.1\n", 0o644)
	m.write("/etc/rundock/resolv.conf.before", "nameserver 192.0.2.1\n", 0o644)
	m.write("/etc/rundock/host.json", "{}", 0o644)
	m.write("/etc/rundock/pki/host.key", "secret", 0o600)
	m.write("/etc/rundock/filter.json", "{}", 0o644)
	m.write("/etc/rundock/image-user", "node-1:hash\n", 0o600)
	m.sh("cd /etc && mkdir -p docker/certs.d && cd docker/certs.d && mkdir registry.s.example.com:5000 mirror.s.example.com:5001 registry.example.net:443 && " +
		"ln -s /etc/rundock/pki/ca.crt registry.s.example.com:5000/ca.crt && touch registry.example.net:443/ca.crt")
	m.write("/etc/rundock/preview/access.json", "{}", 0o640)
	m.write("/etc/rundock/preview/hooks/shop", "secret", 0o640)
	m.write("/usr/local/bin/rundockd", "#!/bin/sh\necho \"$@\" >>/run/asked\n", 0o755)
	m.write("/run/rundock/web/runner.json", "{}", 0o644)

	m.write("/etc/sv/docker-web/run", "#!/bin/sh\n", 0o755)
	m.write("/etc/sv/docker-web/.rundock", "", 0o644)
	gone := map[string]any{"state": "gone"}
	m.Refuses(gone, "the host still has docker-web: take services away by rundock")
	m.sh("rm -r /etc/sv/docker-web")
	m.write("/etc/rundock/ca/ca.key", "secret", 0o600)
	m.Refuses(gone, "the site's authority is here, /etc/rundock/ca")
	m.sh("rm -r /etc/rundock/ca")
	m.Refuses(map[string]any{"state": "gone", "packages": []any{"runit"}}, "state=gone takes force, by and timeout alone")

	_, done := m.Apply(gone, "service nap removed", "packet filter removed", "resolv.conf is that of before rundock", "user of the image registry removed", "/etc/rundock/filter.json removed", "/etc/rundock/pki removed", "/etc/rundock/image-user removed", "/etc/rundock/resolv.conf.before removed",
		"/etc/rundock/host.json removed", "/run/rundock removed", "/etc/rundock/preview removed", "/usr/local/bin/rundockd removed")
	if !strings.Contains(done.Raw, "named volumes") {
		t.Errorf("it does not say what stays: %s", done.Raw)
	}
	if asked := m.sh("cat /run/asked"); asked != "filter leave\nimages forget mirror.s.example.com:5001 registry.s.example.com:5000" {
		t.Errorf("rundockd was asked for %q", asked)
	}
	if left := m.sh("ls /etc/docker/certs.d"); left != "registry.example.net:443" {
		t.Errorf("Docker's certificates: left are %q, want those of another image registry", left)
	}
	if left := m.sh("ls /etc/rundock /etc/sv /etc/service; cat /etc/resolv.conf; pgrep -c -f '[n]ap/sleep' || true"); left != "/etc/rundock:\nnap.conf\n\n/etc/service:\n\n/etc/sv:\nother\nnameserver 192.0.2.1\n0" {
		t.Errorf("left are %q", left)
	}
}

func TestReady_undrains_and_no_state_does_not(t *testing.T) {
	m := onNappingMachine(t)
	m.write("/usr/local/bin/rundockd", "#!/bin/sh\necho \"$@\" >>/run/asked; rm /var/lib/rundock/drained.json\n", 0o755)
	m.write("/var/lib/rundock/drained.json", "{}", 0o644)
	m.Apply(map[string]any{"facts": true})
	if _, err := os.Stat("/run/asked"); err == nil {
		t.Error("without a state, the host was undrained")
	}
	m.Apply(map[string]any{"state": "ready"}, "host drained no longer")
	if asked := m.sh("cat /run/asked"); asked != "undrain" {
		t.Errorf("rundockd was asked for %q", asked)
	}
}

func TestDrained_by_rundockd(t *testing.T) {
	m := onNappingMachine(t)
	m.write("/usr/local/bin/rundockd", `#!/bin/sh
echo "$@" >>/run/asked
case " $* " in *" --force "*) ;; *) echo "rundockd drain: refused: this host has the last instance of web" >&2; exit 3 ;; esac
case " $* " in *" --check "*) [ -e /var/lib/rundock/drained.json ] || echo "the host would be drained"; exit 0 ;; esac
[ -e /var/lib/rundock/drained.json ] || { mkdir -p /var/lib/rundock; echo "{}" >/var/lib/rundock/drained.json; echo "the host is drained"; echo "web is stopped"; echo "registry is withdrawn"; }
`, 0o755)
	m.sh("rm -f /var/lib/rundock/drained.json")
	m.Refuses(map[string]any{"state": "drained", "by": "ada"}, "this host has the last instance of web")
	if asked := m.sh("head -n 1 /run/asked"); asked != "drain --by ada --timeout 600s" {
		t.Errorf("rundockd was asked for %q", asked)
	}
	_, done := m.Apply(map[string]any{"state": "drained", "force": true}, "host drained")
	if stopped, _ := done.Values["stopped"].([]any); len(stopped) != 2 || stopped[0] != "web is stopped" {
		t.Errorf("stopped = %v", stopped)
	}
}
