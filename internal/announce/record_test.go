package announce

import (
	"net/netip"
	"strings"
	"testing"
	"time"
)

var node = Identity{Prefix: "/skydns", Zone: "s.prod.example.com", Service: "influxdb", Host: "node-1", ID: "4c4c/influxdb"}

func TestRecord(t *testing.T) {
	private := netip.MustParseAddr("10.0.0.7")
	bridged := Instance{Addresses: map[string]netip.Addr{"bridge": netip.MustParseAddr("172.17.0.3"), "zoo": netip.MustParseAddr("10.9.0.3")}}
	host := Instance{HostNetwork: true}
	alone := bridged
	alone.CutOff = map[string]string{"zoo": "this host is cut off"}
	for _, c := range []struct {
		claim              string
		port               Port
		instance           Instance
		key, value, target string
		err                string
	}{
		{"the first port is the plain key in group main",
			Port{Address: private, Port: 8086, ContainerPort: 80}, bridged,
			"/skydns/com/example/prod/s/influxdb/node-1",
			`{"host":"10.0.0.7","port":8086,"priority":10,"weight":100,"ttl":5,"group":"main","id":"4c4c/influxdb"}`,
			"172.17.0.3:80", ""},
		{"a named port is below _tcp in a group of its own",
			Port{Name: "admin", Address: private, Port: 8083, Priority: 20, Weight: 1, Tags: []string{"x"}, Meta: map[string]string{"a": "b"}}, bridged,
			"/skydns/com/example/prod/s/influxdb/_tcp/_admin/node-1",
			`{"host":"10.0.0.7","port":8083,"priority":20,"weight":1,"ttl":5,"group":"_admin","tags":["x"],"meta":{"a":"b"},"id":"4c4c/influxdb"}`,
			"172.17.0.3:8083", ""},
		{"a named UDP port is below _udp",
			Port{Name: "stats", Address: private, Port: 8125, Protocol: "udp"}, bridged,
			"/skydns/com/example/prod/s/influxdb/_udp/_stats/node-1",
			`{"host":"10.0.0.7","port":8125,"priority":10,"weight":100,"ttl":5,"group":"_stats","id":"4c4c/influxdb"}`,
			"172.17.0.3:8125", ""},
		{"announced as container are its own address and the port that listens there",
			Port{Network: "zoo", Port: 8086, ContainerPort: 80, Lease: 20 * time.Second}, bridged,
			"/skydns/com/example/prod/s/influxdb/node-1",
			`{"host":"10.9.0.3","port":80,"priority":10,"weight":100,"ttl":6,"group":"main","id":"4c4c/influxdb"}`,
			"10.9.0.3:80", ""},
		{"with host network the announced address is checked",
			Port{Address: private, Port: 8086, ContainerPort: 80}, host,
			"/skydns/com/example/prod/s/influxdb/node-1",
			`{"host":"10.0.0.7","port":8086,"priority":10,"weight":100,"ttl":5,"group":"main","id":"4c4c/influxdb"}`,
			"10.0.0.7:8086", ""},
		{"a check's own port is inside the container",
			Port{Address: private, Port: 8086, Check: Check{Port: 9000}}, bridged,
			"/skydns/com/example/prod/s/influxdb/node-1",
			`{"host":"10.0.0.7","port":8086,"priority":10,"weight":100,"ttl":5,"group":"main","id":"4c4c/influxdb"}`,
			"172.17.0.3:9000", ""},
		{"an address that other hosts do not reach is not announced",
			Port{Network: "zoo", Port: 8086, ContainerPort: 80}, alone, "", "", "", "network zoo: this host is cut off"},
		{"another one of the container is",
			Port{Network: "bridge", Port: 8086, ContainerPort: 80}, alone,
			"/skydns/com/example/prod/s/influxdb/node-1",
			`{"host":"172.17.0.3","port":80,"priority":10,"weight":100,"ttl":5,"group":"main","id":"4c4c/influxdb"}`,
			"172.17.0.3:80", ""},
		{"a network the container is not on is named",
			Port{Network: "blue", Port: 8086}, bridged, "", "", "", "the container has no address on network blue"},
		{"a container without network cannot be announced as container",
			Port{Port: 8086}, host, "", "", "", "the container has no address of its own"},
	} {
		t.Run(c.claim, func(t *testing.T) {
			port, err := c.port.withDefaults()
			if err != nil {
				t.Fatal(err)
			}
			item, record, err := node.record(port, c.instance, "")
			if c.err != "" {
				if err == nil || err.Error() != c.err {
					t.Fatalf("error = %v, want %s", err, c.err)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if item.Key != c.key || string(item.Value) != c.value || record.Key != c.key {
				t.Errorf("record = %s %s\nwant     %s %s", item.Key, item.Value, c.key, c.value)
			}
			target, err := port.target(c.instance)
			if err != nil || target.String() != c.target {
				t.Errorf("target = %s, %v, want %s", target, err, c.target)
			}
		})
	}
}

func TestRecord_of_a_colour(t *testing.T) {
	blue := node
	blue.Colour, blue.ID = "blue", "4c4c/influxdb/blue"
	for _, c := range []struct{ claim, name, active, key, group string }{
		{"the active colour answers the service's name", "", "blue", "/skydns/com/example/prod/s/influxdb/node-1-blue", "main"},
		{"the idle one does not", "", "green", "/skydns/com/example/prod/s/influxdb/node-1-blue", "_blue"},
		{"nor does its further port", "admin", "green", "/skydns/com/example/prod/s/influxdb/_tcp/_admin/node-1-blue", "_blue"},
	} {
		t.Run(c.claim, func(t *testing.T) {
			port, err := Port{Name: c.name, Address: netip.MustParseAddr("10.0.0.7"), Port: 80}.withDefaults()
			if err != nil {
				t.Fatal(err)
			}
			item, _, err := blue.record(port, Instance{}, c.active)
			if err != nil {
				t.Fatal(err)
			}
			want := `{"host":"10.0.0.7","port":80,"priority":10,"weight":100,"ttl":5,"group":"` + c.group + `","colour":"blue","id":"4c4c/influxdb/blue"}`
			if item.Key != c.key || string(item.Value) != want {
				t.Errorf("record = %s %s\nwant     %s %s", item.Key, item.Value, c.key, want)
			}
		})
	}
}

func TestRecord_of_a_slot(t *testing.T) {
	slot := node
	slot.Service, slot.Stack, slot.Number, slot.ID = "Web", "shop", 2, "4c4c/shop-Web-2"
	for _, c := range []struct{ claim, port, key, name, group string }{
		{"its key has stack, service and number, in lower case", "", "/skydns/com/example/prod/s/shop/web/2", "2.web.shop.s.prod.example.com", "main"},
		{"a further port is below the service", "admin", "/skydns/com/example/prod/s/shop/web/_tcp/_admin/2", "2._admin._tcp.web.shop.s.prod.example.com", "_admin"},
	} {
		t.Run(c.claim, func(t *testing.T) {
			port, err := Port{Name: c.port, Address: netip.MustParseAddr("10.0.0.7"), Port: 80}.withDefaults()
			if err != nil {
				t.Fatal(err)
			}
			item, record, err := slot.record(port, Instance{}, "")
			if err != nil {
				t.Fatal(err)
			}
			want := `{"host":"10.0.0.7","port":80,"priority":10,"weight":100,"ttl":5,"group":"` + c.group + `","id":"4c4c/shop-Web-2","at":"node-1"}`
			if item.Key != c.key || string(item.Value) != want || record.Name != c.name {
				t.Errorf("record = %s %s %s\nwant     %s %s %s", item.Key, record.Name, item.Value, c.key, c.name, want)
			}
		})
	}
}

// A slot in two networks is found in each at its address there, by those who ask from there.
// What it has no address in, or what is cut off, has no record.
func TestHeld_of_a_slot_in_several_networks(t *testing.T) {
	slot := node
	slot.Service, slot.Stack, slot.Number, slot.ID = "Api", "shop", 2, "4c4c/shop-Api-2"
	slot.Aliases = []string{"gate", "core@shop_back", "api._front@shop_front", "api._back@shop_back", "gate._front@shop_front", "api._cut@shop_cut", "api._away@shop_away"}
	port, err := Port{Network: "shop_front"}.withDefaults()
	if err != nil {
		t.Fatal(err)
	}
	i := Instance{
		Running: true, CutOff: map[string]string{"shop_cut": "no subnet"},
		Addresses: map[string]netip.Addr{"shop_front": netip.MustParseAddr("10.1.0.2"), "shop_back": netip.MustParseAddr("10.2.0.2"), "shop_cut": netip.MustParseAddr("10.3.0.2")},
	}
	items, records, err := slot.held(port, i, "")
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for n, r := range records {
		if items[n].Key != r.Key || !strings.Contains(string(items[n].Value), `"`+r.Host+`"`) || items[n].ID != slot.ID {
			t.Errorf("what is held is %s %s, and what is told of it %+v", items[n].Key, items[n].Value, r)
		}
		got = append(got, strings.TrimSuffix(r.Name, ".shop.s.prod.example.com")+" "+r.Host)
	}
	want := "2.api 10.1.0.2, api-2.gate 10.1.0.2, api-2.core 10.2.0.2, 2.api._front 10.1.0.2, 2.api._back 10.2.0.2, api-2.gate._front 10.1.0.2"
	if strings.Join(got, ", ") != want {
		t.Errorf("held =\n%s\nwant\n%s", strings.Join(got, ", "), want)
	}
	if keys := slot.keys(port); len(keys) != 8 || keys[7] != "/skydns/com/example/prod/s/shop/_away/api/2" {
		t.Errorf("keys = %q, want all eight that there may be, the last that of api._away", keys)
	}
	i.Addresses["shop_back"] = netip.MustParseAddr("10.2.0.3")
	moved, _, err := slot.held(port, i, "")
	if err != nil || sameItems(items, moved) || !sameKeys(items, moved) {
		t.Errorf("at another address in one network it holds %s, %v", moved, err)
	}
}
