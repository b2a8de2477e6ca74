package balancer

import (
	"fmt"
	"net/netip"
	"strings"
	"testing"
	"time"

	"rundock/internal/cutover"
	"rundock/internal/haproxy"
	"rundock/internal/skydns"
)

// addresses reads "1 2" as 10.0.0.1:80 10.0.0.2:80.
func addresses(text string) (all []netip.AddrPort) {
	for _, n := range strings.Fields(text) {
		all = append(all, netip.MustParseAddrPort("10.0.0."+n+":80"))
	}
	return all
}

// servers reads "1 UP, 2 DRAIN 1/3" as the slots of a backend.
func servers(text string) (b haproxy.Servers) {
	for part := range strings.SplitSeq(text, ", ") {
		if n, status, ok := strings.Cut(part, " "); ok {
			b.Slots = append(b.Slots, haproxy.Slot{Addr: addresses(n)[0], Status: status})
		}
	}
	return b
}

// usual is a service whose blue instances 1 and 2 have the traffic.
func usual() situation {
	one := 1
	return situation{
		service: haproxy.Service{Name: "shop", Slots: 4, Floor: &one}, known: true, seen: true, route: haproxy.Route{Backend: "shop-blue"},
		news: serviceNews{
			view:    cutover.View{State: &cutover.State{Active: "blue", To: "blue", Phase: cutover.Settled, Attempt: "a"}},
			records: map[string][]netip.AddrPort{"blue": addresses("1 2")},
		},
		have: map[string]haproxy.Servers{"blue": servers("1 UP, 2 UP")},
	}
}

// phase puts a situation into a phase of an attempt to go to green.
func (s *situation) phase(p cutover.Phase, change ...func(*cutover.State)) {
	state := *s.news.view.State
	state.Phase, state.To = p, "green"
	for _, c := range change {
		c(&state)
	}
	s.news.view.State = &state
	s.news.records["green"] = addresses("3 4")
}

func TestDecide(t *testing.T) {
	for name, c := range map[string]struct {
		change func(*situation)
		want   string // blue/green instances; route; what is acknowledged: reason
	}{
		"nothing is under way": {func(s *situation) {}, "1 2/; shop-blue; serving blue:"},
		"an instance is new":   {func(s *situation) { s.news.records["blue"] = addresses("1 2 3") }, "1 2 3/; shop-blue; serving blue:"},
		"one leaves":           {func(s *situation) { s.news.records["blue"] = addresses("1") }, "1/; shop-blue; serving blue:"},
		"the store has none":   {func(s *situation) { s.news.records["blue"] = nil }, "1 2/; shop-blue; serving blue:"},
		"one takes the place of all": {
			func(s *situation) { s.news.records["blue"] = addresses("5") }, "5/; shop-blue; serving blue:"},
		"a floor of 0": {
			func(s *situation) { s.service.Floor = new(int); s.news.records["blue"] = nil }, "/; shop-blue; serving blue:"},
		"a floor of 2": {
			func(s *situation) { two := 2; s.service.Floor, s.news.records["blue"] = &two, addresses("5") }, "5 1 2/; shop-blue; serving blue:"},
		"the store came back": {
			func(s *situation) { s.refilling, s.news.records["blue"] = true, addresses("1") }, "1 2/; shop-blue; serving blue:"},
		"the store has not answered yet": {
			func(s *situation) {
				s.known, s.news = false, serviceNews{}
				s.have["blue"] = servers("1 UP, 2 MAINT, 3 DRAIN")
			}, "1 2/; shop-blue; serving blue:"},
		"a colour without traffic is followed down to nothing": {
			func(s *situation) { s.have["green"] = servers("3 UP") }, "1 2/; shop-blue; serving blue:"},
		"HAProxy does not answer": {
			func(s *situation) { s.seen, s.have = false, nil; s.phase(cutover.Flip) }, "1 2/3 4; shop-blue; serving : HAProxy does not answer"},

		"no colour": {
			func(s *situation) { s.news.view.State, s.route.Backend = nil, "shop" }, "1 2/; shop; serving :"},
		"the first colour has no server yet": {
			func(s *situation) {
				s.route.Backend = "shop"
				s.have[""], s.have["blue"] = servers("9 UP"), servers("1 DRAIN")
			},
			"1 2/; shop; serving : shop-blue has no server that is up, so shop keeps the traffic"},
		"it has one": {
			func(s *situation) { s.route.Backend = "shop"; s.have[""] = servers("9 UP") }, "1 2/; shop-blue; serving :"},
		"HAProxy serves the other colour, as it missed a switch": {
			func(s *situation) { s.route.Backend = "shop-green"; s.have["green"] = servers("3 UP") }, "1 2/3; shop-blue; serving green:"},

		"prepare: no slot yet": {
			func(s *situation) { s.phase(cutover.Prepare) },
			"1 2/3 4; shop-blue; serving blue: 0 of 2 servers of green are up: 10.0.0.3:80 has no slot yet, 10.0.0.4:80 has no slot yet"},
		"prepare: not checked yet": {
			func(s *situation) { s.phase(cutover.Prepare); s.have["green"] = servers("3 UP, 4 UP 1/3") },
			"1 2/3 4; shop-blue; serving blue: 1 of 2 servers of green are up: 10.0.0.4:80 UP 1/3"},
		"prepare: all are up": {
			func(s *situation) { s.phase(cutover.Prepare); s.have["green"] = servers("3 UP, 4 UP") }, "1 2/3 4; shop-blue; prepared blue:"},
		"prepare: enough are up": {
			func(s *situation) {
				s.phase(cutover.Prepare, func(c *cutover.State) { c.MinHealthy = 1 })
				s.have["green"] = servers("3 UP, 4 DOWN")
			},
			"1 2/3 4; shop-blue; prepared blue:"},
		"prepare: more than there can be": {
			func(s *situation) { s.phase(cutover.Prepare, func(c *cutover.State) { c.MinHealthy = 5 }) },
			"1 2/3 4; shop-blue; failed blue: 5 servers of green are wanted, and service shop has 4 slots"},
		"prepare: without record": {
			func(s *situation) { s.phase(cutover.Prepare); s.news.records["green"] = nil },
			"1 2/; shop-blue; serving blue: 0 of 1 servers of green are up: none has a record"},

		"canary: to be given": {
			func(s *situation) {
				s.phase(cutover.Canary, func(c *cutover.State) { c.CanaryPercent = 5 })
				s.have["green"] = servers("3 UP, 4 UP")
			},
			"1 2/3 4; shop-blue shop-green 500; prepared blue:"},
		"canary: given": {
			func(s *situation) {
				s.phase(cutover.Canary, func(c *cutover.State) { c.CanaryPercent = 5 })
				s.have["green"], s.route.Canary, s.route.Share = servers("3 UP, 4 UP"), "shop-green", 500
			},
			"1 2/3 4; shop-blue shop-green 500; canary blue:"},
		"canary: taken back": {
			func(s *situation) { s.phase(cutover.Back); s.route.Canary, s.route.Share = "shop-green", 500 },
			"1 2/3 4; shop-blue; canary blue:"},

		"flip: to be done": {
			func(s *situation) { s.phase(cutover.Flip); s.have["green"] = servers("3 UP, 4 UP") }, "1 2/3 4; shop-green; prepared blue:"},
		"flip: its servers went down": {
			func(s *situation) { s.phase(cutover.Flip); s.have["green"] = servers("3 DOWN, 4 UP 2/3") },
			"1 2/3 4; shop-blue; prepared blue: shop-green has no server that is up, so shop-blue keeps the traffic"},
		"flip: sessions are left": {flipped(2, 0, false, false), "1 2/3 4; shop-green; flipped green: shop-blue has 2 sessions left"},
		"flip: they last too long": {
			flipped(2, time.Minute, false, false), "1 2/3 4; shop-green; flipped green: shop-blue has 2 sessions left; shut down shop-blue"},
		"flip: none is left":          {flipped(0, 0, false, false), "1 2/3 4; shop-green; flipped green:; empty"},
		"flip: still none":            {flipped(0, 0, true, false), "1 2/3 4; shop-green; drained green:; empty"},
		"flip: but in an old process": {flipped(0, 0, true, true), "1 2/3 4; shop-green; flipped green: HAProxy processes of before the last reload have connections left"},
		"back: to be done": {
			func(s *situation) {
				flipped(0, 0, true, false)(s)
				s.phase(cutover.Back)
			},
			"1 2/3 4; shop-blue; serving green:"},
		"back: from nothing but blue that is down": {
			func(s *situation) {
				flipped(0, 0, true, false)(s)
				s.phase(cutover.Back)
				s.have["blue"] = servers("1 DOWN, 2 DOWN")
			},
			"1 2/3 4; shop-green; serving green: shop-blue has no server that is up, so shop-green keeps the traffic"},
	} {
		s := usual()
		c.change(&s)
		d := decide(s)
		var all [2]string
		for i, colour := range []string{"blue", "green"} {
			for _, a := range d.want[colour] {
				all[i] += " " + a.Addr().String()[len("10.0.0."):]
			}
		}
		route := d.route.Backend
		if d.route.Share > 0 {
			route += fmt.Sprintf(" %s %d", d.route.Canary, d.route.Share)
		}
		got := fmt.Sprintf("%s/%s; %s; %s %s: %s", strings.TrimSpace(all[0]), strings.TrimSpace(all[1]), route, d.ack.Reached, d.ack.Colour, d.ack.Reason)
		got = strings.TrimSuffix(got, " ")
		if d.shutDown != "" {
			got += "; shut down " + d.shutDown
		}
		if d.empty {
			got += "; empty"
		}
		if got != c.want {
			t.Errorf("%s:\n got %s\nwant %s", name, got, c.want)
		}
	}
}

// flipped is the phase flip after the map has said green for a while.
func flipped(sessions int, since time.Duration, empty, elder bool) func(*situation) {
	return func(s *situation) {
		s.phase(cutover.Flip, func(c *cutover.State) { c.Drain = 30 })
		blue := servers("1 UP, 2 UP")
		blue.Sessions = sessions
		s.have["blue"], s.have["green"] = blue, servers("3 UP, 4 UP")
		s.route.Backend, s.flipped, s.empty, s.elder = "shop-green", since, empty, elder
	}
}

func TestInstances(t *testing.T) {
	records := map[string]skydns.Record{}
	var keys []string
	for _, r := range []struct {
		key string
		skydns.Record
	}{
		{"shop-2/x", skydns.Record{Host: "10.0.0.9", Port: 80}},
		{"shop/_tcp/_admin/a-blue", skydns.Record{Host: "10.0.0.1", Port: 81, Colour: "blue"}},
		{"shop/a-blue", skydns.Record{Host: "10.0.0.2", Port: 80, Colour: "blue"}},
		{"shop/a-red", skydns.Record{Host: "10.0.0.3", Port: 80, Colour: "red"}},
		{"shop/b-blue", skydns.Record{Host: "10.0.0.1", Port: 80, Colour: "blue"}},
		{"shop/c", skydns.Record{Host: "10.0.0.4", Port: 80}},
		{"shop/d", skydns.Record{Host: "10.0.0.4", Port: 80}},
		{"shop/e", skydns.Record{Host: "example.com", Port: 80}},
	} {
		keys = append(keys, "/skydns/z/"+r.key)
		records["/skydns/z/"+r.key] = r.Record
	}
	for port, want := range map[string]string{
		"":      `map[:[10.0.0.4:80] blue:[10.0.0.1:80 10.0.0.2:80]] ["/skydns/z/shop/a-red: colour \"red\" is neither blue nor green" "/skydns/z/shop/e: host \"example.com\" and port 80 are no address that HAProxy could be given"]`,
		"admin": "map[blue:[10.0.0.1:81]] []",
		"other": "map[] []",
	} {
		all, faults := instances(haproxy.Service{Name: "shop", Port: port}, "/skydns/z/", keys, records)
		if got := fmt.Sprintf("%v %q", all, faults); got != want {
			t.Errorf("port %q:\n got %s\nwant %s", port, got, want)
		}
	}
}
