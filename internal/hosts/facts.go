package hosts

import (
	"bufio"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"net/netip"
	"os"
	"slices"
	"strings"

	"golang.org/x/sys/unix"
)

// Facts are what is known of this machine under the names of Ansible's own
// module setup, as far as playbooks of rundock ask: its name, its architecture,
// its distribution, and the addresses of each interface:
//
//	{"hostname": "node-1", "architecture": "x86_64", "interfaces": ["lo", "eth0"],
//	 "eth0": {"device": "eth0", "ipv4": {"address": "10.0.0.1"},
//	          "ipv6": [{"address": "fd00::1", "prefix": "64", "scope": "global"}]}, ...}
//
// Those of IPv6 that are there for a while only are left out.
//
// Source of the names: ansible-core 2.14, module_utils/facts.
func Facts() (map[string]any, error) {
	facts := map[string]any{}
	var machine unix.Utsname
	if err := unix.Uname(&machine); err != nil {
		return nil, fmt.Errorf("find out which machine this is: %w", err)
	}
	node := unix.ByteSliceToString(machine.Nodename[:])
	facts["nodename"] = node
	facts["hostname"], _, _ = strings.Cut(node, ".")
	facts["architecture"] = unix.ByteSliceToString(machine.Machine[:])
	facts["kernel"] = unix.ByteSliceToString(machine.Release[:])
	release, err := os.ReadFile("/etc/os-release")
	if err != nil {
		return nil, fmt.Errorf("find out which distribution this is: %w", err)
	}
	for name, value := range distribution(string(release)) {
		facts[name] = value
	}
	interfaces, err := addresses(facts)
	facts["interfaces"] = interfaces
	return facts, err
}

// distribution is what os-release(5) says, in the words of setup.
func distribution(release string) map[string]any {
	says := map[string]string{}
	for line := range strings.Lines(release) {
		name, value, _ := strings.Cut(strings.TrimSpace(line), "=")
		says[name] = strings.Trim(value, `"'`)
	}
	name := says["NAME"]
	switch says["ID"] {
	case "debian", "ubuntu":
		name = strings.ToUpper(says["ID"][:1]) + says["ID"][1:]
	}
	family := name
	if slices.Contains(append(strings.Fields(says["ID_LIKE"]), says["ID"]), "debian") {
		family = "Debian"
	}
	major, _, _ := strings.Cut(says["VERSION_ID"], ".")
	return map[string]any{
		"distribution": name, "distribution_version": says["VERSION_ID"], "distribution_major_version": major,
		"distribution_release": says["VERSION_CODENAME"], "os_family": family,
	}
}

// addresses adds what is known of each interface to facts, and returns their names.
func addresses(facts map[string]any) ([]string, error) {
	entries, err := os.ReadDir("/sys/class/net")
	if err != nil {
		return nil, fmt.Errorf("find out the interfaces: %w", err)
	}
	socket, err := unix.Socket(unix.AF_INET, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return nil, fmt.Errorf("find out addresses of interfaces: %w", err)
	}
	defer unix.Close(socket)
	standard := defaultInterface()
	table, err := os.ReadFile("/proc/net/if_inet6")
	if err != nil && !errors.Is(err, fs.ErrNotExist) { // a kernel without IPv6 has no such file
		return nil, fmt.Errorf("find out addresses of IPv6: %w", err)
	}
	six := addresses6(string(table))
	names := []string{}
	for _, e := range entries {
		name := e.Name()
		request, err := unix.NewIfreq(name)
		info, statErr := os.Stat("/sys/class/net/" + name)
		if err != nil || statErr != nil || !info.IsDir() {
			continue // bonding_masters is a file of the kernel's
		}
		names = append(names, name)
		about := map[string]any{"device": name}
		if unix.IoctlIfreq(socket, unix.SIOCGIFADDR, request) == nil { // fails where it has no address
			if a, err := request.Inet4Addr(); err == nil {
				address := netip.AddrFrom4([4]byte(a)).String()
				about["ipv4"] = map[string]any{"address": address}
				if name == standard {
					facts["default_ipv4"] = map[string]any{"address": address, "interface": name}
				}
			}
		}
		if len(six[name]) > 0 {
			about["ipv6"] = six[name]
		}
		// A name such as interfaces is the list's, and lo:0 is written lo_0.
		if key := strings.NewReplacer("-", "_", ":", "_").Replace(name); facts[key] == nil {
			facts[key] = about
		}
	}
	return names, nil
}

// defaultInterface is the one that packets to elsewhere leave by; "" where there is none.
func defaultInterface() string {
	f, err := os.Open("/proc/net/route")
	if err != nil {
		return ""
	}
	defer f.Close()
	lines := bufio.NewScanner(f)
	for lines.Scan() {
		fields := strings.Fields(lines.Text())
		if len(fields) < 8 {
			continue
		}
		to, err := hex.DecodeString(fields[1] + fields[7]) // destination and mask
		if err == nil && !slices.ContainsFunc(to, func(b byte) bool { return b != 0 }) {
			return fields[0]
		}
	}
	return ""
}
