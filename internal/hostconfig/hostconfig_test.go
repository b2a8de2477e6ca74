package hostconfig

import (
	"fmt"
	"strings"
	"testing"
)

const good = `{
  "version": 1,
  "host": "node-back-1",
  "domain": "prod.example.com",
  "label": "s",
  "private": {"interface": "eth0"},
  "etcd": {"endpoints": ["http://10.0.0.5:2379"]},
  "dns": ["10.0.0.7"]
}`

func TestParse(t *testing.T) {
	c, err := Parse([]byte(good))
	if err != nil {
		t.Fatal(err)
	}
	if c.Zone() != "s.prod.example.com" || c.Private.Interface != "eth0" || c.DNS[0] != "10.0.0.7" {
		t.Errorf("Parse = %+v", c)
	}
}

func TestParse_names_what_is_wrong(t *testing.T) {
	replace := func(old, new string) string { return strings.Replace(good, old, new, 1) }
	for want, data := range map[string]string{
		`the file is empty`:                                         "",
		`line 5: invalid character`:                                 replace(`"domain": "prod.example.com",`, `"domain": "prod.example.com"`+"\n"+`  "x"`),
		`unknown field "etdc"`:                                      replace(`"etcd"`, `"etdc"`),
		`version is 2, this release reads 1`:                        replace(`"version": 1`, `"version": 2`),
		`host "Node-1" is not a lower-case DNS label`:               replace(`node-back-1`, `Node-1`),
		`domain "prod..com"`:                                        replace(`prod.example.com`, `prod..com`),
		`label "" is not`:                                           replace(`"label": "s"`, `"label": ""`),
		`etcd.endpoints: "10.0.0.5:2379" does not begin with http`:  replace(`http://10`, `10`),
		`dns: "resolver" is not an IP address, nor "private"`:       replace(`10.0.0.7`, `resolver`),
		`etcd.ca: "ca.pem" is not an absolute path`:                 replace(`"endpoints"`, `"ca": "ca.pem", "endpoints"`),
		`consul.address: "127.0.0.1:8500" does not begin with http`: replace(`"dns"`, `"consul": {"address": "127.0.0.1:8500"}, "dns"`),
		`consul.token_file: "token" is not an absolute path`:        replace(`"dns"`, `"consul": {"token_file": "token"}, "dns"`),
		`store is "consul", and there are no settings of it`:        replace(`"dns"`, `"store": "consul", "dns"`),
		`store is "zookeeper": want etcd or consul`:                 replace(`"dns"`, `"store": "zookeeper", "dns"`),
		`store_agent is set, and there are no settings of a store`:  `{"version": 1, "host": "a", "domain": "b", "label": "s", "store_agent": true}`,
		`something follows the JSON object`:                         good + "{}",
	} {
		if _, err := Parse([]byte(data)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error = %v, want it to say %q", err, want)
		}
	}
}

func TestAddress_names_the_setting_and_the_interface(t *testing.T) {
	c := Config{Private: Interface{"no-such-interface"}}
	if a, err := c.PrivateAddress(); err == nil || !strings.Contains(err.Error(), "private.interface: interface no-such-interface does not exist") {
		t.Errorf("PrivateAddress = %s, %v", a, err)
	}
	c.Public.Interface = "lo"
	if a, err := c.PublicAddress(); err != nil || a.String() != "127.0.0.1" {
		t.Errorf("PublicAddress of lo = %s, %v; want 127.0.0.1", a, err)
	}
}

func TestResolvers(t *testing.T) {
	for _, c := range []struct {
		dns  []string
		want string
	}{
		{nil, "[] "},
		{[]string{"10.0.0.7"}, "[10.0.0.7] "},
		{[]string{"private", "10.0.0.8"}, "[127.0.0.1 10.0.0.8] 127.0.0.1"},
	} {
		host := Config{DNS: c.dns, Private: Interface{"lo"}}
		all, own, err := host.Resolvers()
		if got := fmt.Sprint(all, " ", own); err != nil || got != c.want {
			t.Errorf("Resolvers of %q = %s, %v; want %s", c.dns, got, err, c.want)
		}
	}
	nowhere := Config{DNS: []string{"private"}, Private: Interface{"no-such-interface"}}
	if _, _, err := nowhere.Resolvers(); err == nil || !strings.Contains(err.Error(), "dns: private.interface: interface no-such-interface") {
		t.Errorf("without the interface: %v", err)
	}
}

func TestStores(t *testing.T) {
	etcd, consul := Etcd{Endpoints: []string{"http://10.0.0.5:2379"}}, Consul{Address: "http://127.0.0.1:8500"}
	for _, c := range []struct {
		host Config
		want string
	}{
		{Config{}, "[]"},
		{Config{Etcd: etcd}, "[etcd]"},
		{Config{Consul: consul}, "[consul]"},
		{Config{Etcd: etcd, Consul: consul}, "[etcd consul]"},
		{Config{Etcd: etcd, Consul: consul, Store: StoreConsul}, "[consul etcd]"},
	} {
		if got := fmt.Sprint(c.host.Stores()); got != c.want {
			t.Errorf("Stores of %+v = %s, want %s", c.host, got, c.want)
		}
		if own, _, _ := strings.Cut(strings.Trim(c.want, "[]"), " "); c.host.OwnStore() != own {
			t.Errorf("OwnStore of %+v = %q, want %q", c.host, c.host.OwnStore(), own)
		}
	}
}
