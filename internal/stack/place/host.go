package place

import (
	"slices"

	"rundock/internal/stack"
)

// State is whether a host may have instances.
type State string

// The states of a host. One that cannot be reached is not lost: what runs there
// may run on, so its slots stay.
const (
	Ready       State = ""
	Paused      State = "paused"      // keeps what it has, and gets nothing new
	Drained     State = "drained"     // what it has moves
	Unreachable State = "unreachable" // keeps what it has, and gets nothing new
	lost        State = "lost"        // by Options.Lost
)

// Host is what is known of a host. What is in use there is without the stack's
// own: that is planned anew.
type Host struct {
	Name     string            `json:"name"`              // of the inventory
	Address  string            `json:"address,omitempty"` // private, which $PRIVATE_IP is in ports
	Public   string            `json:"public,omitempty"`  // which $PUBLIC_IP is; "" means Address
	Labels   map[string]string `json:"labels,omitempty"`  // rundock_labels
	Groups   []string          `json:"groups,omitempty"`  // of the inventory
	Arch     string            `json:"arch,omitempty"`    // as Go or uname has it
	Role     string            `json:"role,omitempty"`    // manager or worker; "": manager in the group rundock_etcd
	State    State             `json:"state,omitempty"`
	CPU      int               `json:"cpu,omitempty"`      // thousandths of a processor; 0: not known, and as many as are asked for
	Memory   int64             `json:"memory,omitempty"`   // bytes; 0: not known, and as many as are asked for
	Volumes  []string          `json:"volumes,omitempty"`  // Docker's names
	Images   []string          `json:"images,omitempty"`   // repository:tag
	Networks []string          `json:"networks,omitempty"` // Docker's names; nil: not known, and all that are asked for
	Used     Used              `json:"used,omitzero"`
}

// Used is what others than the stack have of a host.
type Used struct {
	CPU        int          `json:"cpu,omitempty"`        // thousandths of a processor, by limits or reservations
	Memory     int64        `json:"memory,omitempty"`     // bytes
	Ports      []stack.Port `json:"ports,omitempty"`      // all of First to Last
	Containers []Container  `json:"containers,omitempty"` // stopped ones too
}

// Container is one of another stack, or of none.
type Container struct {
	Name   string            `json:"name"`
	Image  string            `json:"image,omitempty"`
	Labels map[string]string `json:"labels,omitempty"`
}

// manager and worker are what a constraint of the role compares with.
const (
	manager      = "manager"
	worker       = "worker"
	managerGroup = "rundock_etcd"
)

func (h *Host) role() string {
	switch {
	case h.Role != "":
		return h.Role
	case slices.Contains(h.Groups, managerGroup):
		return manager
	}
	return worker
}

// archNames are an architecture's names: as Go has it first, as uname does then.
func archNames(arch string) []string {
	switch arch {
	case "amd64", "x86_64":
		return []string{"amd64", "x86_64"}
	case "arm64", "aarch64":
		return []string{"arm64", "aarch64"}
	}
	return []string{arch}
}
