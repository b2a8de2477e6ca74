package main

import (
	"fmt"
	"maps"
	"net"
	"os"
	"slices"
	"strings"
	"testing"

	"rundock/internal/await"
	"rundock/internal/control"
	"rundock/internal/flock"
	"rundock/internal/runit"
	"rundock/modules/rundock_overlay/plan"
)

const apps = "name=apps cidr=10.42.0.0/16 vni=42"

// The files of a network, in the diff's order.
var files = []string{
	"/etc/rundock/overlay/apps.json", "/etc/sv/overlay-apps/log/config", "/etc/sv/overlay-apps/log/run", "/etc/sv/overlay-apps/run", "/etc/service/overlay-apps",
}

// A network whose hosts the store knows, from nothing to nothing.
func TestNetwork(t *testing.T) {
	m := onHost(t)
	planned, a := m.apply(apps)
	m.wantActions(a, "installed", "enabled")
	m.wantDiff(a, append(files, "network apps")...)
	if n := planned.Network; n.Subnet != "pending" || n.Gateway != "pending" || n.MTU != 1450 || n.Underlay != "192.0.2.5" || strings.Join(n.Devices, " ") != "ovl42 vx42" {
		t.Errorf("check says %+v", n)
	}
	want := plan.Facts{Name: "apps", State: "up", Subnet: "10.42.3.0/24", Gateway: "10.42.3.1", MTU: 1450, Devices: []string{"ovl42", "vx42"}, Underlay: "192.0.2.5", Alive: true}
	if got := a.Network; got.State != want.State || got.Subnet != want.Subnet || got.Gateway != want.Gateway || got.MTU != want.MTU || got.Underlay != want.Underlay || !got.Alive || len(got.Devices) != 2 {
		t.Errorf("network = %+v, want %+v", got, want)
	}
	for _, c := range []struct{ planned, done string }{
		{"ip link add vx42 address ", "type vxlan id 42 local 192.0.2.5 dstport 4789 nolearning"},
		{"ip link set ovl42 mtu 1450\n", "ip link set ovl42 mtu 1450\n"},
		{"ip addr add <gateway>/24 dev ovl42\n", "ip addr add 10.42.3.1/24 dev ovl42\n"},
		{"ip addr add <first of subnet>/32 dev vx42\n", "ip addr add 10.42.3.0/32 dev vx42\n"},
		{"ip saddr <subnet> ip daddr != 10.42.0.0/16 masquerade\n", "ip saddr 10.42.3.0/24 ip daddr != 10.42.0.0/16 masquerade\n"},
		{"nft add table ip rundock_ovl42\n", "nft add table ip rundock_ovl42\n"},
		{"docker network create -d bridge --subnet <subnet> --gateway <gateway> ", "--subnet 10.42.3.0/24 --gateway 10.42.3.1 -o com.docker.network.bridge.name=ovl42 apps\n"},
	} {
		if !strings.Contains(planned.commands(), c.planned) {
			t.Errorf("check does not show %q in:\n%s", c.planned, planned.commands())
		}
		if !strings.Contains(a.commands(), c.done) {
			t.Errorf("the diff does not show %q in:\n%s", c.done, a.commands())
		}
	}
	if text, err := os.ReadFile("/etc/rundock/overlay/apps.json"); err != nil || string(text) != "{\n  \"version\": 1,\n  \"name\": \"apps\",\n  \"cidr\": \"10.42.0.0/16\",\n  \"subnet_length\": 24,\n  \"vni\": 42\n}\n" {
		t.Errorf("apps.json is %s, %v", text, err)
	}
	// Values that are a default make no difference.
	if a := m.call(apps + " subnet_length=24 mtu=auto port=4789 encryption=none"); a.Changed || a.Failed {
		t.Errorf("defaults that are given: %s", a.raw)
	}

	_, a = m.apply(apps + " underlay=eth0")
	m.wantActions(a, "files updated", "agent handed over")
	m.wantDiff(a, files[0])

	m.sh("sv", "-w", "60", "stop", "/etc/service/overlay-apps")
	m.sh("ip", "link", "del", "vx42")
	_, a = m.apply(apps + " underlay=eth0")
	m.wantActions(a, "agent started")
	m.wantDiff(a, "network apps")
	if got := a.commands(); !strings.Contains(got, "ip link add vx42 ") || strings.Contains(got, "ovl42") && strings.Contains(got, "ip link add ovl42") || !strings.Contains(got, "ip addr add 10.42.3.0/32 dev vx42\n") {
		t.Errorf("what puts the network right is shown as:\n%s", got)
	}

	must(t, os.Remove("/etc/service/overlay-apps"))
	await.True(t, "runsvdir has seen that the link is gone, and the agent has ended", func() bool {
		up, err := runit.Supervised("/etc/sv/overlay-apps")
		must(t, err)
		return !up
	})
	_, a = m.apply(apps + " underlay=eth0")
	m.wantActions(a, "enabled")

	planned, a = m.apply("name=apps state=absent")
	m.wantActions(a, "removed")
	m.wantDiff(a, append(files, "network apps")...)
	for _, want := range []string{"docker network rm apps\n", "ip link del vx42\n", "ip link del ovl42\n", "nft delete table ip rundock_ovl42\n"} {
		if !strings.Contains(planned.commands(), want) || planned.commands() != a.commands() {
			t.Errorf("leaving is shown as %q, in check mode as %q, want %q in both", a.commands(), planned.commands(), want)
		}
	}
	if a.Network.State != "absent" {
		t.Errorf("the network is %+v after it was left", a.Network)
	}
	if left := m.sh("ip", "-br", "link"); strings.Contains(left, "ovl42") || strings.Contains(left, "vx42") {
		t.Errorf("devices are left:\n%s", left)
	}
}

// With all hosts given, check knows all, and needs no host.json.
func TestStaticPeers(t *testing.T) {
	m := onHost(t)
	must(t, os.Remove("/etc/rundock/host.json"))
	const peers = `peers=[{"subnet":"10.43.1.0/24","underlay":"192.0.2.6"},{"subnet":"10.43.0.0/24","underlay":"192.0.2.5"},{"subnet":"10.43.2.0/24","underlay":"192.0.2.8"}]`
	planned, a := m.apply("name=pair cidr=10.43.0.0/22 vni=43 mtu=1400 port=4790 underlay=192.0.2.5 " + peers)
	m.wantActions(a, "installed", "enabled")
	if a.Network.Subnet != "10.43.0.0/24" || a.Network.Peers != 2 || a.Network.MTU != 1400 || planned.Network.Gateway != "10.43.0.1" {
		t.Errorf("network = %+v, in check mode %+v", a.Network, planned.Network)
	}
	for _, want := range []string{
		"ip neigh replace 10.43.1.0 lladdr ", " dev vx43 dst 192.0.2.6 self permanent\n",
		"ip route replace 10.43.1.0/24 via 10.43.1.0 dev vx43 onlink proto 82 metric 2\n", "dstport 4790",
	} {
		if !strings.Contains(a.commands(), want) || planned.commands() != a.commands() {
			t.Errorf("the diff does not show %q in:\n%s\nand in check mode:\n%s", want, a.commands(), planned.commands())
		}
	}
	// What the agent found to pass on the way to a peer stays, unless the peer is elsewhere now.
	for peer, metric := range map[string]string{"10.43.1.0": "2", "10.43.2.0": "3"} {
		m.sh("ip", "route", "replace", peer+"/24", "via", peer, "dev", "vx43", "onlink", "proto", "82", "metric", metric, "mtu", "lock", "1250")
	}
	_, a = m.apply("name=pair cidr=10.43.0.0/22 vni=43 mtu=1400 port=4790 underlay=192.0.2.5 " + strings.ReplaceAll(peers, "192.0.2.6", "192.0.2.7"))
	m.wantActions(a, "files updated", "agent handed over")
	if got := a.commands(); !strings.Contains(got, "dst 192.0.2.7 self permanent\n") || !strings.Contains(got, "ip route replace 10.43.1.0/24 via 10.43.1.0 dev vx43 onlink proto 82 metric 2\n") || strings.Count(got, "\n") != 2 {
		t.Errorf("another address of a peer is shown as:\n%s", got)
	}
	m.refuses("name=pair cidr=10.43.0.0/22 vni=43 port=4790 underlay=192.0.2.5", "peers in the store (it is given), mtu auto (it is 1400)")
	m.apply("name=pair state=absent")
}

// An address that changed since is not taken for one that is kept.
func TestNetworkThatIsKeptElsewhere(t *testing.T) {
	m := onHost(t)
	m.apply(apps)
	m.sh("sh", "-c", "ip addr flush dev eth0; ip addr add 192.0.2.6/24 dev eth0")
	if a := m.call(apps + " wait_timeout=1"); !a.Failed || !strings.Contains(a.Msg, "its agent has not followed the host's address, which was 192.0.2.5 and is 192.0.2.6") {
		t.Errorf("with an agent that stays where the host was: %s", a.raw)
	}
	m.sh("ip", "addr", "flush", "dev", "eth0")
	if a := m.call(apps + " wait_timeout=1"); !a.Failed || !strings.Contains(a.Msg, "interface eth0 has no address") {
		t.Errorf("without an address: %s", a.raw)
	}
}

func TestWhatCannotBeIsRefused(t *testing.T) {
	m := onHost(t)
	for _, c := range []struct{ args, want string }{
		{"cidr=10.42.0.0/16 vni=1", "missing required arguments: name"},
		{"name=apps vni=1", "state is present but all of the following are missing: cidr"},
		{"name=Apps cidr=10.42.0.0/16 vni=1", `value of name must be 1 to 32 of a-z, 0-9, - and _, the first a letter, got: "Apps"`},
		{"name=default cidr=10.42.0.0/16 vni=1", "name default: Docker keeps that name for a network of its own"},
		{"name=../x state=absent", "value of name must be"},
		{"name=apps cidr=10.42.0.0 vni=1", `value of cidr must be a network such as 10.42.0.0/16, got: "10.42.0.0"`},
		{"name=apps cidr=10.42.1.0/16 vni=1", "cidr 10.42.1.0/16 has host bits set; the network is 10.42.0.0/16"},
		{"name=apps cidr=10.42.0.0/24 vni=1", "subnet_length 24: want more than the 24 of cidr"},
		{"name=apps cidr=10.42.0.0/16 vni=0", "value of vni must be between 1 and 16777215, got: 0"},
		{apps + " mtu=big", `value of mtu must be auto or a number of bytes, got: "big"`},
		{apps + " mtu=100", "mtu 100: want 576 to 65535"},
		{apps + " mtu=1451", "mtu 1451 is more than the 1450 that are left of the underlay's 1500"},
		{apps + " port=0", "value of port must be between 1 and 65535, got: 0"},
		{apps + " wait_timeout=0", "value of wait_timeout must be between 1 and 86400, got: 0"},
		{apps + " encryption=maybe", "value of encryption must be one of: none, required, got: maybe"},
		{apps + " underlay=eth5", "underlay eth5: there is no such interface"},
		{apps + " underlay=192.0.2.9", "underlay 192.0.2.9: no interface of this host has the address"},
		{apps + ` underlay=eth0 peers=[{"subnet":"10.42.1.0/24","underlay":"192.0.2.9"}]`, "peers: no entry is this host's, 192.0.2.5"},
		{apps + ` peers=[{"subnet":"10.42.1.0/24"}]`, "missing required arguments: underlay found in peers"},
		{apps + ` peers=[{"subnet":"10.42.1.0/24","underlay":"eth0"}]`, `value of peers.underlay must be an address, got: "eth0"`},
		{"name=apps cidr=192.0.0.0/16 vni=1", "cidr 192.0.0.0/16 overlaps 192.0.2.5/24, an address of interface eth0"},
		{"name=apps cidr=192.0.2.0/25 subnet_length=26 vni=1", "cidr 192.0.2.0/25 overlaps 192.0.2.5/24"},
	} {
		m.refuses(c.args, c.want)
	}

	t.Run("for what else the host has", func(t *testing.T) {
		m := onHost(t)
		m.sh("ip", "route", "add", "10.42.8.0/24", "via", "192.0.2.1")
		m.refuses(apps, "cidr 10.42.0.0/16 overlaps the route 10.42.8.0/24 to interface eth0")
		m.sh("ip", "route", "del", "10.42.8.0/24")
		m.sh("ip", "route", "add", "unreachable", "10.42.9.0/24")
		m.refuses(apps, "cidr 10.42.0.0/16 overlaps the route 10.42.9.0/24")
		m.sh("ip", "route", "del", "unreachable", "10.42.9.0/24")

		m.set("unable", "this kernel cannot hold the network: ip link add vx42: operation not supported")
		m.refuses(apps, "this kernel cannot hold the network: ip link add vx42: operation not supported")
		m.unset("unable")

		listener, err := net.ListenUDP("udp", &net.UDPAddr{Port: 4789})
		must(t, err)
		m.refuses(apps, "udp port 4789 is another program's already; `ss -lunp sport = :4789` names it")
		listener.Close()

		m.sh("ip", "link", "add", "foreign", "type", "vxlan", "id", "42", "dstport", "4789")
		m.refuses(apps, "vni 42 is that of device foreign already")
		m.sh("ip", "link", "del", "foreign")

		m.sh("ip", "link", "add", "ovl42", "type", "bridge")
		m.refuses(apps, "device ovl42 is there already, and is not of network apps: choose another vni")
		m.sh("ip", "link", "del", "ovl42")
	})
}

func TestWhatOtherNetworksHaveIsRefused(t *testing.T) {
	m := onHost(t)
	m.apply(apps)
	m.refuses("name=more cidr=10.44.0.0/16 vni=42", "vni 42 is that of network apps")
	m.refuses("name=more cidr=10.42.128.0/17 vni=43", "cidr 10.42.128.0/17 overlaps 10.42.0.0/16 of network apps")
	m.refuses("name=apps cidr=10.42.0.0/16 vni=43", "network apps cannot become one of vni 43 (it is 42) while hosts are in it")
	m.refuses("name=apps cidr=10.42.0.0/16 vni=42 port=4790", "network apps cannot become one of port 4790 (it is 4789) while hosts are in it")
	m.refuses("name=apps cidr=10.42.0.0/16 vni=42 mtu=1400", "network apps cannot become one of mtu 1400 (it is auto) while hosts are in it")
	for _, underlay := range []string{"ovl42", "vx42", "10.42.3.1"} {
		m.refuses("name=more cidr=10.44.0.0/16 vni=43 underlay="+underlay, " is in network apps, which carries no other network")
	}
	_, a := m.apply("name=more cidr=10.44.0.0/16 vni=43") // a second one beside it, at the same port
	m.wantActions(a, "installed", "enabled")
	// A wider network behind a gateway may be divided.
	m.sh("ip", "route", "add", "10.0.0.0/8", "via", "192.0.2.1")
	m.apply("name=third cidr=10.45.0.0/16 vni=44")
	m.sh("ip", "route", "del", "10.0.0.0/8")
}

func TestHostThatIsNotPrepared(t *testing.T) {
	m := onHost(t)
	must(t, os.WriteFile("/etc/rundock/host.json", []byte(strings.Replace(hostJSON, `"endpoints":["http://127.0.0.1:2379"]`, "", 1)), 0o644))
	m.refuses(apps, "host.json has neither etcd.endpoints nor consul.address")
	must(t, os.Remove("/etc/rundock/host.json"))
	m.refuses(apps, "the host is not prepared (playbooks/site.yml)")
	m.apply("name=apps state=absent") // nothing to do
	must(t, os.WriteFile("/etc/rundock/host.json", []byte(hostJSON), 0o644))
	must(t, os.Rename("/usr/local/bin/rundockd", "/usr/local/bin/away"))
	defer os.Rename("/usr/local/bin/away", "/usr/local/bin/rundockd")
	m.refuses(apps, "rundockd is not installed")
}

// An agent of a former release is exchanged by the next call, whoever has put
// another program there: it may lack what a newer Docker takes.
func TestAgentOfAReplacedProgramIsExchanged(t *testing.T) {
	m := onHost(t)
	m.apply(apps)
	m.sh("cp", "/usr/local/bin/rundockd", "/usr/local/bin/next")
	must(t, os.Rename("/usr/local/bin/next", "/usr/local/bin/rundockd"))
	_, a := m.apply(apps)
	m.wantActions(a, "agent handed over")
	if a := m.call(apps); a.Failed || a.Changed {
		t.Errorf("the call after that: %s", a.raw)
	}
}

// An agent that an operator's sv down has told to stop still speaks for a while:
// it is not the one that keeps the network.
func TestAgentThatIsToldToStop(t *testing.T) {
	m := onHost(t)
	const dir = "/etc/sv/overlay-apps"
	m.apply(apps)
	before := m.agent(dir)
	m.set("lingers", "yes")
	must(t, runit.Control(dir, "d"))
	await.True(t, "runsv has told it", func() bool { return m.agent(dir).GotTerm })
	a := m.call(apps + " wait_timeout=1")
	if want := fmt.Sprintf("network apps is not up after 1 s: its agent, process %d, was told to stop and has not ended", before.PID); !a.Failed || !strings.HasPrefix(a.Msg, want) {
		t.Errorf("with an agent that is about to end: %s, want a failure with %s", a.raw, want)
	}
	m.wantActions(a, "agent started")
	m.unset("lingers")
	if a := m.call(apps); a.Failed || a.Network.State != "up" {
		t.Errorf("once it has ended: %s", a.raw)
	}
	if now := m.agent(dir); now.PID == 0 || now.PID == before.PID || now.WantDown || now.GotTerm {
		t.Errorf("its agent is %+v, was %+v", now, before)
	}

	// With sv once, too, it would not be started again.
	must(t, runit.Control(dir, "o"))
	await.True(t, "runsv has taken it", func() bool { return m.agent(dir).WantDown })
	once := m.agent(dir)
	a = m.call(apps)
	if m.wantActions(a, "agent started"); a.Failed {
		t.Errorf("after sv once: %s", a.raw)
	}
	if now := m.agent(dir); now.PID != once.PID || now.WantDown {
		t.Errorf("after sv once its agent is %+v, was %+v", now, once)
	}
}

// What keeps the network from coming up is told, in the agent's words.
func TestNetworkThatDoesNotComeUp(t *testing.T) {
	m := onHost(t)
	_, a := m.apply(apps)
	m.set("trouble", "all 256 subnets of 10.42.0.0/16 are taken")
	m.restart("apps")
	await.True(t, "the agent's last words are told", func() bool {
		a = m.call(apps + " wait_timeout=1")
		return a.Failed && !a.Changed && strings.HasPrefix(a.Msg, "network apps is not up after 1 s: all 256 subnets of 10.42.0.0/16 are taken\n/var/log/overlay-apps/current ends with:\n") && strings.Contains(a.Msg, "a line of the log: all 256")
	})
	m.unset("trouble")
	m.set("refused", "network apps: vni is 42 here (node-1) and 7 in the store (from node-2)")
	m.restart("apps")
	a = m.call(apps + " wait_timeout=3600")
	if !a.Failed || a.Changed || a.Msg != "network apps: vni is 42 here (node-1) and 7 in the store (from node-2)" {
		t.Errorf("a network that is another in the store: %s", a.raw)
	}
	m.unset("refused")
	m.restart("apps")
	m.apply(apps)

	const unheard = "1 of 2 other hosts answer nothing in the network"
	m.set("unheard", unheard)
	m.restart("apps")
	await.True(t, "it is told that other hosts do not answer", func() bool {
		a = m.call(apps)
		return !a.Failed && !a.Changed && len(a.Warnings) == 1 && a.Warnings[0] == unheard
	})
	if a = m.call(apps, "check_mode"); a.Failed || a.Changed || len(a.Warnings) != 1 || a.Warnings[0] != unheard {
		t.Errorf("check mode while other hosts do not answer: %s", a.raw)
	}
	m.unset("unheard")

	says, err := control.ReadOverlay(control.Dir, "apps")
	must(t, err)
	says.Beat = 1
	must(t, control.WriteOverlay(control.Dir, says))
	if a = m.call(apps + " wait_timeout=1"); !a.Failed || !strings.Contains(a.Msg, "its agent, process ") || !strings.Contains(a.Msg, "it was stopped or hangs (sv restart overlay-apps)") {
		t.Errorf("a network whose agent is frozen: %s", a.raw)
	}

	m.set("fault", "net.ipv4.ip_forward is 0")
	m.set("next", "sysctl -w net.ipv4.ip_forward=1")
	m.restart("apps")
	await.True(t, "it is told that the host forwards nothing", func() bool {
		a = m.call(apps)
		return !a.Failed && !a.Changed && len(a.Warnings) == 1 && a.Warnings[0] == "net.ipv4.ip_forward is 0; next: sysctl -w net.ipv4.ip_forward=1"
	})
	m.unset("fault")

	m.set("unreachable", "etcd http://127.0.0.1:2379: connection refused")
	m.restart("apps")
	await.True(t, "other hosts are not told", func() bool { return !m.call(apps, "check_mode").Network.Alive })
	for _, mode := range [][]string{{"check_mode"}, nil} {
		a = m.call(apps, mode...)
		if a.Failed || a.Changed || len(a.Warnings) != 1 || a.Warnings[0] != "other hosts do not see this one: etcd http://127.0.0.1:2379: connection refused" {
			t.Errorf("a network that is up, with the store away %v: %s", mode, a.raw)
		}
	}
	m.refuses("name=apps state=absent", "etcd http://127.0.0.1:2379: connection refused")
	told := func(a answer) bool {
		return !a.Failed && len(a.Warnings) == 1 && strings.HasPrefix(a.Warnings[0], "the store was not told: etcd")
	}
	a = m.call("name=apps state=absent force=yes")
	if !told(a) || !a.Changed {
		t.Errorf("leaving by force with the store away: %s", a.raw)
	}
	if a = m.call("name=apps state=absent force=yes"); !told(a) || a.Changed {
		t.Errorf("doing so again: %s", a.raw)
	}
	m.refuses("name=apps state=absent", "etcd http://127.0.0.1:2379: connection refused")
	if a = m.call("name=apps state=absent force=yes", "check_mode"); a.Failed || a.Changed || len(a.Warnings) != 1 {
		t.Errorf("check of leaving it by force again: %s", a.raw)
	}
	m.unset("unreachable")
	_, a = m.apply("name=apps state=absent")
	m.wantActions(a, "subnet given back")
}

// Nothing stays that would join later, when it is not wanted any more.
func TestFirstJoinThatFailsIsTakenBack(t *testing.T) {
	m := onHost(t)
	for _, c := range []struct{ fact, says, want string }{
		{"trouble", "all 256 subnets of 10.42.0.0/16 are taken", "network apps is not up after 6 s: all 256 subnets of 10.42.0.0/16 are taken\n/var/log/overlay-apps/current ends with:\n"},
		{"refused", "network apps: vni is 42 here (node-1) and 7 in the store (from node-2)", "network apps: vni is 42 here (node-1) and 7 in the store (from node-2)\n"},
	} {
		m.set(c.fact, c.says)
		before := m.state()
		a := m.call(apps + " wait_timeout=6") // in which the agent comes to say something also on a busy machine
		if !a.Failed || a.Changed || a.Network.State != "absent" || !strings.HasPrefix(a.Msg, c.want) || !strings.HasSuffix(a.Msg, "\nthis host is as it was before the call") {
			t.Errorf("a first join with %s: %s", c.fact, a.raw)
		}
		after := m.state()
		delete(before, "done")
		delete(after, "done")
		if !maps.Equal(before, after) {
			t.Errorf("a first join with %s left:\n%v\nwant\n%v", c.fact, after, before)
		}
		m.unset(c.fact)
	}
	m.set("trouble", "the store is away")
	m.set("unreachable", "etcd http://127.0.0.1:2379: connection refused")
	if a := m.call(apps + " wait_timeout=6"); !a.Failed || a.Changed || len(a.Warnings) != 1 || !strings.HasPrefix(a.Warnings[0], "the store was not told") || !strings.HasSuffix(a.Msg, "\nthis host is as it was before the call") {
		t.Errorf("a first join whose store goes away meanwhile: %s", a.raw)
	}
	m.unset("unreachable")
	m.apply("name=apps state=absent") // gives back what is owed
	m.set("containers", "web")
	m.set("trouble", "dockerd is slow")
	if a := m.call(apps + " wait_timeout=1"); !a.Failed || !a.Changed || !strings.HasSuffix(a.Msg, "\nthe network is not taken off this host again, which state=absent does: network apps still has containers: web (force=true takes them off it)") {
		t.Errorf("a first join with containers that were faster: %s", a.raw)
	}
	// An agent that starts later than the call ends, without trouble, makes devices.
	await.True(t, "the agent that stays has said its trouble", func() bool {
		says, err := control.ReadOverlay(control.Dir, "apps")
		return err == nil && says.Reason == "dockerd is slow"
	})
	m.unset("containers")
	m.unset("trouble")
	m.apply("name=apps state=absent")
	m.apply("name=apps cidr=10.44.0.0/16 vni=42") // otherwise, and not as it was refused
}

func TestLeavingIsRefusedWithContainers(t *testing.T) {
	m := onHost(t)
	m.apply(apps)
	m.set("containers", "db, web")
	m.refuses("name=apps state=absent", "network apps still has containers: db, web (force=true takes them off it)")
	if a := m.call(apps); a.Changed || a.Network.State != "up" {
		t.Errorf("the network after a refusal: %s", a.raw)
	}
	planned, a := m.apply("name=apps state=absent force=true")
	m.wantActions(a, "removed")
	for _, a := range []answer{planned, a} {
		if want := "docker network disconnect -f apps db\ndocker network disconnect -f apps web\ndocker network rm apps\n"; !strings.HasPrefix(a.commands(), want) {
			t.Errorf("the commands are\n%s\nwant first\n%s", a.commands(), want)
		}
	}
}

// A call that is killed at any point is finished by the next.
func TestInterruptedCallIsFinished(t *testing.T) {
	m := onHost(t)
	m.apply(apps)
	m.sh("sv", "-w", "60", "stop", "/etc/service/overlay-apps")
	must(t, os.Remove("/etc/service/overlay-apps"))
	_, a := m.apply("name=apps state=absent")
	m.wantActions(a, "removed")

	m.apply(apps)
	m.sh("rm", "/etc/service/overlay-apps")
	m.sh("sv", "-w", "30", "exit", "/etc/sv/overlay-apps")
	m.sh("/usr/local/bin/rundockd", "overlay", "leave", "apps")
	m.sh("rm", "-r", "/etc/sv/overlay-apps")
	m.apply("name=apps state=absent")

	// Settings without an agent, as before a first install was ended.
	m.apply(apps)
	settings, err := os.ReadFile("/etc/rundock/overlay/apps.json")
	must(t, err)
	m.apply("name=apps state=absent")
	must(t, os.WriteFile("/etc/rundock/overlay/apps.json", settings, 0o644))
	_, a = m.apply(apps)
	m.wantActions(a, "installed", "enabled")
}

// Settings that were removed by hand leave nothing behind: what the agent saved tells
// what there is to take apart, or to keep.
func TestSettingsThatAreGone(t *testing.T) {
	const settings, saved = "/etc/rundock/overlay/apps.json", "/var/lib/rundock/overlay/apps.json"
	m := onHost(t)
	m.apply(apps)
	must(t, os.Remove(settings))
	m.refuses("name=apps cidr=10.42.0.0/16 vni=43", "network apps cannot become one of vni 43 (it is 42) while hosts are in it")
	m.set("containers", "web")
	m.refuses("name=apps state=absent", "network apps still has containers: web")
	m.unset("containers")
	before, err := os.ReadFile(saved)
	must(t, err)
	must(t, os.WriteFile(saved, []byte(`{"subnet":"10.42.3.0/24"}`), 0o644))
	m.refuses("name=apps state=absent force=yes", settings+" is gone, and this host is still in network apps; settings saved in "+saved+": it has no settings, as that of a former release: call state=present")
	must(t, os.WriteFile(saved, before, 0o644))
	_, a := m.apply(apps)
	m.wantActions(a, "files updated", "agent handed over")

	must(t, os.Remove(settings))
	_, a = m.apply("name=apps state=absent force=yes")
	m.wantActions(a, "removed")
	if !strings.Contains(a.commands(), "ip link del vx42") || strings.Contains(m.sh("ip", "-br", "link"), "vx42") {
		t.Errorf("the devices after state=absent:\n%s\nof which it says\n%s", m.sh("ip", "-br", "link"), a.commands())
	}
	if _, err := os.Lstat(saved); err == nil {
		t.Error("state=absent leaves what the agent saved")
	}
}

// Settings that were changed by hand are not those by which the host is in the network:
// the right ones are written again, and what is taken apart is what it has.
func TestSettingsThatWereChangedByHand(t *testing.T) {
	const settings = "/etc/rundock/overlay/apps.json"
	m := onHost(t)
	m.apply(apps)
	m.apply("name=more cidr=10.44.0.0/16 vni=43")
	edit := func() { m.sh("sed", "-i", "s/\"vni\": 42/\"vni\": 43/", settings) }
	edit()
	if text := m.sh("cat", settings); !strings.Contains(text, "43") {
		t.Fatalf("the settings are not changed:\n%s", text)
	}
	m.refuses("name=apps cidr=10.42.0.0/16 vni=43", "network apps cannot become one of vni 43 (it is 42) while hosts are in it")
	_, a := m.apply(apps)
	m.wantActions(a, "files updated", "agent handed over")
	must(t, os.WriteFile(settings, []byte("{"), 0o644))
	m.apply(apps)
	edit()
	m.apply("name=apps state=absent")
	if links := m.sh("ip", "-br", "link"); strings.Contains(links, "vx42") || !strings.Contains(links, "vx43") {
		t.Errorf("state=absent leaves vx42, or takes the other network's vx43:\n%s", links)
	}
}

func TestHiddenLinkIsRespected(t *testing.T) {
	m := onHost(t)
	must(t, os.Symlink("/etc/sv/overlay-apps", "/etc/service/.overlay-apps"))
	a := m.call(apps)
	if a.Failed || len(a.Warnings) != 1 || !strings.Contains(a.Warnings[0], "/etc/service/.overlay-apps") || a.Network.State != "down" {
		t.Errorf("a network that an administrator disabled: %s", a.raw)
	}
	m.apply("name=apps state=absent")
	if _, err := os.Lstat("/etc/service/.overlay-apps"); err == nil {
		t.Error("absent leaves the hidden link, which leads nowhere")
	}
}

// An agent's logger that is stopped, or whose folder is gone, has lines of the log lost.
func TestLoggerIsPutRight(t *testing.T) {
	const log, dir = "/etc/sv/overlay-apps/log", "/var/log/overlay-apps"
	m := onHost(t)
	m.apply(apps)
	await.True(t, "the logger has begun", func() bool { _, err := os.Stat(dir + "/current"); return err == nil })
	must(t, runit.Control(log, "p"))
	await.True(t, "the logger is paused", func() bool { return m.agent(log).Paused })
	_, a := m.apply(apps)
	m.wantActions(a, "agent's logger continued")
	must(t, os.RemoveAll(dir))
	_, a = m.apply(apps)
	m.wantActions(a, "agent's logger restarted")
	await.True(t, "the log is there again", func() bool { _, err := os.Stat(dir + "/current"); return err == nil })
}

// A file named down is the administrator's, and stays; the agent is started all the same.
func TestFileNamedDownIsTold(t *testing.T) {
	m := onHost(t)
	m.apply(apps)
	down := []string{"/etc/sv/overlay-apps/down", "/etc/sv/overlay-apps/log/down"}
	for _, f := range down {
		must(t, os.WriteFile(f, nil, 0o644))
	}
	want := []string{
		"overlay-apps is not started at boot: the file " + down[0] + " is there; remove it to have that",
		"the logger of overlay-apps is not started at boot: the file " + down[1] + " is there; remove it to have that",
	}
	for _, mode := range [][]string{{"check_mode"}, nil} {
		if a := m.call(apps, mode...); a.Failed || a.Changed || !slices.Equal(a.Warnings, want) {
			t.Errorf("with files named down %v: %s, want the warnings %q", mode, a.raw, want)
		}
	}
	m.sh("sv", "-w", "60", "down", "/etc/service/overlay-apps")
	if a := m.call(apps); a.Failed || a.Network.State != "up" || !slices.Equal(a.Warnings, want) {
		t.Errorf("after sv down beside them: %s", a.raw)
	}
	for _, f := range down {
		must(t, os.Remove(f))
	}
	m.apply(apps)
}

func TestCallsWaitForEachOther(t *testing.T) {
	m := onHost(t)
	lock, err := flock.Open("/run/rundock/.overlay.lock")
	must(t, err)
	defer lock.Close()
	must(t, flock.Lock(lock))
	if a := m.call(apps + " wait_timeout=1"); !a.Failed || !strings.Contains(a.Msg, "another call is at work on the host's overlay networks") {
		t.Errorf("a call beside another: %s", a.raw)
	}
}
