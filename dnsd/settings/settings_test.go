package settings

import (
	"errors"
	"flag"
	"fmt"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"rundock/dnsd/querylog"
)

const hostJSON = `{"version":1,"host":"node-1","domain":"prod.example.com","label":"s","private":{"interface":"lo"},
"etcd":{"endpoints":["http://10.1.0.2:2379"],"user":"dnsd","password_file":"/etc/rundock/password"}}`

// read is Read with an environment of "NAME=value" and, as host
// configuration, a file with host or none.
func read(t *testing.T, host, env string, args ...string) (Settings, error) {
	t.Helper()
	file := filepath.Join(t.TempDir(), "host.json")
	if host != "" {
		if err := os.WriteFile(file, []byte(host), 0o644); err != nil {
			t.Fatal(err)
		}
		args = append(args, "--host-config", file)
	}
	lookup := func(name string) (string, bool) {
		have, value, _ := strings.Cut(env, "=")
		return value, have == name
	}
	return Read(args, lookup, os.ReadFile, &strings.Builder{})
}

func TestRepliesOverUDPFitIntoAPacket(t *testing.T) {
	if s, err := read(t, hostJSON, "", "--max-udp=65535"); err != nil || s.MaxUDP != 65507 {
		t.Errorf("with --max-udp=65535 replies have up to %d bytes, %v, want 65507", s.MaxUDP, err)
	}
}

func TestSettings(t *testing.T) {
	t.Run("come from host.json", func(t *testing.T) {
		s, err := read(t, hostJSON, "")
		if err != nil {
			t.Fatal(err)
		}
		if got := fmt.Sprint(s.ZoneNames(), s.Listen, s.Registry); got != "[s.prod.example.com.] [127.0.0.1:53 lo:53] {[http://10.1.0.2:2379]    dnsd /etc/rundock/password}" {
			t.Errorf("settings are %s", got)
		}
	})
	t.Run("of a flag come before the environment, and that before host.json", func(t *testing.T) {
		s, err := read(t, hostJSON, "DNSD_ZONE=env.example.com,more.example.com")
		if err != nil || fmt.Sprint(s.ZoneNames()) != "[env.example.com. more.example.com.]" {
			t.Errorf("zones = %v, %v", s.ZoneNames(), err)
		}
		s, err = read(t, hostJSON, "DNSD_ZONE=env.example.com", "--zone", "a.example.com", "--zone", "B.example.com.")
		if err != nil || fmt.Sprint(s.ZoneNames()) != "[a.example.com. b.example.com.]" {
			t.Errorf("zones = %v, %v", s.ZoneNames(), err)
		}
	})
	t.Run("point at the embedded etcd when there is one", func(t *testing.T) {
		s, err := read(t, hostJSON, "", "--embed-etcd", t.TempDir(), "--embed-etcd-listen", "http://0.0.0.0:2379")
		if err != nil || fmt.Sprint(s.Registry.Endpoints) != "[http://127.0.0.1:2379]" || s.Registry.User != "" {
			t.Errorf("store = %+v, %v", s.Registry, err)
		}
		s, err = read(t, hostJSON, "", "--embed-etcd", t.TempDir(), "--embed-etcd-listen", "http://10.1.0.2:2379,https://0.0.0.0:2379,https://10.1.0.2:2379",
			"--embed-etcd-ca=/ca", "--embed-etcd-cert=/cert", "--embed-etcd-key=/key")
		if got := fmt.Sprint(s.Registry); err != nil || got != "{[https://127.0.0.1:2379 https://10.1.0.2:2379] /ca /cert /key  }" {
			t.Errorf("by https too: store = %s, %v", got, err)
		}
		s, err = read(t, hostJSON, "", "--embed-etcd", t.TempDir(), "--embed-etcd-listen", "https://10.1.0.2:2379",
			"--embed-etcd-ca=/ca", "--embed-etcd-cert=/cert", "--embed-etcd-key=/key", "--etcd-cert=/own", "--etcd-key=/ownkey")
		if got := fmt.Sprint(s.Registry); err != nil || got != "{[https://10.1.0.2:2379] /ca /own /ownkey  }" {
			t.Errorf("with a certificate of dnsd's: store = %s, %v", got, err)
		}
	})
}

func TestStoreThatIsFollowed(t *testing.T) {
	consul := `"consul":{"address":"http://127.0.0.1:8500","token_file":"/etc/rundock/token"}`
	host := func(rest string) string {
		return `{"version":1,"host":"node-1","domain":"prod.example.com","label":"s",` + rest + `}`
	}
	etcd := `"etcd":{"endpoints":["http://10.1.0.2:2379"]}`
	for claim, c := range map[string]struct {
		host string
		args []string
		want string
	}{
		"host.json has Consul alone":                 {host(consul), nil, "[http://127.0.0.1:8500] /etc/rundock/token"},
		"host.json has both":                         {host(etcd + "," + consul), nil, "[http://10.1.0.2:2379] "},
		"host.json has both, and Consul is its own":  {host(`"store":"consul",` + etcd + "," + consul), nil, "[http://127.0.0.1:8500] /etc/rundock/token"},
		"--consul with the token of host.json":       {host(etcd + "," + consul), []string{"--consul=http://10.1.0.9:8500"}, "[http://10.1.0.9:8500] /etc/rundock/token"},
		"an etcd is run here, and Consul is its own": {host(`"store":"consul",` + etcd + "," + consul), []string{"--embed-etcd=" + t.TempDir()}, "[http://127.0.0.1:8500] /etc/rundock/token"},
		"--etcd though host.json has Consul":         {host(consul), []string{"--etcd=http://10.1.0.3:2379"}, "[http://10.1.0.3:2379] "},
	} {
		s, err := read(t, c.host, "", c.args...)
		if got := fmt.Sprint(s.StoreAddresses(), " ", s.Consul.TokenFile); err != nil || got != c.want {
			t.Errorf("%s: it follows %s, %v; want %s", claim, got, err, c.want)
		}
	}
	if _, err := read(t, host(etcd), "", "--consul=http://127.0.0.1:8500", "--etcd=http://10.1.0.3:2379"); err == nil || !strings.Contains(err.Error(), "--consul: records are followed in one store") {
		t.Errorf("both stores: %v, want an error that names --consul", err)
	}
}

func TestBadSettingsAreNamed(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	ok := []string{"--zone=s.prod.example.com", "--etcd=http://127.0.0.1:2379"}
	for _, c := range []struct {
		env, args, want string
	}{
		{"", "--zone=a..b", `--zone: zone "a..b"`},
		{"", "--listen=10.0.0.1:x", "--listen: listen address"},
		{"", "--upstream=resolver", `--upstream: "resolver" is no IP address`},
		{"", "--listen=127.0.0.1:5300 --upstream=127.0.0.1:5300", "--upstream: 127.0.0.1:5300 is this server itself"},
		{"", "--listen=127.0.0.1:5300 --stub=corp.example=127.0.0.1:5300", "--stub: 127.0.0.1:5300 of corp.example. is this server itself"},
		{"", "--stub=S.prod.example.com=10.1.0.53", "--stub: s.prod.example.com. is answered here"},
		{"", "--upstream=0.0.0.0", `--upstream: "0.0.0.0" is where a server listens at all addresses`},
		{"", "--stub=corp.example=[::]:53", `--stub: "[::]:53" is where a server listens at all addresses`},
		{"", "--listen=127.0.0.1:5300,127.0.0.1:5300", "--listen: 127.0.0.1:5300 is given twice"},
		{"", "--metrics=9153", `--metrics: "9153" is no address with a port`},
		{"", "--metrics=:99999", `--metrics: ":99999" is no address with a port`},
		{"", "--forward-for=10.0.0.0/33", `--forward-for: "10.0.0.0/33" is no IP address or network`},
		{"", "--ns-address=x", `--ns-address: "x" is no IP address`},
		{"", "--ttl=soon", "ttl: want whole seconds"},
		{"DNSD_TTL=-1", "", "environment DNSD_TTL: want whole seconds"},
		{"DNSD_MAX_UDP=x", "", "environment DNSD_MAX_UDP: want a whole number"},
		{"", "--cache=", "cache: want a whole number"},
		{"", "--consul-catalog=maybe", "consul-catalog: want true or false"},
		{"", "--embed-etcd-backups=2", "--embed-etcd-backups: without --embed-etcd no etcd is run here"},
		{"", "--upstream=10.1.0.53:0", `--upstream: "10.1.0.53:0": nothing answers on port 0`},
		{"", "--stub=corp.example=10.1.0.53:0", `--stub: "10.1.0.53:0": nothing answers on port 0`},
		{"", "--stub=corp.example=10.1.0.53,10.1.0.54", `--stub: "10.1.0.54": want zone=address`},
		{"", "--max-udp=100", "--max-udp: 100 is not between"},
		{"", "--prefix=skydns", "--prefix:"},
		{"", "--log-level=loud", "log-level: want debug, info, warn or error"},
		{"", "--host-config=/does/not/exist.json", "--host-config: open /does/not/exist.json"},
		{"", "--embed-etcd=" + file, "--embed-etcd: store folder " + file},
		{"", "--embed-etcd=relative", `--embed-etcd: store folder "relative": not an absolute path`},
		{"", "--embed-etcd=/tmp --embed-etcd-listen=http://localhost:2379", "want http://IP:port"},
		{"", "--embed-etcd=/tmp --embed-etcd-listen=https://127.0.0.1:2379", "a listen URL is https, and there is no file of its authority"},
		{"", "--embed-etcd=/tmp --embed-etcd-listen=https://127.0.0.1:2379 --embed-etcd-ca=/a --embed-etcd-cert=/b", "there is no file of its key"},
		{"", "--embed-etcd=/tmp --embed-etcd-cert=/b", "file /b of its certificate is given, and no listen URL is https"},
		{"", "--embed-etcd-cert=/b", "--embed-etcd-cert: without --embed-etcd"},
		{"", "--embed-etcd-listen=http://127.0.0.1:2379", "--embed-etcd-listen: without --embed-etcd"},
		{"", "--nonsense", "nonsense"},
		{"", "stray", `unexpected argument "stray"`},
	} {
		if _, err := read(t, "", c.env, append(slices.Clone(ok), strings.Fields(c.args)...)...); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("dnsd %s (%s) error = %v, want %q", c.args, c.env, err, c.want)
		}
	}
	if _, err := read(t, "", "", "--host-config", file); err == nil {
		t.Error("an empty host.json is taken")
	}
}

// TestEveryBadSettingIsNamed: what is wrong besides is not hidden by what is
// wrong first, such as that there is no store yet.
func TestEveryBadSettingIsNamed(t *testing.T) {
	file := filepath.Join(t.TempDir(), "dnsd.conf")
	if err := os.WriteFile(file, []byte("ttl = soon\nnonsense = 1\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		env, args string
		want      []string
	}{
		{"", "--zone=s.prod.example.com --max-udp=100 --cache=-1", []string{"--max-udp: 100", "--etcd, --consul: no store given", "--cache: -1"}},
		{"", "--prefix=skydns --zone=a..b,c..d --listen=:x --snapshot=here --networks=here --upstream=resolver --stub=x --forward-for=10.0.0.0/33 --ns-address=x", []string{
			"--prefix:", `--zone: zone "a..b"`, `--zone: zone "c..d"`, "--listen:", "--snapshot:", "--networks:", "--etcd, --consul:", "--upstream:", "--stub:", "--forward-for:", "--ns-address:"}},
		{"", "--ttl=soon --nonsense --max-udp=x", []string{"-ttl: want", "-nonsense", "-max-udp"}},
		{"DNSD_TTL=soon", "--etcd=http://127.0.0.1:2379 --config=" + file, []string{"environment DNSD_TTL"}},
		{"", "--config=" + file, []string{"line 1: ttl: want", `line 2: "nonsense" is no setting`}},
	} {
		_, err := read(t, "", c.env, strings.Fields(c.args)...)
		lines := strings.Split(fmt.Sprint(err), "\n")
		for _, want := range c.want {
			if !slices.ContainsFunc(lines, func(l string) bool { return strings.Contains(l, want) }) {
				t.Errorf("dnsd %s (%s): no line of the error has %q:\n%v", c.args, c.env, want, err)
			}
		}
	}
}

func TestHelpNamesEveryFlag(t *testing.T) {
	var out strings.Builder
	if _, err := Read([]string{"--help"}, os.LookupEnv, os.ReadFile, &out); !errors.Is(err, flag.ErrHelp) {
		t.Fatalf("error = %v", err)
	}
	var f flags
	f.set().VisitAll(func(fl *flag.Flag) {
		if !strings.Contains(out.String(), "--"+fl.Name) {
			t.Errorf("--%s is missing", fl.Name)
		}
	})
	page, err := os.ReadFile("../README.md")
	if err != nil {
		t.Fatal(err)
	}
	f.set().VisitAll(func(fl *flag.Flag) {
		if !strings.Contains(string(page), "`--"+fl.Name) {
			t.Errorf("README.md says nothing about --%s", fl.Name)
		}
	})
}

func TestTheConfigFile(t *testing.T) {
	file := filepath.Join(t.TempDir(), "dnsd.conf")
	configured := func(lines, env string, args ...string) (Settings, error) {
		t.Helper()
		if err := os.WriteFile(file, []byte(lines), 0o644); err != nil {
			t.Fatal(err)
		}
		return read(t, hostJSON, env, append(args, "--config", file)...)
	}
	t.Run("comes before host.json, and after environment and flags", func(t *testing.T) {
		s, err := configured("# a comment\n\nzone = file.example.com\n zone=more.example.com \nttl = 7\nnegative-ttl=8\nmax-udp = 600", "DNSD_TTL=9", "--max-udp=700")
		if got := fmt.Sprint(s.ZoneNames(), s.TTL, s.NegativeTTL, s.MaxUDP); err != nil || got != "[file.example.com. more.example.com.] 9 8 700" {
			t.Errorf("settings are %s, %v", got, err)
		}
		s, err = configured("zone = file.example.com", "", "--zone", "flag.example.com")
		if err != nil || fmt.Sprint(s.ZoneNames()) != "[flag.example.com.]" {
			t.Errorf("zones = %v, %v", s.ZoneNames(), err)
		}
	})
	t.Run("takes every setting by its flag's name", func(t *testing.T) {
		var f flags
		set := f.set()
		var lines strings.Builder
		set.VisitAll(func(fl *flag.Flag) {
			if fl.Name != "config" && fl.Name != "version" {
				fmt.Fprintf(&lines, "%s = %s\n", fl.Name, fl.DefValue)
			}
		})
		if err := configure(f.set(), map[string]bool{}, []byte(lines.String())); err != nil {
			t.Error(err)
		}
	})
	for lines, want := range map[string]string{
		"ttl = 7\nzones = a.example.com": file + `: line 2: "zones" is no setting`,
		"ttl":                            `line 1: "ttl": want name = value`,
		"ttl = soon":                     "line 1: ttl: want whole seconds",
		"ttl = 7\n\nttl = 8":             "line 3: ttl: given twice",
		"config = /etc/other":            `line 1: "config" is no setting`,
		"max-udp = 100":                  "--max-udp: 100 is not between",
	} {
		if _, err := configured(lines, ""); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("with %q error = %v, want %q", lines, err, want)
		}
	}
	if _, err := read(t, hostJSON, "", "--config", "/does/not/exist"); err == nil || !strings.Contains(err.Error(), "--config: open /does/not/exist") {
		t.Errorf("a missing file that is given: %v", err)
	}
}

func TestDefaults(t *testing.T) {
	s, err := read(t, hostJSON, "")
	if err != nil {
		t.Fatal(err)
	}
	if got := fmt.Sprintf("%d %d %d %v %d %s %d %s", s.MaxUDP, s.TTL, s.NegativeTTL, s.Scaled, s.QueryLog, s.Metrics, len(s.Upstreams), s.Prefix); got != "1232 30 2 false 0 127.0.0.1:9153 0 /skydns" {
		t.Errorf("defaults are %s", got)
	}
	for address, ours := range map[string]bool{"127.0.0.1": true, "10.1.2.3": true, "192.168.9.9": true, "fd00::1": true, "192.0.2.1": false, "8.8.8.8": false, "2001:db8::1": false} {
		if got := slices.ContainsFunc(s.ForwardFor, func(p netip.Prefix) bool { return p.Contains(netip.MustParseAddr(address)) }); got != ours {
			t.Errorf("queries of %s are forwarded: %v", address, got)
		}
	}
}

func TestTheShareOfQueriesToLog(t *testing.T) {
	for args, want := range map[string]querylog.Share{"": 0, "--query-log=all": 1, "--query-log=1/20": 20} {
		if s, err := read(t, hostJSON, "", strings.Fields(args)...); err != nil || s.QueryLog != want {
			t.Errorf("dnsd %s logs 1/%d, %v, want 1/%d", args, s.QueryLog, err, want)
		}
	}
	if s, err := read(t, hostJSON, "DNSD_QUERY_LOG=1/7"); err != nil || s.QueryLog != 7 {
		t.Errorf("the environment's share is 1/%d, %v", s.QueryLog, err)
	}
	if _, err := read(t, hostJSON, "", "--query-log=some"); err == nil || !strings.Contains(err.Error(), "query-log: \"some\" is not off, all, or a share") {
		t.Errorf("error = %v", err)
	}
}
