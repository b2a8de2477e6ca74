package overlayagent

import (
	"bytes"
	"net/netip"
	"strings"
	"testing"

	"rundock/internal/overlay/roster"
)

func TestLogPeers_has_a_line_for_each_host_that_comes_and_goes(t *testing.T) {
	var log bytes.Buffer
	a := learner(t, &log)
	subnet := func(i int) netip.Prefix { return node(i).Subnet }
	with := func(numbers ...int) map[netip.Prefix]*roster.Member {
		peers := map[netip.Prefix]*roster.Member{}
		for _, i := range numbers {
			peers[subnet(i)] = node(i)
		}
		return peers
	}
	without := func(numbers ...int) map[netip.Prefix]*roster.Member {
		peers := map[netip.Prefix]*roster.Member{}
		for _, i := range numbers {
			peers[subnet(i)] = nil
		}
		return peers
	}
	moved, successor, renamed := node(3), node(9), node(4)
	moved.Underlay = netip.MustParseAddr("192.0.2.103")
	successor.Subnet = subnet(1)
	renamed.Host = "node-four"
	for _, step := range []struct {
		name string
		told []roster.View
		want string
	}{
		{"nothing yet", nil, ""},
		{"the complete list", []roster.View{{Complete: true, Peers: with(1, 2)}}, `msg="the other hosts of the network are known" peers=2`},
		{"one comes", []roster.View{{Peers: with(3)}}, `msg="another host is in the network now" host=node-3 subnet=10.42.3.0/24 underlay=192.0.2.13`},
		{"one goes and one comes", []roster.View{{Peers: without(2)}, {Peers: with(4)}}, `msg="another host is not in the network any more" host=node-2 subnet=10.42.2.0/24 underlay=192.0.2.12
msg="another host is in the network now" host=node-4 subnet=10.42.4.0/24 underlay=192.0.2.14`},
		{"one goes and is back at once", []roster.View{{Peers: without(3)}, {Peers: with(3)}}, ""},
		{"one comes and is gone at once", []roster.View{{Peers: with(5)}, {Peers: without(5)}}, ""},
		{"one has another address", []roster.View{{Peers: map[netip.Prefix]*roster.Member{subnet(3): moved}}},
			`msg="another host is reached elsewhere" host=node-3 subnet=10.42.3.0/24 underlay=192.0.2.103 was=192.0.2.13`},
		{"one takes another's subnet", []roster.View{{Peers: map[netip.Prefix]*roster.Member{subnet(1): successor}}},
			`msg="a subnet is another host's now" host=node-9 subnet=10.42.1.0/24 underlay=192.0.2.19 was=node-1`},
		{"one has another name", []roster.View{{Peers: map[netip.Prefix]*roster.Member{subnet(4): renamed}}}, ""},
		{"many come, and one goes", []roster.View{{Peers: with(11, 12, 13)}, {Peers: with(14, 15)}, {Peers: without(3)}},
			`msg="many other hosts came or went" came=5 gone=1 changed=0 first=node-3 peers=7`},
		{"a list anew", []roster.View{{Peers: without(11)}, {Complete: true, Peers: with(1)}}, `msg="the other hosts of the network are known" peers=1`},
	} {
		t.Run(step.name, func(t *testing.T) {
			for _, v := range step.told {
				a.learn(v)
			}
			log.Reset()
			a.logPeers()
			if got := strings.TrimSpace(log.String()); got != step.want {
				t.Errorf("the log says\n%s\nwant\n%s", got, step.want)
			}
		})
	}
}
