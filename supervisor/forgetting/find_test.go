package forgetting

import (
	"fmt"
	"strings"
	"testing"

	"rundock/internal/registry"
)

// site is what the store has of three hosts and of nobody; a key that ends in ! is under a
// lease.
const site = `
/skydns/com/example/s/web/node-1!             {"host":"10.0.0.1","port":80,"id":"m1/web"}
/skydns/com/example/s/web/node-2!             {"host":"10.0.0.2","port":80,"id":"m2/web"}
/skydns/com/example/s/shop/node-2-blue!       {"host":"10.0.0.2","port":80,"colour":"blue","id":"m2/shop/blue"}
/skydns/com/example/s/web/_tcp/_admin/node-2! {"host":"10.0.0.2","port":81,"id":"m2/web"}
/skydns/com/example/s/old/node-2              {"host":"10.0.0.2","port":80}
/rundock/v1/loadbalancers/node-2              {"id":"m2/balance","services":["web"]}
/rundock/v1/loadbalancers/node-3              {"id":"m3/balance","services":["web"]}
/rundock/v1/switch/web                        {"active":"blue"}
/rundock/v1/switch/web/acks/node-2!           {"id":"m2/balance/web","reached":"serving"}
/rundock/v1/switch/web/lock!                  {"id":"77","host":"node-2","who":"ada"}
/rundock/v1/switch/web/history/2026           {"host":"node-2"}
/rundock/v1/overlay/apps/config               {"name":"apps","by":"node-2"}
/rundock/v1/overlay/apps/subnets/10.42.2.0-24 {"id":"m2","host":"node-2","subnet":"10.42.2.0/24"}
/rundock/v1/overlay/apps/subnets/10.42.3.0-24 nonsense
/rundock/v1/overlay/apps/alive/m2!            {"id":"m2","host":"node-2"}
/rundock/v1/drain!                            {"id":"node-2/m2"}
`

func TestRemnantsOf(t *testing.T) {
	var keys []registry.Listed
	for line := range strings.Lines(strings.TrimSpace(site)) {
		fields := strings.Fields(line)
		key, leased := strings.CutSuffix(fields[0], "!")
		k := registry.Listed{Key: key, Value: []byte(strings.Join(fields[1:], " "))}
		if leased {
			k.Lease = "7"
		}
		keys = append(keys, k)
	}
	all := []string{
		"record node-2.web.s.example.com!", "record node-2-blue.shop.s.example.com!", "record node-2._admin._tcp.web.s.example.com!",
		"place among the load balancers", "word of its load balancer on web!", "lock of the switch of web!", "subnet 10.42.2.0/24 of network apps",
		"sign of life in network apps!", "turn to be drained!",
	}
	withoutLock := append(append([]string{}, all[:5]...), all[6:]...)
	for host, want := range map[string][]string{
		"node-2": all, "m2": withoutLock, // of the lock the machine is not known
		"node-1": {"record node-1.web.s.example.com!"}, "node-3": {"place among the load balancers"}, "node": nil, "": nil,
	} {
		found, known := remnantsOf(host, keys)
		var got []string
		for _, r := range found {
			what := r.what
			if len(held([]remnant{r})) > 0 {
				what += "!"
			}
			got = append(got, what)
		}
		if fmt.Sprintf("%q", got) != fmt.Sprintf("%q", want) {
			t.Errorf("of %q: %q, want %q", host, got, want)
		}
		if fmt.Sprint(known) != "[node-1 node-2 node-3]" {
			t.Errorf("hosts = %q", known)
		}
	}
}

func TestOther(t *testing.T) {
	for name, want := range map[string]string{"node-2": "node-2", "Node-2": "node-2", "M2": "m2", "node-1": "", "NODE-1": "", "m1": "", "M1": ""} {
		if got, err := other(name, "node-1", "m1"); got != want || (err == nil) != (want != "") {
			t.Errorf("%s on node-1: %q, %v, want %q", name, got, err, want)
		}
	}
}

func TestWords(t *testing.T) {
	one := remnant{what: "a"}
	if got := words([]remnant{one, one, one, one, one}); got != "a, a, a, 2 more" {
		t.Errorf("words = %q", got)
	}
}
