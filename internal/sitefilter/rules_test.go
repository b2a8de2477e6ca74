package sitefilter

import (
	"encoding/json"
	"flag"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"rundock/internal/netnstest"
	"rundock/internal/nft"
	"rundock/internal/nft/live"
)

var update = flag.Bool("update", false, "write the golden files")

// site is a front host with etcd and images, and two back hosts; as seen by one of them.
func site(host string) Settings {
	s := Settings{
		Version: 1, Host: host, Private: "eth0", Public: "eth0",
		Hosts: map[string]netip.Addr{"front-1": netip.MustParseAddr("10.0.0.11"), "back-1": netip.MustParseAddr("10.0.0.21"), "back-2": netip.MustParseAddr("10.0.0.22")},
		Services: []Service{
			{Name: "dnsd", Ports: []Port{{Number: 53, Proto: "udp"}, {Number: 53, Proto: "tcp"}}, From: FromPrivate, Containers: true},
			{Name: "ssh", Ports: []Port{{Number: 22, Proto: "tcp"}}, From: FromAny},
			{Name: "etcd", Ports: []Port{{Number: 2379, Proto: "tcp"}, {Number: 2380, Proto: "tcp"}}, At: []string{"front-1"}, From: FromHosts},
		},
	}
	if host == "front-1" {
		s.Private = "eth1"
	}
	return s
}

// withIPv6 has hosts with addresses of IPv6 as well, and one with none.
func withIPv6(s Settings) Settings {
	s.Hosts6 = map[string][]netip.Addr{"front-1": {netip.MustParseAddr("fd00::11")}, "back-1": {netip.MustParseAddr("fd00::21"), netip.MustParseAddr("fd00:0:0:7::21")}}
	return s
}

// withPreviews has front-1 and back-1 run previews, of which back-1 takes the requests.
func withPreviews(s Settings) Settings {
	s.Services = append(s.Services, Service{Name: "previews", Ports: []Port{{Number: 21000, Proto: "tcp", Last: 21999}}, At: []string{"back-1", "front-1"}, From: FromHosts, Only: []string{"back-1"}})
	return s
}

var around = Surroundings{Devices: []string{"ovl42", "docker0", "vx42", "docker0"}, Ports: []Port{{Number: 8086, Proto: "tcp"}, {Number: 53, Proto: "udp"}}}

func cases() map[string]struct {
	settings Settings
	around   Surroundings
} {
	opened := site("back-2")
	opened.Open, opened.Others = []Port{{Number: 9100, Proto: "tcp"}}, []string{"10.0.0.2", "192.168.7.0/24"}
	six := withIPv6(site("front-1"))
	six.Others = []string{"fd00:0:0:7::/64"}
	return map[string]struct {
		settings Settings
		around   Surroundings
	}{
		"previews": {withPreviews(six), Surroundings{Devices: []string{"docker0", "ovl7"}, Confined: []string{"ovl7", "gone"}, Ports: []Port{{Number: 21000, Proto: "tcp"}}}},
		"ipv6":     {six, Surroundings{Devices: []string{"docker0"}}},
		"front":    {site("front-1"), around},
		"back":     {site("back-1"), around},
		"bare":     {site("back-1"), Surroundings{}},
		"opened":   {opened, Surroundings{Devices: []string{"docker0", `x"y`, "eth0"}}},
	}
}

func TestRules(t *testing.T) {
	for name, c := range cases() {
		t.Run(name, func(t *testing.T) {
			table, hosts := Rules(c.settings, c.around)
			got := table.Commands(hosts, false) + "\n"
			path := filepath.Join("testdata", name+".nft")
			if *update {
				if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			if got != string(want) {
				t.Errorf("%s\nwant, by %s,\n%s", got, path, want)
			}
		})
	}
}

// What the kernel holds is what the table says, in nft's own words.
func TestRules_are_what_nft_prints(t *testing.T) {
	if _, err := exec.LookPath("nft"); err != nil {
		t.Skip("nft is not installed")
	}
	for name, c := range cases() {
		t.Run(name, func(t *testing.T) {
			ns := netnstest.New(t, "host")
			table, hosts := Rules(c.settings, c.around)
			ns.Do(func() { put(t, table, hosts) })
			listed := ns.Sh("nft list table inet " + TableName)
			rules := map[string]bool{}
			for line := range strings.Lines(listed) {
				rules[strings.TrimSpace(line)] = true
			}
			for _, chain := range table.Chains {
				for _, rule := range chain.Rules {
					if !rules[asPrinted(rule)] {
						t.Errorf("chain %s has no rule %q:\n%s", chain.Name, rule, listed)
					}
				}
			}
			for _, h := range hosts {
				if !strings.Contains(listed, h.String()) {
					t.Errorf("%s is not in the set:\n%s", h, listed)
				}
			}
		})
	}
}

// asPrinted is a rule as nft prints it, which leaves out what follows from the rest and a
// network's length where it is an address.
func asPrinted(rule string) string {
	return strings.NewReplacer("/32 ", " ", "/128 ", " ").Replace(rule)
}

func put(t *testing.T, table nft.Table, hosts []netip.Addr) {
	t.Helper()
	conn, err := live.Open()
	if err != nil {
		t.Error(err)
		return
	}
	defer conn.Close()
	if err := conn.Put(table, hosts, false); err != nil {
		t.Error(err)
		return
	}
	have, err := conn.Table(table.Family, table.Name)
	if err != nil || have.Differs(table) {
		t.Errorf("read back: %+v, %v; want %+v", have, err, table)
	}
	there, err := conn.Hosts(table)
	if err != nil || len(there) != len(hosts) {
		t.Errorf("the set has %v, %v; want %v", there, err, hosts)
	}
}

func TestParse_names_what_is_wrong(t *testing.T) {
	good, err := json.Marshal(site("back-1"))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := Parse(good); err != nil {
		t.Fatal(err)
	}
	for replace, want := range map[[2]string]string{
		{`"version":1`, `"version":2`}:                                "version is 2",
		{`"host":"back-1"`, `"host":"back-7"`}:                        `host "back-7" is none of hosts`,
		{`"private":"eth0"`, `"private":"eth0\""`}:                    "is not the name of an interface",
		{`"2379/tcp"`, `"2379/icmp"`}:                                 `port "2379/icmp"`,
		{`"53/udp"`, `"0/udp"`}:                                       `port "0/udp"`,
		{`"at":["front-1"]`, `"at":["front-2"]`}:                      "etcd: at: front-2 is none of hosts",
		{`"2380/tcp"`, `"2380-2379/tcp"`}:                             `port "2380-2379/tcp"`,
		{`"2380/tcp"`, `"2380-70000/tcp"`}:                            `port "2380-70000/tcp"`,
		{`"from":"hosts"`, `"from":"hosts","only":["front-2"]`}:       "etcd: only: front-2 is none of hosts",
		{`"from":"any"`, `"from":"any","only":["back-1"]`}:            `ssh: only is for what hosts reach, and from is "any"`,
		{`"from":"any"`, `"from":"all"`}:                              `ssh: from is "all"`,
		{`"services"`, `"others":["10.0.0.0/33"],"services"`}:         `others: "10.0.0.0/33"`,
		{`"services"`, `"othres":[],"services"`}:                      "othres",
		{`"services"`, `"hosts6":{"back-7":["fd00::7"]},"services"`}:  "hosts6: back-7 is none of hosts",
		{`"services"`, `"hosts6":{"back-1":["fe80::7"]},"services"`}:  "back-1: fe80::7 is no address of IPv6 beyond its link",
		{`"services"`, `"hosts6":{"back-1":["10.0.0.7"]},"services"`}: "back-1: 10.0.0.7 is no address of IPv6",
		{`"services"`, `"others":["fd00::/129"],"services"`}:          `others: "fd00::/129"`,
		{`"10.0.0.22"`, `"fd00::22"`}:                                 "back-2 has no address of IPv4",
	} {
		bad := strings.Replace(string(good), replace[0], replace[1], 1)
		if bad == string(good) {
			t.Fatalf("%s is not in %s", replace[0], good)
		}
		if _, err := Parse([]byte(bad)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: error %v, want %s", replace[1], err, want)
		}
	}
}

func TestCounts_asks_for_hosts_and_for_others(t *testing.T) {
	s := site("back-1")
	s.Others = []string{"10.9.0.0/16", "10.8.0.1"}
	for address, want := range map[string]bool{"10.0.0.22": true, "10.9.3.1": true, "10.8.0.1": true, "10.0.0.99": false} {
		if got := s.Counts(netip.MustParseAddr(address)); got != want {
			t.Errorf("Counts(%s) = %v", address, got)
		}
	}
}

func TestAdmit_adds_a_host_once_and_keeps_the_rest(t *testing.T) {
	before := `{"version":1,"host":"a","private":"eth0","public":"eth0","hosts":{"a":"10.0.0.1"},"services":[],"others":["10.9.0.0/16"]}`
	new := map[string][]netip.Addr{"b": {netip.MustParseAddr("10.0.0.2"), netip.MustParseAddr("fd00::2"), netip.MustParseAddr("fd00::3")}}
	after, changed, err := Admit([]byte(before), new)
	if err != nil || !changed {
		t.Fatal(changed, err)
	}
	s, err := Parse(after)
	if err != nil || s.Hosts["b"] != new["b"][0] || !slices.Equal(s.Hosts6["b"], new["b"][1:]) || s.Hosts["a"].String() != "10.0.0.1" || len(s.Others) != 1 {
		t.Errorf("%s: %v", after, err)
	}
	if again, changed, err := Admit(after, new); changed || err != nil || string(again) != string(after) {
		t.Errorf("a second time: changed %v, %v", changed, err)
	}
	if _, _, err := Admit([]byte("{"), new); err == nil {
		t.Error("a damaged file is taken")
	}
	if _, _, err := Admit([]byte(before), map[string][]netip.Addr{"c": {netip.MustParseAddr("fd00::4")}}); err == nil {
		t.Error("a host without an address of IPv4 is taken")
	}
}
