package audit

import (
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"net/netip"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"rundock/supervisor/process"
)

// lookAtProcesses notes rundock's own, who listens, and servers of ssh in containers.
func (o *Observation) lookAtProcesses() {
	listeners, inodes, err := listening()
	o.Shells = map[string]int{}
	if err != nil {
		o.ListenersBad = err.Error()
	}
	all, err := filepath.Glob("/proc/[0-9]*")
	if err != nil {
		return
	}
	for _, dir := range all {
		pid, _ := strconv.Atoi(filepath.Base(dir))
		comm := strings.TrimSpace(text(dir + "/comm"))
		status := text(dir + "/status")
		if parent := field(status, "PPid"); parent != "" && strings.TrimSpace(text("/proc/"+parent+"/comm")) == "runsv" {
			if p, ours := processOf(pid, status); ours {
				p.Service = serviceOf(parent)
				o.Processes = append(o.Processes, p)
			}
		}
		if comm == "sshd" {
			if id := containerOf(text(dir + "/cgroup")); id != "" {
				o.Shells[id] = pid
			}
		}
		for _, inode := range sockets(dir) {
			if i, ours := inodes[inode]; ours && listeners[i].Program == "" {
				listeners[i].Program = comm
			}
		}
	}
	o.Listeners = listeners
}

// text is what a file has; "": a process that has ended has none.
func text(path string) string {
	data, _ := os.ReadFile(path)
	return string(data)
}

// field is one of /proc/PID/status.
func field(status, name string) string {
	_, rest, found := strings.Cut("\n"+status, "\n"+name+":")
	if !found {
		return ""
	}
	line, _, _ := strings.Cut(rest, "\n")
	first, _, _ := strings.Cut(strings.TrimSpace(line), "\t")
	return first
}

// ofRundock are programs that rundock starts by runit.
var ofRundock = []string{"rundockd", "rundock-store", "dnsd", "previewd", "docker-registry", "consul"}

// processOf is a process that a runsv has started, if it is one of rundock's.
func processOf(pid int, status string) (p Process, ours bool) {
	words := process.CommandLine(pid)
	if len(words) == 0 {
		return p, false
	}
	name := filepath.Base(words[0])
	if !slices.Contains(ofRundock, name) {
		return p, false
	}
	if len(words) > 1 && !strings.HasPrefix(words[1], "-") {
		name += " " + words[1]
	}
	p = Process{Program: name, PID: pid, NoNewPrivs: field(status, "NoNewPrivs") == "1"}
	p.UID, _ = strconv.Atoi(field(status, "Uid"))
	p.Bounding, _ = strconv.ParseUint(field(status, "CapBnd"), 16, 64)
	return p, true
}

// serviceOf is the service that the runsv of this number has: its folder.
func serviceOf(runsv string) string {
	dir, err := os.Readlink("/proc/" + runsv + "/cwd")
	if err != nil {
		return "runsv " + runsv
	}
	return dir
}

var containerID = regexp.MustCompile(`[0-9a-f]{64}`)

// containerOf finds the id of a container in the cgroups of a process.
func containerOf(cgroups string) string { return containerID.FindString(cgroups) }

// sockets are the inodes of those that a process has open.
func sockets(dir string) (inodes []string) {
	entries, _ := os.ReadDir(dir + "/fd")
	for _, e := range entries {
		to, _ := os.Readlink(dir + "/fd/" + e.Name())
		if rest, ok := strings.CutPrefix(to, "socket:["); ok {
			inodes = append(inodes, strings.TrimSuffix(rest, "]"))
		}
	}
	return inodes
}

// listening are the sockets of this host that listen, and which of them an inode is.
func listening() (all []Listener, inodes map[string]int, err error) {
	inodes = map[string]int{}
	for _, file := range []string{"tcp", "tcp6", "udp", "udp6"} {
		data, err := os.ReadFile("/proc/self/net/" + file)
		if os.IsNotExist(err) { // a kernel without IPv6
			continue
		}
		if err != nil {
			return nil, nil, err
		}
		for line := range strings.Lines(string(data)) {
			at, inode, listens, err := socketLine(line, file[:3])
			if err != nil {
				return nil, nil, fmt.Errorf("/proc/net/%s: %w", file, err)
			}
			if listens {
				inodes[inode] = len(all)
				all = append(all, Listener{Protocol: file[:3], Address: at})
			}
		}
	}
	return all, inodes, nil
}

// socketLine reads a line of /proc/net/tcp or udp.
//
// Source: Linux, Documentation/networking/proc_net_tcp.rst.
func socketLine(line, protocol string) (at netip.AddrPort, inode string, listens bool, err error) {
	const listen, unconnected = "0A", "07"
	words := strings.Fields(line)
	if len(words) < 10 || words[0] == "sl" {
		return at, "", false, nil
	}
	if words[3] != map[string]string{"tcp": listen, "udp": unconnected}[protocol] {
		return at, "", false, nil
	}
	address, port, _ := strings.Cut(words[1], ":")
	raw, err := hex.DecodeString(address)
	if err != nil || len(raw)%4 != 0 {
		return at, "", false, fmt.Errorf("no address: %s", address)
	}
	// Each 32 bits are in the order of the machine.
	for i := 0; i < len(raw); i += 4 {
		binary.BigEndian.PutUint32(raw[i:], binary.NativeEndian.Uint32(raw[i:]))
	}
	a, ok := netip.AddrFromSlice(raw)
	n, err := strconv.ParseUint(port, 16, 16)
	if !ok || err != nil {
		return at, "", false, fmt.Errorf("no address: %s", words[1])
	}
	return netip.AddrPortFrom(a.Unmap(), uint16(n)), words[9], true, nil
}

// dockerdArguments are those of the dockerd that runs.
func dockerdArguments() []string {
	pid, err := strconv.Atoi(strings.TrimSpace(text("/run/docker.pid")))
	if err != nil || strings.TrimSpace(text(fmt.Sprintf("/proc/%d/comm", pid))) != "dockerd" {
		return nil
	}
	return process.CommandLine(pid)[1:]
}
