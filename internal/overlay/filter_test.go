package overlay

import (
	"fmt"
	"strings"
	"testing"
)

// What iptables prints is what becomes of it.
func TestFilter_is_what_iptables_prints(t *testing.T) {
	wanted := FilterRules(apps)
	const docker = "-P FORWARD DROP\n-A FORWARD -j DOCKER-USER\n-A FORWARD -j DOCKER-ISOLATION-STAGE-1\n"
	const user, ret = "-N DOCKER-USER\n", "-A DOCKER-USER -j RETURN\n"
	const accept, raw, drop = "-P PREROUTING ACCEPT\n", "-A PREROUTING -d 10.42.0.0/16 -i vx7 -j ACCEPT\n", "-A PREROUTING -d 10.42.3.2/32 ! -i ovl7 -j DROP\n"
	tests := []struct {
		name          string
		forward, user string
		raw           string
		want          string // the indexes of wanted
		open          bool
	}{
		{"no Docker", "-P FORWARD ACCEPT\n", "", accept, "", true},
		{"no Docker, and a firewall that drops", "-P FORWARD DROP\n", "", accept, "", false},
		{"Docker before any network", docker, user + ret, accept, "01", false},
		{"Docker whose policy is to accept", "-P FORWARD ACCEPT\n-A FORWARD -j DOCKER-USER\n", user, accept, "01", false},
		{"all", docker + strings.Join(wanted[4:7], "\n"), user + strings.Join(wanted[2:4], "\n") + "\n" + ret, accept + raw + drop, "01234567", false},
		{"ours behind Docker's return", docker, user + ret + strings.Join(wanted[2:4], "\n"), accept, "01", false},
		{"a chain that nothing leads to", "-P FORWARD DROP\n", user + strings.Join(wanted[2:4], "\n"), accept, "023", false},
		{"another network's", docker, user + "-A DOCKER-USER -i vx77 -o ovl77 -j ACCEPT\n", accept + strings.ReplaceAll(raw+drop, "7", "77"), "01", false},
		{"Docker 28 that drops, after a flush of its filter", "-P FORWARD ACCEPT\n", "", accept + drop, "", false},
		{"ours behind what Docker 28 drops", docker, user + ret, accept + drop + raw, "01", false},
		{"a kernel without table raw", docker, user + ret, "", "017", false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			f := ParseFilter(apps, tt.forward, tt.user, tt.raw)
			got := ""
			for i, rule := range wanted {
				for _, found := range f.Rules {
					if found == rule {
						got += fmt.Sprint(i)
					}
				}
			}
			if got != tt.want || f.Open != tt.open {
				t.Errorf("filterOf has rules %q, open %v; want %q, %v", got, f.Open, tt.want, tt.open)
			}
		})
	}
}

func TestFilter_names_a_rule_of_others_that_drops_before_ours(t *testing.T) {
	wanted := FilterRules(apps)
	const way = "-A FORWARD -j DOCKER-USER\n"
	ours := "-N DOCKER-USER\n" + strings.Join(wanted[2:4], "\n") + "\n"
	for _, tt := range []struct{ forward, user, drops string }{
		{"-P FORWARD DROP\n" + way, ours, ""},
		{way + "-A FORWARD -j DROP\n", ours, ""},
		{"-P FORWARD DROP\n-A FORWARD -j DROP\n" + way, ours, "-A FORWARD -j DROP"},
		{"-A FORWARD -j REJECT --reject-with icmp-port-unreachable\n" + way, ours, "-A FORWARD -j REJECT --reject-with icmp-port-unreachable"},
		{"-A FORWARD -i vx7 -j DROP\n" + way, ours, "-A FORWARD -i vx7 -j DROP"},
		{"-A FORWARD -i vx+ -o ovl7 -j DROP\n" + way, ours, "-A FORWARD -i vx+ -o ovl7 -j DROP"},
		{"-A FORWARD -d 10.0.0.0/8 -j DROP\n" + way, ours, "-A FORWARD -d 10.0.0.0/8 -j DROP"},
		{way, "-N DOCKER-USER\n-A DOCKER-USER -o vx7 -j DROP\n" + ours, "-A DOCKER-USER -o vx7 -j DROP"},
		{way, ours + "-A DOCKER-USER -j DROP\n", ""},
		{"-A FORWARD -i eth1 -j DROP\n" + way, ours, ""},
		{"-A FORWARD -i vx77 -j DROP\n" + way, ours, ""},
		{"-A FORWARD -s 10.42.3.7/32 -j DROP\n" + way, ours, ""},
		{"-A FORWARD ! -i vx7 -j DROP\n" + way, ours, ""},
		{"-A FORWARD -p tcp -m tcp --dport 25 -j DROP\n" + way, ours, ""},
		{"-A FORWARD -m conntrack --ctstate INVALID -j DROP\n" + way, ours, ""},
		{"-A FORWARD -j ufw-before-forward\n" + way, ours, ""},
	} {
		if got := ParseFilter(apps, tt.forward, tt.user, "").Drops; got != tt.drops {
			t.Errorf("of\n%s%s the first to drop is %q, want %q", tt.forward, tt.user, got, tt.drops)
		}
	}
	want := Fault{
		What: "iptables' rule -A FORWARD -j DROP drops what hosts and containers of network apps send to each other, before the network's own rules let it in",
		Next: "iptables -D FORWARD -j DROP, and see which program made it",
	}
	if got := DropFault(apps, "-A FORWARD -j DROP"); got != want {
		t.Errorf("DropFault = %q, want %q", got, want)
	}
}

func TestPassing_is_what_dockerd_puts_back_itself(t *testing.T) {
	rules := FilterRules(apps)
	way := AddRule{rules[1]}
	for _, tt := range []struct {
		ops []Op
		is  bool
	}{
		{nil, false},
		{[]Op{way}, true},
		{[]Op{AddRule{rules[0]}, way}, true},
		{[]Op{way, AddRule{rules[2]}}, false},
		{[]Op{DeleteRule(way)}, false},
		{[]Op{way, SetUp{"ovl7"}}, false},
	} {
		if got := Transient(tt.ops); got != tt.is {
			t.Errorf("Passing(%v) = %v, want %v", tt.ops, got, tt.is)
		}
	}
}
