package container

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"

	"rundock/internal/spec"

	"github.com/docker/docker/api/types/container"
	"github.com/docker/go-connections/nat"
)

// HostPort is a port of the host; an unspecified IP is every address.
type HostPort struct {
	IP    netip.Addr
	Port  int
	Proto string // tcp, udp, sctp
}

func hostPort(ip string, port int, proto string) HostPort {
	a, err := netip.ParseAddr(ip)
	if err != nil {
		a = netip.IPv4Unspecified()
	}
	return HostPort{a, port, proto}
}

func (p HostPort) String() string {
	return netip.AddrPortFrom(p.IP, uint16(p.Port)).String() + "/" + p.Proto
}

// HostPorts lists the host ports that a container of this expanded spec
// would publish.
func HostPorts(want spec.Container) ([]HostPort, error) {
	_, bindings, err := nat.ParsePortSpecs(want.Ports)
	if err != nil {
		return nil, err
	}
	var out []HostPort
	for port, bs := range bindings {
		for _, b := range bs {
			n, _ := strconv.Atoi(b.HostPort) // "" is a port that Docker chooses: 0
			out = append(out, hostPort(b.HostIP, n, port.Proto()))
		}
	}
	return out, nil
}

// Conflicts reports whether p and q cannot be bound by two at once.
func (p HostPort) Conflicts(q HostPort) bool {
	return p.Port == q.Port && p.Proto == q.Proto && (p.IP == q.IP || p.IP.IsUnspecified() || q.IP.IsUnspecified())
}

// CheckPorts returns an error that names the port and its holder if one of
// want cannot be bound on this host. Ports that the container own publishes
// count as free: it is about to be replaced.
func (c *Client) CheckPorts(ctx context.Context, want []HostPort, own State) error {
	for _, p := range want {
		if p.Port == 0 || own.Publishes(p) {
			continue
		}
		err := bind(p)
		if err == nil || !errors.Is(err, syscall.EADDRINUSE) && !errors.Is(err, syscall.EADDRNOTAVAIL) {
			continue // what cannot be tried is left to the daemon
		}
		if errors.Is(err, syscall.EADDRNOTAVAIL) {
			return fmt.Errorf("port %s: %s is not an address of this host", p, p.IP)
		}
		return fmt.Errorf("port %s is in use by %s", p, c.holder(ctx, p))
	}
	return nil
}

// Publishes reports whether the container runs and holds p, or what p conflicts with.
func (s State) Publishes(p HostPort) bool {
	for _, q := range s.Published {
		if s.Running && q.Conflicts(p) {
			return true
		}
	}
	return false
}

func bind(p HostPort) error {
	addr := netip.AddrPortFrom(p.IP, uint16(p.Port)).String()
	switch p.Proto {
	case "tcp":
		l, err := net.Listen("tcp", addr)
		if err != nil {
			return err
		}
		return l.Close()
	case "udp":
		l, err := net.ListenPacket("udp", addr)
		if err != nil {
			return err
		}
		return l.Close()
	}
	return nil
}

// holder names who has bound p: a container, a process, or nobody we can see.
func (c *Client) holder(ctx context.Context, p HostPort) string {
	list, err := c.api().ContainerList(ctx, container.ListOptions{})
	if err == nil {
		for _, l := range list {
			for _, q := range l.Ports {
				if hostPort(q.IP, int(q.PublicPort), q.Type).Conflicts(p) {
					return "container " + strings.TrimPrefix(l.Names[0], "/")
				}
			}
		}
	}
	inode := listener(p)
	if inode == "" {
		return "another process"
	}
	links, _ := filepath.Glob("/proc/[0-9]*/fd/*")
	for _, l := range links {
		if t, err := os.Readlink(l); err == nil && t == "socket:["+inode+"]" {
			pid := strings.Split(l, "/")[2]
			comm, _ := os.ReadFile("/proc/" + pid + "/comm")
			return fmt.Sprintf("process %s (%s)", pid, strings.TrimSpace(string(comm)))
		}
	}
	return "another process"
}

// listener returns the inode of the socket bound to p's port, "" if none is
// found. The format of /proc/net/tcp is in proc(5).
func listener(p HostPort) string {
	for _, name := range []string{p.Proto, p.Proto + "6"} {
		f, err := os.Open("/proc/net/" + name)
		if err != nil {
			continue
		}
		defer f.Close()
		for lines := bufio.NewScanner(f); lines.Scan(); {
			fields := strings.Fields(lines.Text())
			if len(fields) < 10 || p.Proto == "tcp" && fields[3] != "0A" {
				continue
			}
			_, hex, _ := strings.Cut(fields[1], ":")
			if port, err := strconv.ParseUint(hex, 16, 16); err == nil && int(port) == p.Port {
				return fields[9]
			}
		}
	}
	return ""
}
