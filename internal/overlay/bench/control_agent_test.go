package bench

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/netip"
	"os"
	"os/exec"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"rundock/internal/control"
	"rundock/internal/flock"
	"rundock/internal/overlay"
)

// The agent has the kernel follow each change at once, taking for granted what
// the kernel holds. Whatever was not so, and whatever happens to the agent or
// to the registry meanwhile, in the end the kernel holds what is wanted.

// begin starts the agent with peers, and returns when they are programmed.
func (s *site) begin(peers []overlay.Peer) {
	s.t.Helper()
	s.reserve(own)
	s.fill(peers)
	s.start()
	s.right(peers)
}

// right waits until the kernel is right.
func (s *site) right(peers []overlay.Peer) {
	s.t.Helper()
	s.eventually("the kernel is right", func() string { return s.left(own, peers) })
}

// move has a peer be elsewhere, with another device.
func (s *site) move(p *overlay.Peer, to int) {
	s.t.Helper()
	p.Underlay, p.MAC = underlay(to), overlay.VxlanMAC(fmt.Sprint("moved-", to), many.VNI)
	key, value := s.entry(*p)
	s.put(map[string]string{key: value})
}

// frozen stops the agent while f is done.
func (s *site) frozen(f func()) {
	s.t.Helper()
	s.agent.Process.Signal(syscall.SIGSTOP)
	defer s.agent.Process.Signal(syscall.SIGCONT)
	f()
}

// known is what is on disk.
type known struct {
	Subnet netip.Prefix
	Peers  []overlay.Peer
}

// fenced reports whether another host has the subnet.
func (k known) fenced() bool {
	return slices.ContainsFunc(k.Peers, func(p overlay.Peer) bool { return p.Subnet == k.Subnet })
}

func (s *site) kept() (known known) {
	s.t.Helper()
	data, err := os.ReadFile("/var/lib/rundock/overlay/" + s.network.Name + ".json")
	if err == nil {
		err = json.Unmarshal(data, &known)
	}
	if err != nil {
		s.t.Fatalf("what is kept of the network: %v", err)
	}
	return known
}

// keeps waits until that many peers are on disk.
func (s *site) keeps(count int) {
	s.t.Helper()
	s.eventually("what is known is kept", func() string {
		if n := len(s.kept().Peers); n != count {
			return fmt.Sprintf("%d peers are on disk, want %d", n, count)
		}
		return ""
	})
}

func TestControl_agent_follows_over_tampering(t *testing.T) {
	onHost(t, func(s *site) {
		all := peers(5)
		s.begin(all)
		for i, tamper := range []string{
			"ip route del $SUBNET dev $DEV", // of the peer that changes
			"ip neigh flush dev $DEV nud permanent",
			"bridge fdb del $MAC dev $DEV dst $TO self", // which the change deletes
			"ip link del $DEV",                          // so that the change cannot be done
			"ip link set $DEV down",
			// So that it is done, at the wrong device.
			"ip link del $DEV; ip link add $DEV type vxlan id 77 dstport 4791 local 192.0.2.5; ip link set $DEV up",
		} {
			tamper = strings.NewReplacer("$DEV", s.network.Vxlan(), "$SUBNET", all[0].Subnet.String(), "$MAC", all[0].MAC.String(), "$TO", all[0].Underlay.String()).Replace(tamper)
			s.frozen(func() {
				s.sh(tamper)
				s.move(&all[0], 100+i)
			})
			s.right(all)
		}
	})
}

func TestControl_agent_follows_bursts_and_lists(t *testing.T) {
	onHost(t, func(s *site) {
		all := peers(30)
		s.begin(all)
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
				s.put(map[string]string{s.key("alive", id(*p)): ""})
				there[at] = false
			case 1:
				s.put(map[string]string{s.key("alive", id(*p)): "{}"})
				there[at] = true
			default:
				s.move(p, 1000+i)
				s.move(p, 2000+i)
			}
			switch i {
			case 70: // a list, while changes wait
				s.frozen(func() {
					s.etcd.Kill()
					s.etcd.Restart()
					s.move(p, 3000)
				})
			case 140:
				s.sh("ip route flush proto 82")
			}
		}
		s.etcd.Kill()
		s.etcd.Restart()
		var alive []overlay.Peer
		for i, p := range all {
			if there[i] {
				alive = append(alive, p)
			}
		}
		// Who is missing after the registry was away has time to appear again.
		s.put(map[string]string{s.key("alive", id(all[0])): "{}"})
		if !there[0] {
			alive = append(alive, all[0])
		}
		s.right(alive)
		s.keeps(len(alive))
	})
}

// auditing has f done while an audit goes on, which here takes long since
// iptables waits for its lock. It reports whether the audit outlasted f.
func (s *site) auditing(f func()) bool {
	s.t.Helper()
	lock, err := flock.Open("/run/xtables.lock")
	if err != nil {
		s.t.Fatal(err)
	}
	defer lock.Close() // which gives it back
	if err := flock.Lock(lock); err != nil {
		s.t.Fatal(err)
	}
	s.touch()
	var waiting string
	s.eventually("an audit waits for iptables", func() string {
		out, _ := exec.Command("pgrep", "-P", fmt.Sprint(s.agent.Process.Pid), "iptables").Output()
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
func (s *site) legacy() { s.sh("ln -sf $(command -v iptables-legacy) /etc/alternatives/iptables") }

// touch changes what is of no interest, but to be looked at.
func (s *site) touch() {
	s.touched++
	s.sh(fmt.Sprintf("ip link set %s txqueuelen %d", s.network.Bridge(), 100+s.touched))
}

// untampered fails if the agent took a change for tampering.
func (s *site) untampered() {
	s.t.Helper()
	if log := s.sh("cat " + s.log); strings.Contains(log, "put right") {
		s.t.Errorf("a change was taken for tampering:\n%s", log)
	}
}

// An audit keeps no change from the kernel, and does not take one for
// tampering.
func TestControl_agent_audits_beside_changes(t *testing.T) {
	onHost(t, func(s *site) {
		all := peers(5)
		s.legacy()
		s.begin(all)
		w := watch(t, unix.RTNLGRP_NEIGH)
		beside := 0
		for i := range 5 {
			if s.auditing(func() {
				s.move(&all[0], 100+i)
				w.until(1, unix.RTM_NEWNEIGH, all[0].Underlay.AsSlice())
			}) {
				beside++
			}
			s.right(all)
		}
		if beside == 0 {
			t.Error("in five tries the kernel was told of a change only once an audit had ended")
		}
		s.untampered()
	})
}

// Nor does it take a cut of this host for tampering, or for a failure.
func TestControl_agent_is_fenced_beside_an_audit(t *testing.T) {
	onHost(t, func(s *site) {
		n := overlay.Network{Name: "two", CIDR: netip.MustParsePrefix("10.42.0.0/16"), SubnetLength: 17, VNI: 7}
		s.settings(n)
		s.legacy()
		s.reserve(n.Subnet(0))
		peer := []overlay.Peer{{Subnet: n.Subnet(1), Underlay: underlay(1), MAC: overlay.VxlanMAC("1", n.VNI)}}
		s.fill(peer)
		s.start()
		s.eventually("the peer is programmed", func() string { return s.left(n.Subnet(0), peer) })
		w := watch(t, unix.RTNLGRP_LINK)
		beside := 0
		for range 5 {
			if s.auditing(func() {
				s.fill([]overlay.Peer{{Subnet: n.Subnet(0), Underlay: underlay(2), MAC: overlay.VxlanMAC("2", n.VNI)}})
				w.until(1, unix.RTM_DELLINK, []byte(n.Vxlan()+"\x00"))
			}) {
				beside++
			}
			s.eventually("the audit is over", func() string {
				if status := s.status(); status.Peers != 2 {
					return fmt.Sprintf("the status is %+v", status)
				}
				return ""
			})
			s.put(map[string]string{s.key("subnets", n.Subnet(0)): ""})
			s.eventually("the host has its subnet again", func() string {
				if status := s.status(); status.Peers != 1 {
					return fmt.Sprintf("the status is %+v", status)
				}
				return s.left(n.Subnet(0), peer)
			})
		}
		if beside == 0 {
			t.Error("in five tries the host was cut off only once an audit had ended")
		}
		s.untampered()
		if log := s.sh("cat " + s.log); strings.Contains(log, "not found") {
			t.Errorf("what was done is taken for a failure:\n%s", log)
		}
	})
}

// A change that the kernel has and the disk not yet is what a kill may lose,
// until the registry tells it again.
func TestControl_agent_killed_before_a_change_is_kept(t *testing.T) {
	onHost(t, func(s *site) {
		all := peers(5)
		s.begin(all)
		s.keeps(len(all))
		w := watch(t, unix.RTNLGRP_NEIGH)
		for i := range 10 {
			s.move(&all[0], 100+i)
			s.move(&all[1], 200+i)
			w.until(1, unix.RTM_NEWNEIGH, all[1].Underlay.AsSlice())
			s.stop(syscall.SIGKILL)
			known := s.kept()
			if known.Subnet != own || known.fenced() || len(known.Peers) != len(all) {
				t.Fatalf("on disk is %+v", known)
			}
			s.etcd.Freeze()
			s.start()
			s.right(known.Peers)
			s.etcd.Thaw()
			s.right(all)
		}
	})
}

// A host whose subnet is another's is cut off by the change that tells it, and
// stays so over a kill, whether or not the registry can be asked.
func TestControl_agent_is_fenced_at_once_and_for_good(t *testing.T) {
	onHost(t, func(s *site) {
		n := overlay.Network{Name: "two", CIDR: netip.MustParsePrefix("10.42.0.0/16"), SubnetLength: 17, VNI: 7}
		s.settings(n)
		s.reserve(n.Subnet(0))
		s.fill([]overlay.Peer{{Subnet: n.Subnet(1), Underlay: underlay(1), MAC: overlay.VxlanMAC("1", n.VNI)}})
		s.start()
		s.eventually("the peer is programmed", func() string {
			return s.left(n.Subnet(0), []overlay.Peer{{Subnet: n.Subnet(1), Underlay: underlay(1), MAC: overlay.VxlanMAC("1", n.VNI)}})
		})
		w := watch(t, unix.RTNLGRP_LINK)
		s.fill([]overlay.Peer{{Subnet: n.Subnet(0), Underlay: underlay(2), MAC: overlay.VxlanMAC("2", n.VNI)}})
		w.until(1, unix.RTM_DELLINK, []byte(n.Vxlan()+"\x00"))
		s.stop(syscall.SIGKILL)
		if known := s.kept(); !known.fenced() || known.Subnet != n.Subnet(0) {
			t.Errorf("when the host is cut off there is on disk %+v", known)
		}
		s.etcd.Freeze()
		s.start()
		s.eventually("the agent has looked", func() string {
			if status := s.status(); status.PID != s.agent.Process.Pid {
				return fmt.Sprintf("its status is %+v", status)
			}
			return ""
		})
		if out := s.sh("ip -br link"); strings.Contains(out, n.Vxlan()) || !strings.Contains(out, n.Bridge()) {
			t.Errorf("a host that is fenced has\n%s", out)
		}
		s.etcd.Thaw()
		s.put(map[string]string{s.key("subnets", n.Subnet(0)): ""})
		s.eventually("the host has a subnet again", func() string {
			return s.left(n.Subnet(0), []overlay.Peer{{Subnet: n.Subnet(1), Underlay: underlay(1), MAC: overlay.VxlanMAC("1", n.VNI)}})
		})
	})
}

// An agent that leaves has kept all that it knew.
func TestControl_agent_that_stops_has_kept_what_it_knew(t *testing.T) {
	onHost(t, func(s *site) {
		all := peers(5)
		s.begin(all)
		w := watch(t, unix.RTNLGRP_NEIGH)
		for i := range 5 {
			s.move(&all[i], 100+i)
			w.until(1, unix.RTM_NEWNEIGH, all[i].Underlay.AsSlice())
		}
		s.stop(syscall.SIGTERM)
		if known := s.kept(); len(known.Peers) != len(all) || known.Peers[4] != all[4] || known.Peers[0] != all[0] {
			t.Errorf("on disk is %+v, want %+v", known.Peers, all)
		}
	})
}

// Of what is on disk that does not fit any more, such as peers of an underlay
// of the other family, nothing keeps an agent from its work.
func TestControl_agent_starts_with_peers_that_do_not_fit(t *testing.T) {
	onHost(t, func(s *site) {
		all := peers(5)
		s.begin(all)
		s.stop(syscall.SIGTERM)
		path := "/var/lib/rundock/overlay/" + s.network.Name + ".json"
		s.write(path, strings.ReplaceAll(s.sh("cat "+path), `"198.18.0.1"`, `"2001:db8::1"`))
		s.sh("ip link del " + s.network.Vxlan())
		s.start()
		s.right(all)
	})
}

// A dockerd that hangs accepts connections and answers nothing. What is in the
// kernel is put right meanwhile, and the status tells what it is about.
func TestControl_agent_heals_while_dockerd_hangs(t *testing.T) {
	onHost(t, func(s *site) {
		all := peers(5)
		s.begin(all)
		dockerd, err := net.Listen("unix", "/var/run/docker.sock")
		if err != nil {
			t.Fatal(err)
		}
		defer dockerd.Close()
		// On a busy machine, the agent may have stopped waiting before all is right.
		for range 20 {
			asked, err := dockerd.Accept()
			if err != nil {
				t.Fatal(err)
			}
			s.sh("ip route flush proto 82")
			s.right(all)
			asked.SetReadDeadline(time.Now().Add(time.Millisecond))
			_, err = io.Copy(io.Discard, asked)
			if asked.Close(); !errors.Is(err, os.ErrDeadlineExceeded) {
				continue // it had gone
			}
			s.eventually("the status tells why", func() string {
				if status := s.status(); status.State != control.OverlayWaiting || !strings.Contains(status.Reason, "dockerd") {
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
func TestControl_agent_is_at_work_and_nothing_is_said_to_be_wrong(t *testing.T) {
	onHost(t, func(s *site) {
		all := peers(5)
		s.begin(all)
		s.keeps(len(all))
		w := watch(t, unix.RTNLGRP_NEIGH)
		for i, look := range []string{
			"overlay check " + s.network.Name,
			"overlay peers " + s.network.Name,
			"overlay explain --json " + overlay.Gateway(all[1].Subnet).String(),
			"overlay check",
		} {
			s.move(&all[0], 100+i) // after which the agent keeps nothing for a second
			s.move(&all[1], 200+i)
			w.until(1, unix.RTM_NEWNEIGH, all[1].MAC[:])
			out, _ := exec.Command(s.program, strings.Fields(look)...).CombinedOutput()
			for _, alarm := range []string{"bridge fdb", "ip neigh", "ip route", "does not know of it"} {
				if strings.Contains(string(out), alarm) {
					t.Errorf("rundockd %s, while a host has just moved: %s", look, out)
					break
				}
			}
		}
		s.stop(syscall.SIGKILL)
		status := exec.Command(s.program, "overlay", "status")
		var out bytes.Buffer
		status.Stdout = &out
		if err := status.Start(); err != nil {
			t.Fatal(err)
		}
		s.start()
		if status.Wait(); strings.Contains(out.String(), "no agent keeps it") {
			t.Errorf("rundockd overlay status, while an agent is started: %s", &out)
		}
	})
}

// A host that has this one's underlay address, or one of the other family,
// comes in all the same if both join at once: then it is said.
func TestControl_agent_tells_of_hosts_that_it_leaves_out(t *testing.T) {
	onHost(t, func(s *site) {
		s.sh("sysctl -qw net.ipv4.ip_forward=1")
		all := peers(5)
		s.begin(all)
		for _, at := range []string{"192.0.2.5", "2001:db8::1"} {
			p := all[0]
			p.Underlay = netip.MustParseAddr(at)
			key, value := s.entry(p)
			s.put(map[string]string{key: value})
			s.eventually("the status tells", func() string {
				if status := s.status(); !strings.Contains(status.Fault, "other hosts that are left out") {
					return fmt.Sprintf("%+v", status)
				}
				return ""
			})
			key, value = s.entry(all[0])
			s.put(map[string]string{key: value})
			s.eventually("the status tells nothing", func() string { return s.status().Fault })
		}
		s.right(all)
	})
}
