package overlayagent

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/netip"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"rundock/internal/await"
	"rundock/internal/control"
	"rundock/internal/overlay"
	"rundock/internal/overlay/overlaytest/agentsite"
)

// The agent has the kernel follow each change at once, taking for granted what
// the kernel holds. Whatever was not so, and whatever happens to the agent or
// to the store meanwhile, in the end the kernel holds what is wanted.

func TestAgent_follows_over_tampering(t *testing.T) {
	agentsite.Run(t, func(s *agentsite.Site) {
		all := agentsite.Peers(5)
		s.Begin(all)
		for i, tamper := range []string{
			"ip route del $SUBNET dev $DEV", // of the peer that changes
			"ip neigh flush dev $DEV nud permanent",
			"bridge fdb del $MAC dev $DEV dst $TO self", // which the change deletes
			"ip link del $DEV",                          // so that the change cannot be done
			"ip link set $DEV down",
			// So that it is done, at the wrong device.
			"ip link del $DEV; ip link add $DEV type vxlan id 77 dstport 4791 local 192.0.2.5; ip link set $DEV up",
		} {
			tamper = strings.NewReplacer("$DEV", s.Network.Vxlan(), "$SUBNET", all[0].Subnet.String(), "$MAC", all[0].MAC.String(), "$TO", all[0].Underlay.String()).Replace(tamper)
			s.Freeze(func() {
				s.Sh(tamper)
				s.Move(&all[0], 100+i)
			})
			s.AwaitKernel(all)
		}
	})
}

func TestAgent_follows_bursts_and_lists(t *testing.T) {
	agentsite.Run(t, func(s *agentsite.Site) {
		all := agentsite.Peers(30)
		s.Begin(all)
		there := make([]bool, len(all))
		for i := range there {
			there[i] = true
		}
		r := rand.New(rand.NewPCG(1, 2))
		for i := range 200 {
			at := r.IntN(len(all))
			p := &all[at]
			switch r.IntN(4) {
			case 0: // away, and perhaps back before anybody looks
				s.Put(map[string]string{s.Key("alive", agentsite.ID(*p)): ""})
				there[at] = false
			case 1:
				s.Put(map[string]string{s.Key("alive", agentsite.ID(*p)): "{}"})
				there[at] = true
			default:
				s.Move(p, 1000+i)
				s.Move(p, 2000+i)
			}
			switch i {
			case 70: // a list, while changes wait
				s.Freeze(func() {
					s.Etcd.Kill()
					s.Etcd.Restart()
					s.Move(p, 3000)
				})
			case 140:
				s.Sh("ip route flush proto 82")
			}
		}
		s.Etcd.Kill()
		s.Etcd.Restart()
		var alive []overlay.Peer
		for i, p := range all {
			if there[i] {
				alive = append(alive, p)
			}
		}
		// Who is missing after the store was away has time to appear again.
		s.Put(map[string]string{s.Key("alive", agentsite.ID(all[0])): "{}"})
		if !there[0] {
			alive = append(alive, all[0])
		}
		s.AwaitKernel(alive)
		s.AwaitSaved(len(alive))
	})
}

// A change that the kernel has and the disk not yet is what a kill may lose,
// until the store tells it again.
func TestAgent_killed_before_a_change_is_kept(t *testing.T) {
	agentsite.Run(t, func(s *agentsite.Site) {
		all := agentsite.Peers(5)
		s.Begin(all)
		s.AwaitSaved(len(all))
		w := agentsite.Watch(t, unix.RTNLGRP_NEIGH)
		for i := range 10 {
			s.Move(&all[0], 100+i)
			s.Move(&all[1], 200+i)
			w.Until(1, unix.RTM_NEWNEIGH, all[1].Underlay.AsSlice())
			s.Stop(syscall.SIGKILL)
			known := s.Saved()
			if known.Subnet != agentsite.Own || known.Fenced() || len(known.Peers) != len(all) {
				t.Fatalf("on disk is %+v", known)
			}
			s.Etcd.Freeze()
			s.Start()
			s.AwaitKernel(known.Peers)
			s.Etcd.Thaw()
			s.AwaitKernel(all)
		}
	})
}

// A host whose subnet is another's is cut off by the change that tells it, and
// stays so over a kill, whether or not the store can be asked.
func TestAgent_is_fenced_at_once_and_for_good(t *testing.T) {
	agentsite.Run(t, func(s *agentsite.Site) {
		n := overlay.Network{Name: "two", CIDR: netip.MustParsePrefix("10.42.0.0/16"), SubnetLength: 17, VNI: 7}
		s.Configure(n)
		s.Reserve(n.Subnet(0))
		s.Fill([]overlay.Peer{{Subnet: n.Subnet(1), Underlay: agentsite.Underlay(1), MAC: overlay.VxlanMAC("1", n.VNI)}})
		s.Start()
		await.Empty(t, "the peer is programmed", func() string {
			return s.Missing(n.Subnet(0), []overlay.Peer{{Subnet: n.Subnet(1), Underlay: agentsite.Underlay(1), MAC: overlay.VxlanMAC("1", n.VNI)}})
		})
		w := agentsite.Watch(t, unix.RTNLGRP_LINK)
		s.Fill([]overlay.Peer{{Subnet: n.Subnet(0), Underlay: agentsite.Underlay(2), MAC: overlay.VxlanMAC("2", n.VNI)}})
		w.Until(1, unix.RTM_DELLINK, []byte(n.Vxlan()+"\x00"))
		s.Stop(syscall.SIGKILL)
		if known := s.Saved(); !known.Fenced() || known.Subnet != n.Subnet(0) {
			t.Errorf("when the host is cut off there is on disk %+v", known)
		}
		s.Etcd.Freeze()
		s.Start()
		await.Empty(t, "the agent has looked", func() string {
			if status := s.Status(); status.PID != s.Agent.Process.Pid {
				return fmt.Sprintf("its status is %+v", status)
			}
			return ""
		})
		if out := s.Sh("ip -br link"); strings.Contains(out, n.Vxlan()) || !strings.Contains(out, n.Bridge()) {
			t.Errorf("a host that is fenced has\n%s", out)
		}
		s.Etcd.Thaw()
		s.Put(map[string]string{s.Key("subnets", n.Subnet(0)): ""})
		await.Empty(t, "the host has a subnet again", func() string {
			return s.Missing(n.Subnet(0), []overlay.Peer{{Subnet: n.Subnet(1), Underlay: agentsite.Underlay(1), MAC: overlay.VxlanMAC("1", n.VNI)}})
		})
	})
}

// An agent that leaves has kept all that it knew.
func TestAgent_that_stops_has_kept_what_it_knew(t *testing.T) {
	agentsite.Run(t, func(s *agentsite.Site) {
		all := agentsite.Peers(5)
		s.Begin(all)
		w := agentsite.Watch(t, unix.RTNLGRP_NEIGH)
		for i := range 5 {
			s.Move(&all[i], 100+i)
			w.Until(1, unix.RTM_NEWNEIGH, all[i].Underlay.AsSlice())
		}
		s.Stop(syscall.SIGTERM)
		if known := s.Saved(); len(known.Peers) != len(all) || known.Peers[4] != all[4] || known.Peers[0] != all[0] {
			t.Errorf("on disk is %+v, want %+v", known.Peers, all)
		}
	})
}

// Of what is on disk that does not fit any more, such as peers of an underlay
// of the other family, nothing keeps an agent from its work.
func TestAgent_starts_with_peers_that_do_not_fit(t *testing.T) {
	agentsite.Run(t, func(s *agentsite.Site) {
		all := agentsite.Peers(5)
		s.Begin(all)
		s.Stop(syscall.SIGTERM)
		path := "/var/lib/rundock/overlay/" + s.Network.Name + ".json"
		s.Write(path, strings.ReplaceAll(s.Sh("cat "+path), `"198.18.0.1"`, `"2001:db8::1"`))
		s.Sh("ip link del " + s.Network.Vxlan())
		s.Start()
		s.AwaitKernel(all)
	})
}

// A dockerd that hangs accepts connections and answers nothing. What is in the
// kernel is put right meanwhile, and the status tells what it is about.
func TestAgent_heals_while_dockerd_hangs(t *testing.T) {
	agentsite.Run(t, func(s *agentsite.Site) {
		all := agentsite.Peers(5)
		s.Begin(all)
		dockerd, err := net.Listen("unix", "/var/run/docker.sock")
		if err != nil {
			t.Fatal(err)
		}
		defer dockerd.Close()
		// On a busy agentsite.Machine, the agent may have stopped waiting before all is right.
		for range 20 {
			asked, err := dockerd.Accept()
			if err != nil {
				t.Fatal(err)
			}
			s.Sh("ip route flush proto 82")
			s.AwaitKernel(all)
			asked.SetReadDeadline(time.Now().Add(time.Millisecond))
			_, err = io.Copy(io.Discard, asked)
			if asked.Close(); !errors.Is(err, os.ErrDeadlineExceeded) {
				continue // it had gone
			}
			await.Empty(t, "the status tells why", func() string {
				if status := s.Status(); status.State != control.OverlayWaiting || !strings.Contains(status.Reason, "dockerd") {
					return fmt.Sprintf("%s: %s", status.State, status.Reason)
				}
				return ""
			})
			return
		}
		t.Error("never did the agent wait for dockerd and put the kernel right at the same time")
	})
}

// The agent tells the kernel of a host first, and then the disk. Who looks in
// between is told of no host too many, nor that one is unknown.
func TestAgent_is_at_work_and_nothing_is_said_to_be_wrong(t *testing.T) {
	agentsite.Run(t, func(s *agentsite.Site) {
		all := agentsite.Peers(5)
		s.Begin(all)
		s.AwaitSaved(len(all))
		w := agentsite.Watch(t, unix.RTNLGRP_NEIGH)
		for i, look := range []string{
			"overlay check " + s.Network.Name,
			"overlay peers " + s.Network.Name,
			"overlay explain --json " + overlay.Gateway(all[1].Subnet).String(),
			"overlay check",
		} {
			s.Move(&all[0], 100+i) // after which the agent keeps nothing for a second
			s.Move(&all[1], 200+i)
			w.Until(1, unix.RTM_NEWNEIGH, all[1].MAC[:])
			out, _ := exec.Command(s.Program, strings.Fields(look)...).CombinedOutput()
			for _, alarm := range []string{"bridge fdb", "ip neigh", "ip route", "does not know of it"} {
				if strings.Contains(string(out), alarm) {
					t.Errorf("rundockd %s, while a host has just moved: %s", look, out)
					break
				}
			}
		}
		s.Stop(syscall.SIGKILL)
		status := exec.Command(s.Program, "overlay", "status")
		var out bytes.Buffer
		status.Stdout = &out
		if err := status.Start(); err != nil {
			t.Fatal(err)
		}
		s.Start()
		if status.Wait(); strings.Contains(out.String(), "no agent keeps it") {
			t.Errorf("rundockd overlay status, while an agent is started: %s", &out)
		}
	})
}

// A host that has this one's underlay address, or one of the other family,
// comes in all the same if both join at once: then it is said.
func TestAgent_tells_of_hosts_that_it_leaves_out(t *testing.T) {
	agentsite.Run(t, func(s *agentsite.Site) {
		s.Sh("sysctl -qw net.ipv4.ip_forward=1")
		all := agentsite.Peers(5)
		s.Begin(all)
		for _, at := range []string{"192.0.2.5", "2001:db8::1"} {
			p := all[0]
			p.Underlay = netip.MustParseAddr(at)
			key, value := s.Entry(p)
			s.Put(map[string]string{key: value})
			await.Empty(t, "the status tells", func() string {
				if status := s.Status(); !strings.Contains(status.Fault, "other hosts that are left out") {
					return fmt.Sprintf("%+v", status)
				}
				return ""
			})
			key, value = s.Entry(all[0])
			s.Put(map[string]string{key: value})
			await.Empty(t, "the status tells nothing", func() string { return s.Status().Fault })
		}
		s.AwaitKernel(all)
	})
}
