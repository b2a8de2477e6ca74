package overlayagent

import (
	"fmt"
	"net/netip"
	"os"
	"os/exec"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"rundock/internal/await"
	"rundock/internal/flock"
	"rundock/internal/overlay"
	"rundock/internal/overlay/overlaytest/agentsite"
)

// audited is a site whose audits take long when a test wants it.
type audited struct {
	*agentsite.Site
	touched int // how often
}

// during has f done while an audit goes on, which here takes long since
// iptables waits for its lock. It reports whether the audit outlasted f.
func (s *audited) during(f func()) bool {
	s.T.Helper()
	lock, err := flock.Open("/run/xtables.lock")
	if err != nil {
		s.T.Fatal(err)
	}
	defer lock.Close() // which gives it back
	if err := flock.Lock(lock); err != nil {
		s.T.Fatal(err)
	}
	s.touch()
	var waiting string
	await.Empty(s.T, "an audit waits for iptables", func() string {
		out, _ := exec.Command("pgrep", "-P", fmt.Sprint(s.Agent.Process.Pid), "iptables").Output()
		if waiting, _, _ = strings.Cut(string(out), "\n"); waiting == "" {
			return "none does"
		}
		return ""
	})
	f()
	_, err = os.Stat("/proc/" + waiting)
	return err == nil
}

// legacy has iptables be the one of which each call takes the lock.
func (s *audited) legacy() {
	s.Sh("ln -sf $(command -v iptables-legacy) /etc/alternatives/iptables")
}

// touch changes what is of no interest, but to be looked at.
func (s *audited) touch() {
	s.touched++
	s.Sh(fmt.Sprintf("ip link set %s txqueuelen %d", s.Network.Bridge(), 100+s.touched))
}

// untampered fails if the agent took a change for tampering.
func (s *audited) untampered() {
	s.T.Helper()
	if log := s.Sh("cat " + s.Log); strings.Contains(log, "put right") {
		s.T.Errorf("a change was taken for tampering:\n%s", log)
	}
}

// An audit keeps no change from the kernel, and does not take one for
// tampering.
func TestAgent_audits_beside_changes(t *testing.T) {
	agentsite.Run(t, func(site *agentsite.Site) {
		s := audited{Site: site}
		all := agentsite.Peers(5)
		s.legacy()
		s.Begin(all)
		w := agentsite.Watch(t, unix.RTNLGRP_NEIGH)
		beside := 0
		for i := range 5 {
			if s.during(func() {
				s.Move(&all[0], 100+i)
				w.Until(1, unix.RTM_NEWNEIGH, all[0].Underlay.AsSlice())
			}) {
				beside++
			}
			s.AwaitKernel(all)
		}
		if beside == 0 {
			t.Error("in five tries the kernel was told of a change only once an audit had ended")
		}
		s.untampered()
	})
}

// Nor does it take a cut of this host for tampering, or for a failure.
func TestAgent_is_fenced_beside_an_audit(t *testing.T) {
	agentsite.Run(t, func(site *agentsite.Site) {
		s := audited{Site: site}
		n := overlay.Network{Name: "two", CIDR: netip.MustParsePrefix("10.42.0.0/16"), SubnetLength: 17, VNI: 7}
		s.Configure(n)
		s.legacy()
		s.Reserve(n.Subnet(0))
		peer := []overlay.Peer{{Subnet: n.Subnet(1), Underlay: agentsite.Underlay(1), MAC: overlay.VxlanMAC("1", n.VNI)}}
		s.Fill(peer)
		s.Start()
		await.Empty(t, "the peer is programmed", func() string { return s.Missing(n.Subnet(0), peer) })
		w := agentsite.Watch(t, unix.RTNLGRP_LINK)
		beside := 0
		for range 5 {
			if s.during(func() {
				s.Fill([]overlay.Peer{{Subnet: n.Subnet(0), Underlay: agentsite.Underlay(2), MAC: overlay.VxlanMAC("2", n.VNI)}})
				w.Until(1, unix.RTM_DELLINK, []byte(n.Vxlan()+"\x00"))
			}) {
				beside++
			}
			await.Empty(t, "the audit is over", func() string {
				if status := s.Status(); status.Peers != 2 {
					return fmt.Sprintf("the status is %+v", status)
				}
				return ""
			})
			s.Put(map[string]string{s.Key("subnets", n.Subnet(0)): ""})
			await.Empty(t, "the host has its subnet again", func() string {
				if status := s.Status(); status.Peers != 1 {
					return fmt.Sprintf("the status is %+v", status)
				}
				return s.Missing(n.Subnet(0), peer)
			})
		}
		if beside == 0 {
			t.Error("in five tries the host was cut off only once an audit had ended")
		}
		s.untampered()
		if log := s.Sh("cat " + s.Log); strings.Contains(log, "not found") {
			t.Errorf("what was done is taken for a failure:\n%s", log)
		}
	})
}
