package overlay

import (
	"strings"
	"testing"

	"rundock/internal/netnstest"
)

func TestParseSettings_names_what_is_wrong(t *testing.T) {
	const good = `{"version":1,"name":"apps","cidr":"10.42.0.0/16","subnet_length":24,"vni":7}`
	if _, err := ParseSettings([]byte(good)); err != nil {
		t.Fatal(err)
	}
	with := func(field string) string { return strings.TrimSuffix(good, "}") + "," + field + "}" }
	tests := []struct{ data, want string }{
		{"", "EOF"},
		{good + "x", "something follows the JSON object"},
		{with(`"colour":"red"`), `unknown field "colour"`},
		{strings.Replace(good, `"version":1`, `"version":2`, 1), "version is 2, this release reads 1"},
		{with(`"encryption":"required"`), "encryption required: this release has none"},
		{with(`"encryption":"maybe"`), `encryption "maybe": want none or required`},
		{with(`"domains":["shop.s.example.com","Shop.example.com"]`), `domains: "Shop.example.com" is no domain`},
		{with(`"domains":["shop.s.example.com."]`), `domains: "shop.s.example.com." is no domain`},
		{with(`"peers":[{"subnet":"10.43.0.0/24","underlay":"192.0.2.1"}]`), "peers: subnet 10.43.0.0/24 is no /24 of 10.42.0.0/16"},
		{with(`"peers":[{"subnet":"10.42.0.0/24"}]`), "peers: 10.42.0.0/24 has no underlay address"},
		{with(`"peers":[{"subnet":"10.42.0.0/24","underlay":"192.0.2.1"},{"subnet":"10.42.1.0/24","underlay":"192.0.2.1"}]`), "one too many"},
		{with(`"peers":[{"subnet":"10.42.0.0/24","underlay":"192.0.2.1"},{"subnet":"10.42.1.0/24","underlay":"2001:db8::1"}]`), "of different families"},
	}
	for _, tt := range tests {
		if _, err := ParseSettings([]byte(tt.data)); err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("ParseSettings(%s) = %v, want %s", tt.data, err, tt.want)
		}
	}
}

func TestFindUnderlay(t *testing.T) {
	n := netnstest.New(t, "host")
	n.Sh("ip link add eth0 type veth peer name eth9; ip addr add 192.0.2.1/24 dev eth0; ip link set eth0 mtu 1400 up; ip addr add 2001:db8::1/64 dev eth9 nodad; ip link set eth9 up")
	tests := []struct{ setting, iface, address, err string }{
		{"eth0", "eth0", "192.0.2.1", ""},
		{"192.0.2.1", "eth0", "192.0.2.1", ""},
		{"2001:db8::1", "eth9", "2001:db8::1", ""},
		{"eth9", "eth9", "2001:db8::1", ""},
		{"eth5", "", "", "underlay eth5: there is no such interface"},
		{"192.0.2.9", "", "", "underlay 192.0.2.9: no interface of this host has the address"},
	}
	n.Do(func() {
		for _, tt := range tests {
			u, err := FindUnderlay(tt.setting)
			if tt.err != "" {
				if err == nil || err.Error() != tt.err {
					t.Errorf("FindUnderlay(%s) = %v, want %s", tt.setting, err, tt.err)
				}
			} else if err != nil || u.Interface != tt.iface || u.Address.String() != tt.address {
				t.Errorf("FindUnderlay(%s) = %+v, %v", tt.setting, u, err)
			}
		}
	})
}
