// Package stack is the model of a stack: services that are placed, released
// and rolled back as one, with their networks, volumes, configs and secrets.
// It is made of compose files (internal/stack/compose), and is what hosts are
// chosen for (internal/stack/place) and what a release keeps. It is data:
// nothing here knows YAML, hosts, Docker or the store.
//
// A model is the same whatever order the keys of its files are in: lists are
// sorted where their order means nothing, zero values are left out of its
// JSON, and maps are sorted there. So its Hash tells two models apart.
//
// Source: the compose specification; Docker Swarm mode's and classic Swarm's
// rules of placement.
package stack

import "rundock/internal/spec"

// Version is the version of a model's JSON.
const Version = 1

// Stack is one stack. Its maps are by the keys of the files.
type Stack struct {
	Version  int                `json:"version"`
	Name     string             `json:"name"` // a DNS label
	Services map[string]Service `json:"services"`
	Networks map[string]Network `json:"networks,omitempty"` // those that a service is in
	Volumes  map[string]Volume  `json:"volumes,omitempty"`  // those that a service mounts
	Configs  map[string]File    `json:"configs,omitempty"`  // those that a service has
	Secrets  map[string]File    `json:"secrets,omitempty"`
}

// Service is what a stack has one or several instances of. Instances are
// numbered from 1; a slot is a number of a service, such as web.2.
//
// Container lacks what is known of a slot alone: networks, shares with others
// of its pod, published ports, the files of configs and secrets. Container.Network
// is host, none, or "" for those of Networks or of the pod's owner. Named volumes
// are in it under Docker's names.
type Service struct {
	Container   spec.Container `json:"container"`
	Build       *Build         `json:"build,omitempty"`        // makes Container.Image; nil: it is pulled
	Pull        string         `json:"pull,omitempty"`         // always, missing, never; "" means always
	StopTimeout int            `json:"stop_timeout,omitempty"` // seconds between TERM and KILL; 0 means 10

	Global   bool    `json:"global,omitempty"`   // one instance on each host that fits, however many these are
	Replicas int     `json:"replicas,omitempty"` // instances; 0 is none, the service is stopped
	Job      bool    `json:"job,omitempty"`      // runs once a release, to its end
	Restart  Restart `json:"restart,omitzero"`

	Constraints []Rule    `json:"constraints,omitempty"` // of the host: all hold
	Affinities  []Rule    `json:"affinities,omitempty"`  // of the containers that are on the host: all hold
	Preferences []string  `json:"preferences,omitempty"` // keys of hosts, as of a Constraint, over whose values instances are spread; the first counts most
	MaxPerHost  int       `json:"max_per_host,omitempty"`
	Reschedule  bool      `json:"reschedule,omitempty"` // on-node-failure: a standby takes over from a host that is gone
	Resources   Resources `json:"resources,omitzero"`
	Ports       []Port    `json:"ports,omitempty"`
	Volumes     []string  `json:"volumes,omitempty"` // keys of Stack.Volumes, sorted
	Pod         Pod       `json:"pod,omitzero"`

	Networks  map[string]spec.Network `json:"networks,omitempty"` // by key of Stack.Networks; nameless
	DependsOn map[string]Dependency   `json:"depends_on,omitempty"`
	Update    Update                  `json:"update,omitzero"`
	Rollback  Update                  `json:"rollback,omitzero"`
	Configs   []Use                   `json:"configs,omitempty"`
	Secrets   []Use                   `json:"secrets,omitempty"`
	Labels    map[string]string       `json:"labels,omitempty"` // of the service, not of its containers
}

// Rule is one constraint or affinity.
//
// The Key of a constraint is KeyNode, KeyRole, KeyArch, KeyOS, KeyGroup or
// LabelPrefix and the name of a label of the host. That of an affinity is
// KeyContainer (the name of a container on the host), KeyImage, or LabelPrefix
// and the name of a label of such a container.
type Rule struct {
	Key   string `json:"key"`
	Not   bool   `json:"not,omitempty"` // != : holds where nothing matches, as where there is no such label
	Value string `json:"value"`
	Match Match  `json:"match,omitempty"`
	Soft  bool   `json:"soft,omitempty"` // placed all the same where it cannot hold
}

// Keys of rules.
const (
	KeyNode      = "node"  // the host's name
	KeyRole      = "role"  // manager, which is a host of the group rundock_etcd, or worker
	KeyArch      = "arch"  // as Go has it: amd64, arm64
	KeyOS        = "os"    // linux
	KeyGroup     = "group" // any of the host's groups in the inventory
	KeyContainer = "container"
	KeyImage     = "image"
	LabelPrefix  = "labels."
)

// Match is how a rule's value is compared.
type Match string

const (
	Glob   Match = ""       // the whole of it, case counts, * is any text; classic Swarm's
	Regexp Match = "regexp" // anywhere in it, Go's syntax; classic Swarm's /value/
	Word   Match = "word"   // the whole of it, case ignored; Swarm mode's
)

// String is r as in a file's environment: node==a*, zone!=/b|c/, container!=~web_*.
// A Word is written with a space around the operator, as Swarm mode does.
func (r Rule) String() string {
	operator, value := "==", r.Value
	if r.Not {
		operator = "!="
	}
	if r.Soft {
		operator += "~"
	}
	switch r.Match {
	case Regexp:
		value = "/" + value + "/"
	case Word:
		operator = " " + operator + " "
	}
	return r.Key + operator + value
}

// Resources are what one instance uses at most, and what is set aside for it.
type Resources struct {
	Limit   Amount `json:"limit,omitzero"`
	Reserve Amount `json:"reserve,omitzero"`
}

// Amount is an amount of resources; zero is none given.
type Amount struct {
	CPU    int   `json:"cpu,omitempty"`    // thousandths of a processor
	Memory int64 `json:"memory,omitempty"` // bytes
}

// Need is what counts where an instance is placed: what is reserved, or else
// the limit.
func (r Resources) Need() Amount {
	need := r.Reserve
	if need.CPU == 0 {
		need.CPU = r.Limit.CPU
	}
	if need.Memory == 0 {
		need.Memory = r.Limit.Memory
	}
	return need
}

// Port is a port of the host that each instance takes.
type Port struct {
	IP        string `json:"ip,omitempty"`        // an address of the host, or $PRIVATE_IP or $PUBLIC_IP; "" is every one
	First     int    `json:"first"`               // of the host
	Last      int    `json:"last,omitempty"`      // an instance takes one port of First to Last; 0 is First alone
	Container int    `json:"container,omitempty"` // which it leads to; 0 with the host's network: the container listens on First itself
	Protocol  string `json:"protocol,omitempty"`  // tcp, udp, sctp; "" means tcp
}

// Volume is a named volume. Of one that is not Shared each host has its own, so
// that an instance stays where its data is.
type Volume struct {
	Name     string            `json:"name"`               // Docker's
	External bool              `json:"external,omitempty"` // somebody else makes it, and it has to be there
	Shared   bool              `json:"shared,omitempty"`   // it has the same data on every host, as by NFS
	Driver   string            `json:"driver,omitempty"`   // "" is local
	Options  map[string]string `json:"options,omitempty"`
	Labels   map[string]string `json:"labels,omitempty"`
}

// Network is a network of the stack.
type Network struct {
	Name     string   `json:"name"`               // Docker's
	External bool     `json:"external,omitempty"` // somebody else makes it, and it has to be there
	Internal bool     `json:"internal,omitempty"` // no way out
	Subnets  []string `json:"subnets,omitempty"`  // none: one of the pool

	Labels map[string]string `json:"labels,omitempty"`
}

// Pod is what a service shares with others of its stack, each a key of
// Stack.Services. Instance n shares with instance n of the other.
type Pod struct {
	Network     string   `json:"network,omitempty"` // network_mode: service:x
	IPC         string   `json:"ipc,omitempty"`
	PID         string   `json:"pid,omitempty"`
	VolumesFrom []string `json:"volumes_from,omitempty"` // x or x:ro
}

// Dependency is that another service comes first.
type Dependency struct {
	Condition Condition `json:"condition,omitempty"`
	Restart   bool      `json:"restart,omitempty"`  // started again after each change of the other
	Optional  bool      `json:"optional,omitempty"` // that the other fails stops nothing
}

// Condition is what of another service is waited for.
type Condition string

const (
	Started   Condition = "" // its container runs
	Healthy   Condition = "healthy"
	Completed Condition = "completed" // a job that ended well
)

// Update is how instances are replaced. Whatever fails, the whole stack goes
// back.
type Update struct {
	Parallelism int    `json:"parallelism,omitempty"` // instances at once; 0 means 1, -1 all
	Delay       string `json:"delay,omitempty"`       // between two of them, as 10s; "" is none
	Monitor     string `json:"monitor,omitempty"`     // how long an instance must be well; "" means 5s
	Order       string `json:"order,omitempty"`       // start-first, stop-first; "" is start-first where that can be
}

// Restart is what is done when an instance ends. A service's is started again,
// whatever this says; of a job it says how often.
type Restart struct {
	Attempts int `json:"attempts,omitempty"` // of a job: how often it is started again before it has failed
}

// File is a config or a secret.
type File struct {
	Hash string `json:"hash"`           // 64 hex digits: SHA-256 of what it holds; of a secret, keyed, so that it tells nothing of it
	Size int    `json:"size,omitempty"` // bytes, of a config
}

// Use is a config or secret as an instance has it.
type Use struct {
	Source string `json:"source"` // key of Stack.Configs or Stack.Secrets
	Target string `json:"target"` // absolute path in the container
	UID    string `json:"uid,omitempty"`
	GID    string `json:"gid,omitempty"`
	Mode   string `json:"mode,omitempty"` // octal; "" means 0444
}

// Build is how an image is made that is not pulled. Paths are relative to the
// folder of the first compose file.
type Build struct {
	Context    string            `json:"context"` // a folder
	Dockerfile string            `json:"dockerfile,omitempty"`
	Inline     string            `json:"inline,omitempty"` // the text of a Dockerfile
	Target     string            `json:"target,omitempty"`
	Args       map[string]string `json:"args,omitempty"`
	Labels     map[string]string `json:"labels,omitempty"`
	NoCache    bool              `json:"no_cache,omitempty"`
	Pull       bool              `json:"pull,omitempty"`
	Network    string            `json:"network,omitempty"`
	ExtraHosts []string          `json:"extra_hosts,omitempty"` // name:ip
	Platforms  []string          `json:"platforms,omitempty"`
	ShmSize    int64             `json:"shm_size,omitempty"`
}
