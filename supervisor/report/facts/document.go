package facts

import (
	"time"

	"rundock/internal/container"
	"rundock/internal/control"
)

// document is what `rundockd facts --json` prints. Its field names stay. Lists
// are never absent; parts that were not asked for are empty.
type document struct {
	Version        int                     `json:"version"`
	Host           string                  `json:"host"`
	Inventory      string                  `json:"inventory"` // name of the host in the inventory; "": site.yml of an earlier release prepared it
	Machine        string                  `json:"machine"`   // its id
	Zone           string                  `json:"zone"`
	Time           time.Time               `json:"time"`
	Unknown        []string                `json:"unknown"` // what could not be found out, and why
	Drained        *control.Drain          `json:"drained,omitempty"`
	Groups         []string                `json:"groups"`
	Labels         map[string]string       `json:"labels"`
	Arch           string                  `json:"arch"` // as Docker has it: amd64
	OS             string                  `json:"os"`   // "Debian GNU/Linux 12 (bookworm)"
	Kernel         string                  `json:"kernel"`
	Private        string                  `json:"private_address"`
	Public         string                  `json:"public_address"`
	Capacity       capacity                `json:"capacity"`
	Reserved       reserved                `json:"reserved"`
	Programs       []program               `json:"programs"`
	Services       []service               `json:"services"`
	Networks       []network               `json:"networks"`
	Images         []image                 `json:"images"`
	Volumes        []string                `json:"volumes"`             // Docker's that have a name, also of no service
	DockerNetworks []container.HostNetwork `json:"docker_networks"`     // all that dockerd has; null: not known
	StackKey       string                  `json:"stack_key,omitempty"` // names the key of stacks' secrets that the host has
}

// capacity is what the machine has. Sizes are bytes.
type capacity struct {
	CPUs            int    `json:"cpus"`
	Memory          int64  `json:"memory"`
	MemoryAvailable int64  `json:"memory_available"` // to further processes, as the kernel reckons
	Disks           []disk `json:"disks"`            // a file system each
}

type disk struct {
	Path string `json:"path"` // the first of those that are looked at on it
	Size int64  `json:"size"`
	Free int64  `json:"free"` // to others than root
}

// reserved is what enabled services may take, by their limits.
type reserved struct {
	CPUs            float64 `json:"cpus"`
	Memory          int64   `json:"memory"`
	WithoutCPULimit int     `json:"without_cpu_limit"` // services that may take all
	WithoutMemory   int     `json:"without_memory_limit"`
}

type program struct {
	Name    string `json:"name"`
	Version string `json:"version"` // "": it does not tell
}

// service is one of this host.
type service struct {
	Name    string `json:"name"`             // as rundockd status has it, with the colour
	Colour  string `json:"colour,omitempty"` // blue or green
	Stack   string `json:"stack,omitempty"`  // of which it is a slot
	Slot    string `json:"slot,omitempty"`   // such as web.1
	Enabled bool   `json:"enabled"`
	Masked  bool   `json:"held,omitempty"`    // an administrator's hidden link keeps it disabled
	Verdict string `json:"verdict"`           // ok, disabled, drained, standby, unknown, wrong: as status --json
	Problem string `json:"problem,omitempty"` // why it is not ok
	Next    string `json:"next,omitempty"`    // what to do about it

	State     string    `json:"state"`          // of its runner, as running or backoff; of its sidecar where it has no container; "": neither runs
	Since     time.Time `json:"since,omitzero"` // when State began
	Announced string    `json:"announced"`      // state of its sidecar; "": it has none
	Reason    string    `json:"reason,omitempty"`

	Image     string `json:"image"` // by its service.json; "": it has no container
	ImageID   string `json:"image_id,omitempty"`
	Digest    string `json:"digest,omitempty"` // NAME@sha256:... of the one that runs; "": no image registry knows it
	Container string `json:"container,omitempty"`

	CPUs              float64           `json:"cpus"`               // limit; 0: none
	Memory            int64             `json:"memory"`             // limit in bytes; 0: none
	MemoryReservation int64             `json:"memory_reservation"` // bytes; 0: none
	Networks          []string          `json:"networks"`           // that somebody has made
	Ports             []port            `json:"ports"`              // of the host, that it takes
	Volumes           []string          `json:"volumes"`            // named ones
	Labels            map[string]string `json:"labels"`
	Records           []record          `json:"records"` // that it announces, or would
}

// port is one of the host.
type port struct {
	Address  string `json:"address"` // 0.0.0.0 is all
	Port     int    `json:"port"`
	Protocol string `json:"protocol"`
}

type record struct {
	Name string `json:"name"` // its DNS name
	Host string `json:"host"`
	Port int    `json:"port"`
}

// network is an overlay network.
type network struct {
	Name    string `json:"name"`
	Verdict string `json:"verdict"`
	Problem string `json:"problem,omitempty"`
	State   string `json:"state"`
	CIDR    string `json:"cidr"`
	VNI     uint32 `json:"vni"`
	Subnet  string `json:"subnet"` // of this host
	MTU     int    `json:"mtu"`
	Peers   int    `json:"peers"`
}

type image struct {
	ID      string   `json:"id"`
	Names   []string `json:"names"`   // NAME:TAG
	Digests []string `json:"digests"` // NAME@sha256:...
	Size    int64    `json:"size"`
}
