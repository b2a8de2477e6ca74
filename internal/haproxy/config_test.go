package haproxy

import (
	"flag"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "write the golden files anew")

// SettingsOne and SettingsFull are for the tests that need HAProxy, too.
const SettingsOne = `{"version": 1, "frontends": [{"name": "web", "bind": ["127.0.0.1:8080"], "service": "shop"}], "services": [{"name": "shop", "slots": 2}]}`

const SettingsFull = `{
  "version": 1, "hard_stop": "10m", "log_requests": true,
  "frontends": [
    {"name": "plain", "bind": ["*:8080"], "redirect": true},
    {"name": "web", "bind": ["127.0.0.1:8443", "[::1]:8443"], "certificates": ["CERTIFICATE"], "service": "shop", "rules": [
      {"hosts": ["api.example.com", "*.api.example.com"], "paths": ["/v1", "/v2/"], "service": "api"},
      {"paths": ["/"], "hosts": ["admin.example.com"], "service": "admin"},
      {"paths": ["/static"], "service": "files"},
      {"paths": ["/shop"], "service": "shop"}]}
  ],
  "services": [
    {"name": "shop", "slots": 3, "floor": 2, "timeout": "5s", "check": {"path": "/health?full=1", "host": "shop.example.com", "interval": "2s", "fast": "50ms", "timeout": "3s", "rise": 1, "fall": 4}},
    {"name": "api", "port": "http", "slots": 1},
    {"name": "admin", "slots": 1},
    {"name": "files", "slots": 1}
  ],
  "stats": {"bind": "127.0.0.1:8404", "user": "admin", "password_file": "/etc/rundock/stats-password"}
}`

func parsed(t *testing.T, text string) Settings {
	t.Helper()
	s, err := Parse([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestConfig(t *testing.T) {
	slots := map[string][]Slot{"shop-blue": {
		{Name: "s1", Addr: netip.MustParseAddrPort("10.0.0.1:80"), Status: "UP"},
		{Name: "s2", Addr: netip.MustParseAddrPort("[fd00::1]:80"), Status: "DRAIN 1/3"},
		{Name: "s3"},
	}}
	for name, text := range map[string]string{"one": SettingsOne, "full": SettingsFull} {
		site := Site{Folder: "/var/lib/rundock/balance", Socket: "/run/rundock/haproxy.sock", User: "haproxy", Group: "haproxy", Chroot: "/var/lib/haproxy", Password: "it's $secret"}
		got := Config(parsed(t, strings.Replace(text, "CERTIFICATE", "/etc/ssl/site.pem", 1)), site, slots)
		golden := filepath.Join("testdata", name+".cfg")
		if *update {
			if err := os.WriteFile(golden, got, 0o644); err != nil {
				t.Fatal(err)
			}
		}
		want, err := os.ReadFile(golden)
		if err != nil {
			t.Fatal(err)
		}
		if string(got) != string(want) {
			t.Errorf("%s differs (-update writes it anew):\n%s", golden, got)
		}
	}
}

func TestTopology_is_of_settings_and_not_of_instances(t *testing.T) {
	site := Site{Folder: "/f", Socket: "/s"}
	a, b := parsed(t, SettingsOne), parsed(t, strings.Replace(SettingsOne, `"slots": 2`, `"slots": 3`, 1))
	if Topology(a, site) == Topology(b, site) {
		t.Error("another number of slots is the same topology")
	}
	with := Config(a, site, map[string][]Slot{"shop": {{Addr: netip.MustParseAddrPort("10.0.0.1:80"), Status: "UP"}}})
	if !strings.Contains(string(with), "description "+Topology(a, site)+"\n") {
		t.Errorf("the configuration with an instance does not name the topology %s:\n%s", Topology(a, site), with)
	}
}

func TestParse_names_what_is_wrong(t *testing.T) {
	replace := func(old, new string) string {
		if !strings.Contains(SettingsFull, old) {
			t.Fatalf("the settings have no %s", old)
		}
		return strings.Replace(strings.Replace(SettingsFull, old, new, 1), "CERTIFICATE", "/etc/ssl/site.pem", 1)
	}
	for want, text := range map[string]string{
		"the file is empty":                                       "",
		`unknown field "frontend"`:                                replace(`"frontends"`, `"frontend"`),
		"version is 2, this release reads 1":                      replace(`"version": 1`, `"version": 2`),
		"something follows the JSON object":                       SettingsOne + "{}",
		"frontends: there is none":                                `{"version": 1, "frontends": []}`,
		`frontend web: bind: "127.0.0.1": want ADDRESS:PORT`:      replace("127.0.0.1:8443", "127.0.0.1"),
		`"host:8443": host is not an address`:                     replace("127.0.0.1:8443", "host:8443"),
		`"127.0.0.1:84430": port 84430 is not between`:            replace("127.0.0.1:8443", "127.0.0.1:84430"),
		`frontend web: bind: "*:8080": frontend plain has it`:     replace("127.0.0.1:8443", "*:8080"),
		`stats: bind: "[::1]:8443": frontend web has it already`:  replace("127.0.0.1:8404", "[::1]:8443"),
		"frontend web: there are two of this name":                replace(`"plain"`, `"web"`),
		`frontend a b: name "a b": want lower-case`:               replace(`"plain"`, `"a b"`),
		"redirect: one that redirects all has no rules":           replace(`"redirect": true`, `"redirect": true, "service": "shop"`),
		"frontend plain: want rules, a service, or redirect":      replace(`, "redirect": true`, ""),
		`certificates: "/etc/a b" is not`:                         replace("CERTIFICATE", "/etc/a b"),
		`rules[0]: hosts: "API.example.com"`:                      replace(`"api.example.com"`, `"API.example.com"`),
		`rules[0]: paths: "v1" does not begin with /`:             replace(`"/v1"`, `"v1"`),
		`rules[2]: service files: a rule without hosts and paths`: replace(`"paths": ["/static"], `, ""),
		`rules[2]: service "files\nbackend x" is not a DNS label`: replace(`"/static"], "service": "files"`, `"/static"], "service": "files\nbackend x"`),
		"service shop: slots is 201: want 1 to 200":               replace(`"slots": 3`, `"slots": 201`),
		"service shop: floor is 4: want 0 to slots, which is 3":   replace(`"floor": 2`, `"floor": 4`),
		`service shop: check.path "/a b"`:                         replace(`/health?full=1`, `/a b`),
		"service shop: check.fall is 1: want 2 to 100":            replace(`"fall": 4`, `"fall": 1`),
		`duration "5"`: replace(`"5s"`, `"5"`),
		`duration "1us": want whole milliseconds`:                    replace(`"5s"`, `"1us"`),
		"service other: no frontend gives it requests":               replace(`{"name": "api"`, `{"name": "other"}, {"name": "api"`),
		"backend shop-blue would be one of service shop as well":     replace(`"service": "shop", "rules"`, `"service": "shop-blue", "rules"`),
		`frontend statistics: name "statistics"`:                     replace(`"plain"`, `"statistics"`),
		`stats: user "a b": want letters`:                            replace(`"admin", "password_file"`, `"a b", "password_file"`),
		`stats: password_file "secret" is not the absolute path`:     replace(`/etc/rundock/stats-password`, `secret`),
		`service api: port "http admin" is not the name of a port`:   replace(`"http"`, `"http admin"`),
		"service shop: its backend shop would be one of service sho": replace(`{"name": "api"`, `{"name": "shop"}, {"name": "api"`),
	} {
		if _, err := Parse([]byte(text)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error = %v, want it to say %s", err, want)
		}
	}
}
