package bench

import (
	"fmt"
	"net/netip"
	"os"
	"strings"
	"syscall"
	"testing"
	"time"

	"rundock/internal/await"
	"rundock/internal/overlay/overlaytest/agentsite"

	"golang.org/x/sys/unix"
)

// TestControl_start measures how long after the start of an agent all peers
// that the store has are programmed: on a host that was in the network
// before and has booted, and on one that comes anew. Then what memory it takes.
func TestControl_start(t *testing.T) {
	count := 100
	if *earnest {
		count = 1000
	}
	onHost(t, func(s *agentsite.Site) {
		all := agentsite.Peers(count)
		s.Fill(all)
		var took [2][]float64
		for round := range 2 * turns() {
			anew := round % 2
			if anew == 1 {
				s.Sh("rm -rf /var/lib/rundock")
				s.Put(map[string]string{s.Key("subnets", agentsite.Own): ""})
			} else {
				s.Reserve(agentsite.Own)
			}
			w := agentsite.Watch(t, unix.RTNLGRP_IPV4_ROUTE)
			began := time.Now()
			s.Start()
			// struct rtmsg: ..., table, protocol, scope, type.
			done := w.Until(count, unix.RTM_NEWROUTE, []byte{unix.RT_TABLE_MAIN, 82, unix.RT_SCOPE_UNIVERSE, unix.RTN_UNICAST})
			took[anew] = append(took[anew], milliseconds(done.Sub(began)))
			subnet := agentsite.Own
			await.Empty(t, "the agent has a subnet", func() string {
				status := s.Status()
				if status.PID != s.Agent.Process.Pid {
					return "its status is that of the agent before"
				}
				var err error
				if subnet, err = netip.ParsePrefix(status.Subnet); err != nil {
					return err.Error()
				}
				return ""
			})
			await.Empty(t, "the kernel is right", func() string { return s.Missing(subnet, all) })
			if round == 2*turns()-1 {
				if *earnest {
					time.Sleep(40 * time.Second) // what the start left behind is given back
				}
				all, anonymous := pss(t, s.Agent.Process.Pid)
				report(t, "memory of an agent with %d peers: %.1f MB (PSS), %.1f MB of it not the program's file", count, all, anonymous)
			}
			s.Stop(syscall.SIGTERM)
			s.Put(map[string]string{s.Key("subnets", subnet): ""})
			s.Sh("ip link del " + agentsite.Many.Vxlan() + "; ip link del " + agentsite.Many.Bridge() + "; nft delete table ip " + agentsite.Many.Table())
		}
		report(t, "start with %d peers in the store to all programmed, without dockerd: %.0f ms where the host knew them, %.0f ms on one that comes anew", count, median(took[0]), median(took[1]))
	})
}

// pss is a process's share of memory in MB: what it has for itself, and its
// part of what it shares, such as its file; and that without files.
func pss(t *testing.T, pid int) (all, anonymous float64) {
	t.Helper()
	data, err := os.ReadFile(fmt.Sprintf("/proc/%d/smaps_rollup", pid))
	if err != nil {
		t.Fatal(err)
	}
	figure := func(name string) (kB float64) {
		_, rest, _ := strings.Cut(string(data), "\n"+name+":")
		if _, err := fmt.Sscan(rest, &kB); err != nil {
			t.Fatalf("%s of\n%s: %v", name, data, err)
		}
		return kB * 1.024 / 1000
	}
	return figure("Pss"), figure("Pss_Anon")
}
