package place

import (
	"fmt"
	"strings"
	"testing"

	"rundock/internal/stack"
)

// taken is a placement's ports: web.1=a:8000 web.2=a:8001+b:8001, the last with a standby.
func taken(p Placement) string {
	var all []string
	for _, s := range p.Slots {
		text := fmt.Sprintf("%s=%s:%s", s.Slot, s.Host, strings.Trim(fmt.Sprint(s.Ports), "[]"))
		if s.Standby != "" {
			text += fmt.Sprintf("+%s:%s", s.Standby, strings.Trim(fmt.Sprint(s.StandbyPorts), "[]"))
		}
		all = append(all, text)
	}
	for _, r := range p.Refused {
		all = append(all, r.String())
	}
	return strings.Join(all, " ")
}

func TestPlan_gives_each_slot_a_port_of_its_range(t *testing.T) {
	for _, c := range []struct{ claim, hosts, services, want string }{
		{"the first instance has the first", "a", "web x3 8000-8002:80", "web.1=a:8000 web.2=a:8001 web.3=a:8002"},
		{"so on whichever hosts they are", "a\nb", "web x2 8000-8002:80 max:1", "web.1=a:8000 web.2=b:8001"},
		{"it is counted anew where there are more instances", "a\nb", "web x4 8000-8001:80", "web.1=a:8000 web.2=b:8001 web.3=b:8000 web.4=a:8001"},
		{"others have it", "a port:8000", "web x2 8000-8002:80", "web.1=a:8001 web.2=a:8002"},
		{"on another address", "a port:10.0.0.1:8000:80", "web 10.0.0.2:8000-8002:80", "web.1=a:8000"},
		{"a service has no choice of it, though it is placed later", "a", "api mem=1M 8000-8002:80\nweb 8000:80", "api.1=a:8001 web.1=a:"},
		{"unless none else is free", "a\nb", "api 8000-8001:80\nlog 8000:80\nweb 8001:80", "api.1=b:8000 log.1=a: web.1=a:"},
		{"two services with one range", "a", "api x2 8000-8003:80\nweb x2 8000-8003:80", "api.1=a:8000 api.2=a:8001 web.1=a:8002 web.2=a:8003"},
		{"two ranges of a service, and a port within them", "a", "web 8000-8002:80 8000-8002:81 8000:82", "web.1=a:8001 8002"},
		{"another protocol", "a", "web 8000-8001:80 8000-8001:80/udp", "web.1=a:8000 8000"},
		{"a pod", "a", "web 8000-8001:80\nlog 8000-8001:80 from:web", "log.1=a:8000 web.1=a:8001"},
		{"all are taken", "a port:8000 port:8001", "web 8000-8001:80", "web.1 refused: port 8000-8001 taken on 1 host"},
		{"a standby has one of its own host", "a port:8000\nb", "web 8000-8001:80 reschedule constraint:node==~a", "web.1=a:8001+b:8000"},
	} {
		t.Run(c.claim, func(t *testing.T) {
			s, hosts := file(t, c.services), site(t, c.hosts)
			p := mustPlan(t, s, hosts, nil, Options{})
			if got := taken(p); !strings.HasSuffix(got, c.want) {
				t.Errorf("ports = %s, want %s", got, c.want)
			}
			if got := taken(again(t, s, hosts, p, Options{})); len(p.Refused) == 0 && got != c.want {
				t.Errorf("again, ports = %s, want %s", got, c.want)
			}
		})
	}
}

func TestPlan_keeps_the_port_of_what_stays(t *testing.T) {
	for _, c := range []struct{ claim, hosts, before, beforeServices, services, want string }{
		{"also where its own is free again", "a", "a port:8000", "web x2 8000-8003:80", "web x2 8000-8003:80", "web.1=a:8001 web.2=a:8002"},
		{"beside new ones, whose port it has", "a", "a port:8000", "web 8000-8003:80", "web x2 8000-8003:80", "web.1=a:8001 web.2=a:8002"},
		{"in another range that has it", "a", "a", "web x3 8000-8002:80", "web x3 8001-8004:80", "web.1=a:8003 web.2=a:8001 web.3=a:8002"},
		{"beside another range", "a", "a", "web x2 8000-8002:80", "web x2 9000-9001:81 8000-8002:80", "web.1=a:9000 8000 web.2=a:9001 8001"},
		{"what leaves gives its port last", "a", "a", "web 8000-8003:80\napi 8000-8003:80", "web 8000-8003:80\nlog 8000-8003:80", "log.1=a:8002 web.1=a:8001"},
		{"not where others have it now", "a port:8000", "a", "web 8000-8003:80", "web 8000-8003:80", "web.1=a:8001"},
		{"while its host is away", "a unreachable\nb", "a\nb drained", "web x2 8001-8003:80", "web x2 8001-8003:80", "web.1=a:8001 web.2=a:8002"},
		{"while its data waits", "a drained\nb", "a\nb drained", "web 8001-8003:80 volume:data", "web 8001-8003:80 volume:data", "web.1=a:8001"},
		{"as its standby had it", "a drained\nb", "a\nb port:8000", "web 8000-8003:80 reschedule constraint:node==~a", "web 8000-8003:80 reschedule constraint:node==~a", "web.1=b:8001"},
	} {
		t.Run(c.claim, func(t *testing.T) {
			p := mustPlan(t, file(t, c.beforeServices), site(t, c.before), nil, Options{})
			p = mustPlan(t, file(t, c.services), site(t, c.hosts), p.Places(), Options{})
			if got := taken(p); got != c.want {
				t.Errorf("ports = %s, want %s", got, c.want)
			}
		})
	}
}

// What a search puts back has the ports that it had.
func TestPlan_takes_back_moves_with_their_ports(t *testing.T) {
	s := file(t, "web x2 8000-8003:80 mem=1G\nbig mem=3G")
	hosts := site(t, "a mem=2G\nb mem=2G")
	p := mustPlan(t, s, hosts, map[stack.Slot]stack.Place{
		{Service: "web", Number: 1}: {Host: "a", Ports: []int{8003}},
		{Service: "web", Number: 2}: {Host: "a", Ports: []int{8000}},
	}, Options{})
	if got, want := taken(p), "web.1=a:8003 web.2=a:8000 big.1 refused: memory on 2 hosts"; got != want {
		t.Errorf("ports = %s, want %s", got, want)
	}
}
