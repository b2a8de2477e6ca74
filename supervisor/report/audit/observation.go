package audit

import (
	"io/fs"
	"net/netip"
	"strings"
	"time"

	"rundock/internal/container"
)

// Observation is what was seen of a host in one pass. Of what could not be seen the error is
// beside it.
type Observation struct {
	Time time.Time
	Host string

	Files  map[string]File // by path: those that are there
	Unread []string        // folders and files that could not be looked at, and why
	Mounts []string        // paths that something is mounted at

	DockerGroup []string // users of the group docker
	Sysctls     map[string]string

	Audited *[]string // paths that auditd watches; nil: there is no auditd

	Settings    map[string]any // of daemon.json and dockerd's arguments, by the names of daemon.json
	SettingsBad string         // why daemon.json cannot be read

	Docker     container.DaemonPosture
	DockerBad  string // why dockerd cannot be asked; then Containers are not known either
	Containers []container.Posture
	Shells     map[string]int // process ids of sshd by id of container

	Listeners    []Listener
	ListenersBad string
	Private      netip.Addr // of the host's private interface; invalid: it has none

	Processes []Process // rundock's own, that runit supervises
	Programs  map[string]Program
	Services  []Service

	Filter       string // why the packet filter is not as it is to be
	FilterWanted bool
	Certificates []Certificate
	Plain        []string // addresses of stores without TLS, other than this host's own loopback
}

// File is a file, folder or socket.
type File struct {
	Mode  fs.FileMode // type and permissions
	UID   uint32
	GID   uint32
	Owner string // USER:GROUP, numbers where there is no name
}

// beyond are the permissions of f that allowed has not.
func (f File) beyond(allowed fs.FileMode) fs.FileMode { return f.Mode.Perm() &^ allowed }

// Listener is a port of the host that takes connections of TCP, or packets of UDP.
type Listener struct {
	Protocol string // tcp or udp
	Address  netip.AddrPort
	Program  string // of the process that has it; "": the kernel has it
}

// everywhere reports whether others than this host and those of its private network come to it.
func (l Listener) everywhere(private netip.Addr) bool {
	a := l.Address.Addr().Unmap()
	return !a.IsLoopback() && a != private
}

// Process is one of rundock's.
type Process struct {
	Service    string // of runit
	Program    string // its command: rundockd filter
	PID        int
	UID        int
	NoNewPrivs bool
	Bounding   uint64 // the bounding set of capabilities
}

// Program is one of /usr/local/bin that site.yml has sent.
type Program struct {
	Hash string // SHA-256 as it is now; "": it is not there
	Sent string // as it was sent
}

// Service is a service of rundock with a container.
type Service struct {
	Name      string
	Image     string // as its service.json asks for it
	Pin       string // id of the image that a rollback has it run
	Announced bool   // its sidecar looks whether it is well
	Bad       string // why its files cannot be read
}

// Certificate is one of the host.
type Certificate struct {
	Name, Text string
	Good       bool // valid, and for a while
	Until      time.Time
}

// setting is that of daemon.json or of dockerd's argument of this name.
func (o Observation) setting(name string) (value any, given bool) {
	value, given = o.Settings[name]
	return value, given
}

// list is a setting that is a list, or one of its elements.
func (o Observation) list(name string) (all []string) {
	switch value := o.Settings[name].(type) {
	case string:
		return strings.Split(value, ",")
	case []any:
		for _, v := range value {
			if text, ok := v.(string); ok {
				all = append(all, text)
			}
		}
	}
	return all
}

// service returns the service of this name, and whether there is one.
func (o Observation) service(name string) (Service, bool) {
	for _, s := range o.Services {
		if s.Name == name {
			return s, true
		}
	}
	return Service{}, false
}
