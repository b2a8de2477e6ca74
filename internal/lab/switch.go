package lab

import (
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
)

// The switch is one process in a network namespace of its own that holds the
// bridges of both segments, so that no bridge, and none of the machine's
// firewall (bridge-nf-call-iptables), stands between two hosts. It also serves
// the packages.

// switchPort is where the switch serves packages on its private address.
const switchPort = "80"

// switchOrder says what the switch holds.
type switchOrder struct {
	Bridges  map[string]netip.Prefix // bridge to the switch's own address
	Packages string                  // folder served as /debian/, in it a folder of each release
	Listen   string
}

// cutRules drop every frame to or from a port in the set "cut", which outlives
// the port: a host that reboots while cut off comes back cut off.
const cutRules = `
table bridge lab {
	set cut { type ifname; }
	chain input { type filter hook input priority 0; iifname @cut drop; }
	chain output { type filter hook output priority 0; oifname @cut drop; }
	chain forward { type filter hook forward priority 0; iifname @cut drop; oifname @cut drop; }
}
`

// runSwitch is the switch process.
func runSwitch() error {
	var o switchOrder
	if err := readOrder(&o); err != nil {
		return err
	}
	for _, name := range []string{"iptables", "ip6tables", "arptables"} {
		path := "/proc/sys/net/bridge/bridge-nf-call-" + name
		if err := os.WriteFile(path, []byte("0"), 0); err != nil && !errors.Is(err, os.ErrNotExist) {
			return fmt.Errorf("keep the firewall away from the bridges: %w", err)
		}
	}
	batch := "link set lo up\n"
	for bridge, addr := range o.Bridges {
		batch += fmt.Sprintf("link add %[1]s type bridge stp_state 0 forward_delay 0 mcast_snooping 0\n"+
			"addr add %[2]s dev %[1]s\nlink set %[1]s up\n", bridge, addr)
	}
	if _, err := run(batch, "ip", "-batch", "-"); err != nil {
		return fmt.Errorf("make the bridges: %w", err)
	}
	if _, err := run(cutRules, "nft", "-f", "-"); err != nil {
		return fmt.Errorf("prepare partitions: %w", err)
	}
	listener, err := net.Listen("tcp", o.Listen)
	if err != nil {
		return fmt.Errorf("serve packages: %w", err)
	}
	syscall.Close(statusFile)
	// Not through a ServeMux: it redirects the paths with /./ that apt asks for,
	// and apt escapes what it is redirected to once too often.
	return http.Serve(listener, http.StripPrefix("/debian", http.FileServer(http.Dir(o.Packages))))
}

// switchProcess returns the switch's process, 0 if it is not running.
func (l *Lab) switchProcess() int {
	for _, pid := range processesOf(l.hierarchies, cgroupOf(l.ID, "switch")) {
		name, err := os.ReadFile(fmt.Sprintf("/proc/%d/cmdline", pid))
		if err == nil && strings.HasPrefix(string(name), switchName+"\x00") && processState(pid) != 'Z' {
			return pid
		}
	}
	return 0
}

// startSwitch starts the switch and plugs this machine into it as the
// operator's place.
func (l *Lab) startSwitch(packages string) (int, error) {
	private, public := networks(l.ID)
	if err := l.checkFree(private, public); err != nil {
		return 0, err
	}
	c, err := startChild(switchName, syscall.CLONE_NEWNET, filepath.Join(l.state(), "switch.log"), l.ID)
	if err != nil {
		return 0, fmt.Errorf("start the switch: %w", err)
	}
	group := cgroupOf(l.ID, "switch")
	if err = makeCgroup(l.hierarchies, group); err == nil {
		err = joinCgroup(l.hierarchies, group, c.pid)
	}
	if err != nil {
		c.abandon()
		return 0, fmt.Errorf("start the switch: %w", err)
	}
	order := switchOrder{Bridges: map[string]netip.Prefix{}, Packages: packages, Listen: net.JoinHostPort(private.at(atSwitch).String(), switchPort)}
	for _, n := range []network{private, public} {
		order.Bridges["br-"+n.name] = netip.PrefixFrom(n.at(atSwitch), n.prefix.Bits())
	}
	if err := c.send(order); err != nil {
		return 0, fmt.Errorf("start the switch: %w", err)
	}
	for _, n := range []network{private, public} {
		link := l.ID + "-" + n.name
		here := fmt.Sprintf("link add %[1]s type veth peer name op-%[2]s netns %[3]d\naddr add %[4]s dev %[1]s\nlink set %[1]s up\n",
			link, n.name, c.pid, netip.PrefixFrom(n.at(atOperator), n.prefix.Bits()))
		if _, err := run(here, "ip", "-batch", "-"); err != nil {
			return 0, fmt.Errorf("plug this machine into the switch: %w", err)
		}
		if err := ipIn(c.pid, fmt.Sprintf("link set op-%[1]s master br-%[1]s\nlink set op-%[1]s up\n", n.name)); err != nil {
			return 0, fmt.Errorf("plug this machine into the switch: %w", err)
		}
	}
	return c.pid, nil
}

// checkFree reports an address of this machine that is in the lab's segments
// without being the lab's.
func (l *Lab) checkFree(segments ...network) error {
	interfaces, err := net.Interfaces()
	if err != nil {
		return fmt.Errorf("read this machine's addresses: %w", err)
	}
	for _, i := range interfaces {
		addrs, err := i.Addrs()
		if err != nil {
			continue // an interface that has just gone
		}
		for _, a := range addrs {
			p, err := netip.ParsePrefix(a.String())
			for _, n := range segments {
				if err == nil && p.Overlaps(n.prefix) && i.Name != l.ID+"-"+n.name {
					return fmt.Errorf("lab %s: its network %s is in use by %s (%s); choose another RUNDOCK_LAB_ID", l.ID, n.prefix, i.Name, p)
				}
			}
		}
	}
	return nil
}

// unplugOperator removes this machine's two links to the switch.
func (l *Lab) unplugOperator() error {
	private, public := networks(l.ID)
	for _, n := range []network{private, public} {
		link := l.ID + "-" + n.name
		if !exists("/sys/class/net/" + link) {
			continue
		}
		// It may go by itself meanwhile: the other end's namespace is gone.
		if _, err := run("", "ip", "link", "del", link); err != nil && exists("/sys/class/net/"+link) {
			return err
		}
	}
	return nil
}

// plug connects host h, whose first process is pid, to the switch.
func (l *Lab) plug(h Host, pid, switchPid int) error {
	private, public := networks(l.ID)
	var there, here strings.Builder
	fmt.Fprintln(&here, "link set lo up")
	for _, n := range h.nics(private, public) {
		fmt.Fprintf(&there, "link add %s type veth peer name %s address %s netns %d\n", n.port, n.device, n.mac, pid)
		fmt.Fprintf(&there, "link set %s master %s\nlink set %s up\n", n.port, n.bridge, n.port)
		fmt.Fprintf(&here, "addr add %s broadcast + dev %s\nlink set %s up\n", n.addr, n.device, n.device)
	}
	if err := ipIn(switchPid, there.String()); err != nil {
		return fmt.Errorf("plug %s into the switch: %w", h.Name, err)
	}
	if err := ipIn(pid, here.String()); err != nil {
		return fmt.Errorf("address %s: %w", h.Name, err)
	}
	return nil
}

// unplug removes h's ports from the switch, if they are there.
func (l *Lab) unplug(h Host, switchPid int) error {
	have, err := ports(switchPid)
	if err != nil {
		return err
	}
	private, public := networks(l.ID)
	for _, n := range h.nics(private, public) {
		if !slices.Contains(have, n.port) {
			continue
		}
		if err := ipIn(switchPid, "link del "+n.port+"\n"); err != nil {
			have, e := ports(switchPid)
			if e != nil || slices.Contains(have, n.port) {
				return fmt.Errorf("unplug %s: %w", h.Name, err)
			}
		}
	}
	return nil
}

// plugged reports whether all of h's ports are on the switch.
func (l *Lab) plugged(h Host, switchPid int) (bool, error) {
	have, err := ports(switchPid)
	if err != nil {
		return false, err
	}
	private, public := networks(l.ID)
	for _, n := range h.nics(private, public) {
		if !slices.Contains(have, n.port) {
			return false, nil
		}
	}
	return true, nil
}

// ports returns the names of all links in the switch.
func ports(switchPid int) ([]string, error) {
	out, err := run("", "nsenter", "-t", strconv.Itoa(switchPid), "-n", "ip", "-json", "link", "show")
	if err != nil {
		return nil, fmt.Errorf("read the switch's ports: %w", err)
	}
	var links []struct {
		Name string `json:"ifname"`
	}
	if err := json.Unmarshal([]byte(out), &links); err != nil {
		return nil, fmt.Errorf("read the switch's ports: %w", err)
	}
	var names []string
	for _, link := range links {
		names = append(names, link.Name)
	}
	return names, nil
}

// ipIn runs a batch of ip(8) commands in the network namespace of pid.
func ipIn(pid int, batch string) error {
	_, err := run(batch, "nsenter", "-t", strconv.Itoa(pid), "-n", "ip", "-batch", "-")
	return err
}

// Partition cuts the host off from both segments: nothing it sends arrives,
// nothing reaches it, its links stay up. It lasts until Heal, over boots.
func (l *Lab) Partition(name string) error { return l.cut(name, "add") }

// Heal undoes Partition.
func (l *Lab) Heal(name string) error { return l.cut(name, "delete") }

func (l *Lab) cut(name, verb string) error {
	h, err := l.host(name)
	if err != nil {
		return err
	}
	pid := l.switchProcess()
	if pid == 0 {
		return fmt.Errorf("%s %s: lab %s has no running switch; run lab up", verb, name, l.ID)
	}
	was, err := cutPorts(pid)
	if err != nil {
		return err
	}
	private, public := networks(l.ID)
	var rules strings.Builder
	for _, n := range h.nics(private, public) {
		if slices.Contains(was, n.port) != (verb == "add") {
			fmt.Fprintf(&rules, "%s element bridge lab cut { %q }\n", verb, n.port)
		}
	}
	if _, err := run(rules.String(), "nsenter", "-t", strconv.Itoa(pid), "-n", "nft", "-f", "-"); err != nil {
		return fmt.Errorf("partition of %s: %w", name, err)
	}
	return nil
}

// cutPorts returns the ports that are cut off.
func cutPorts(switchPid int) ([]string, error) {
	out, err := run("", "nsenter", "-t", strconv.Itoa(switchPid), "-n", "nft", "-j", "list", "set", "bridge", "lab", "cut")
	if err != nil {
		return nil, fmt.Errorf("read partitions: %w", err)
	}
	var list struct {
		Nftables []struct {
			Set *struct {
				Elem []string `json:"elem"`
			} `json:"set"`
		} `json:"nftables"`
	}
	if err := json.Unmarshal([]byte(out), &list); err != nil {
		return nil, fmt.Errorf("read partitions: %w", err)
	}
	for _, item := range list.Nftables {
		if item.Set != nil {
			return item.Set.Elem, nil
		}
	}
	return nil, nil
}
