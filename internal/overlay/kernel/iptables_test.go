package kernel_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"rundock/internal/overlay"
	"rundock/internal/overlay/overlaytest"
)

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
			c := overlaytest.NewCluster(t, 2, false, overlaytest.Apps, data)
			one, two := c.Hosts[0], c.Hosts[1]
			a1, a2, d1, d2 := one.Container(overlaytest.Apps, 10), two.Container(overlaytest.Apps, 10), one.Container(data, 10), two.Container(data, 10)
			beside := one.Container(overlaytest.Apps, 11)
			for _, h := range c.Hosts {
				h.Sh(dockerRules)
				h.Audit()
			}
			check := func(t *testing.T) {
				t.Helper()
				overlaytest.Reaches(t, a1.Namespace, a2.Namespace, a2.Address, a1.Address)
				overlaytest.Reaches(t, a2.Namespace, a1.Namespace, a1.Address, a2.Address)
				overlaytest.Reaches(t, d1.Namespace, d2.Namespace, d2.Address, d1.Address)
				overlaytest.Reaches(t, d2.Namespace, d1.Namespace, d1.Address, d2.Address)
				overlaytest.Reaches(t, beside.Namespace, a1.Namespace, a1.Address, beside.Address)
				overlaytest.Reaches(t, a1.Namespace, two.Namespace, overlaytest.Underlay(2), overlaytest.Underlay(1))
				overlaytest.Reaches(t, two.Namespace, a1.Namespace, a1.Address, overlaytest.Apps.Subnet(2).Addr())
				var wg sync.WaitGroup
				for from, to := range map[*overlaytest.Container][]*overlaytest.Container{a1: {d1, d2}, d1: {a1, a2}, d2: {a1}} {
					wg.Go(func() {
						for _, to := range to {
							overlaytest.Apart(t, from.Namespace, to.Namespace, to.Address)
						}
					})
				}
				wg.Wait()
			}
			check(t)
			dropping := func() (found []overlay.Fault) {
				var err error
				one.Do(func() {
					_, found, err = one.Keepers["apps"].Check(overlaytest.Apps.Subnet(1), one.Want(overlaytest.Apps))
				})
				if err != nil {
					t.Fatal(err)
				}
				return found
			}
			one.Sh("iptables -w 5 -I FORWARD -j DROP")
			if found := dropping(); len(found) != 1 || !strings.HasPrefix(found[0].What, "iptables' rule -A FORWARD -j DROP drops what ") {
				t.Errorf("faults beside a rule that drops all are %q", found)
			} else {
				command, _, _ := strings.Cut(found[0].Next, ", and see")
				one.Sh(command)
			}
			if left := dropping(); len(left) > 0 {
				t.Errorf("faults once it is deleted are %q", left)
			}
			for _, script := range []string{
				"iptables -w 5 -F",
				// As a dockerd leaves it that starts over running containers (live-restore).
				"iptables -w 5 -F; iptables -w 5 -t nat -F; iptables -w 5 -X; for c in DOCKER DOCKER-ISOLATION-STAGE-1; do iptables -w 5 -N $c; done; iptables -w 5 -A FORWARD -j DOCKER-ISOLATION-STAGE-1",
				// As a dockerd of 28 drops from its start over them.
				"iptables -w 5 -t raw -F; iptables -w 5 -t raw -A PREROUTING -d " + a1.Address.String() + " ! -i ovl7 -j DROP",
				"iptables -w 5 -D FORWARD -j DOCKER-USER",
				"iptables -w 5 -F DOCKER-USER; iptables -w 5 -A DOCKER-USER -j RETURN; iptables -w 5 -A DOCKER-USER -i vx7 -o ovl7 -j ACCEPT",
				"nft flush ruleset; iptables -w 5 -P FORWARD DROP",
			} {
				t.Run(script, func(t *testing.T) {
					one.Sh(script)
					if len(one.Plan(overlaytest.Apps)) == 0 {
						t.Error("the audit sees nothing")
					}
					one.Audit()
					check(t)
				})
			}
			for _, n := range c.Networks {
				have := one.Want(n)
				var err error
				one.Do(func() { err = one.Kernel.Apply(overlay.Plan(have, overlay.WantNothing(n))) })
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
	overlaytest.NeedTool(t, "nft")
	overlaytest.NeedTool(t, "iptables-"+backend)
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
