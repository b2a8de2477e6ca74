package overlay

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
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
			f := filterOf(apps, tt.forward, tt.user, tt.raw)
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

func TestPassing_is_what_dockerd_puts_back_itself(t *testing.T) {
	rules := FilterRules(apps)
	way := addRule{rules[1]}
	for _, tt := range []struct {
		ops []Op
		is  bool
	}{
		{nil, false},
		{[]Op{way}, true},
		{[]Op{addRule{rules[0]}, way}, true},
		{[]Op{way, addRule{rules[2]}}, false},
		{[]Op{deleteRule(way)}, false},
		{[]Op{way, setUp{"ovl7"}}, false},
	} {
		if got := Passing(tt.ops); got != tt.is {
			t.Errorf("Passing(%v) = %v, want %v", tt.ops, got, tt.is)
		}
	}
}

// dockerRules is what dockerd 20.10 makes of table filter for networks over
// the two bridges. (Seen with Debian 12's docker.io.)
const dockerRules = `iptables -w 5 -P FORWARD DROP
for c in DOCKER DOCKER-ISOLATION-STAGE-1 DOCKER-ISOLATION-STAGE-2 DOCKER-USER; do iptables -w 5 -N $c; done
iptables -w 5 -A DOCKER-USER -j RETURN
iptables -w 5 -A FORWARD -j DOCKER-USER
iptables -w 5 -A FORWARD -j DOCKER-ISOLATION-STAGE-1
for b in ovl7 ovl8; do
	iptables -w 5 -A FORWARD -o $b -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
	iptables -w 5 -A FORWARD -o $b -j DOCKER
	iptables -w 5 -A FORWARD -i $b ! -o $b -j ACCEPT
	iptables -w 5 -A FORWARD -i $b -o $b -j ACCEPT
	iptables -w 5 -A DOCKER-ISOLATION-STAGE-1 -i $b ! -o $b -j DOCKER-ISOLATION-STAGE-2
	iptables -w 5 -A DOCKER-ISOLATION-STAGE-2 -o $b -j DROP
done
iptables -w 5 -A DOCKER-ISOLATION-STAGE-1 -j RETURN
iptables -w 5 -A DOCKER-ISOLATION-STAGE-2 -j RETURN`

// Networks work, and stay apart, whatever is flushed beneath Docker, with
// either of iptables' back ends.
func TestFlush_of_the_firewall_is_survived(t *testing.T) {
	for _, backend := range []string{"nft", "legacy"} {
		t.Run("iptables of "+backend, func(t *testing.T) {
			useIptables(t, backend)
			c := newCluster(t, 2, false, apps, data)
			one, two := c.hosts[0], c.hosts[1]
			a1, a2, d1, d2 := one.container(apps, 10), two.container(apps, 10), one.container(data, 10), two.container(data, 10)
			beside := one.container(apps, 11)
			for _, h := range c.hosts {
				h.Sh(dockerRules)
				h.audit()
			}
			check := func(t *testing.T) {
				t.Helper()
				reaches(t, a1.Namespace, a2.Namespace, a2.address, a1.address)
				reaches(t, a2.Namespace, a1.Namespace, a1.address, a2.address)
				reaches(t, d1.Namespace, d2.Namespace, d2.address, d1.address)
				reaches(t, d2.Namespace, d1.Namespace, d1.address, d2.address)
				reaches(t, beside.Namespace, a1.Namespace, a1.address, beside.address)
				reaches(t, a1.Namespace, two.Namespace, underlay(2), underlay(1))
				reaches(t, two.Namespace, a1.Namespace, a1.address, apps.Subnet(2).Addr())
				var wg sync.WaitGroup
				for from, to := range map[*container][]*container{a1: {d1, d2}, d1: {a1, a2}, d2: {a1}} {
					wg.Go(func() {
						for _, to := range to {
							apart(t, from.Namespace, to.Namespace, to.address)
						}
					})
				}
				wg.Wait()
			}
			check(t)
			for _, script := range []string{
				"iptables -w 5 -F",
				// As a dockerd leaves it that starts over running containers (live-restore).
				"iptables -w 5 -F; iptables -w 5 -t nat -F; iptables -w 5 -X; for c in DOCKER DOCKER-ISOLATION-STAGE-1; do iptables -w 5 -N $c; done; iptables -w 5 -A FORWARD -j DOCKER-ISOLATION-STAGE-1",
				// As a dockerd of 28 drops from its start over them.
				"iptables -w 5 -t raw -F; iptables -w 5 -t raw -A PREROUTING -d " + a1.address.String() + " ! -i ovl7 -j DROP",
				"iptables -w 5 -D FORWARD -j DOCKER-USER",
				"iptables -w 5 -F DOCKER-USER; iptables -w 5 -A DOCKER-USER -j RETURN; iptables -w 5 -A DOCKER-USER -i vx7 -o ovl7 -j ACCEPT",
				"nft flush ruleset; iptables -w 5 -P FORWARD DROP",
			} {
				t.Run(script, func(t *testing.T) {
					one.Sh(script)
					if len(one.plan(apps)) == 0 {
						t.Error("the audit sees nothing")
					}
					one.audit()
					check(t)
				})
			}
			for _, n := range c.networks {
				have := one.want(n)
				var err error
				one.Do(func() { err = one.kernel.Apply(Plan(have, Nothing(n))) })
				if err != nil {
					t.Error(err)
				}
			}
			if out := one.Sh("iptables -w 5 -S; iptables -w 5 -t raw -S | grep -v DROP"); strings.Contains(out, "ovl7") || strings.Contains(out, "vx8") {
				t.Errorf("after both networks are left there is\n%s", out)
			}
		})
	}
}

// useIptables makes iptables a back end's for the time of the test.
func useIptables(t *testing.T, backend string) {
	t.Helper()
	tool(t, "nft")
	tool(t, "iptables-"+backend)
	real, err := exec.LookPath("iptables-" + backend)
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	if err := os.Symlink(real, filepath.Join(dir, "iptables")); err != nil {
		t.Fatal(err)
	}
	t.Setenv("PATH", dir+":"+os.Getenv("PATH"))
}
