package hosts

import (
	"slices"
	"strings"

	"rundock/internal/fstree"
)

// Kind is what a step does.
type Kind string

const (
	Install     Kind = "install"      // packages
	Configure   Kind = "configure"    // daemon.json
	Reload      Kind = "reload"       // dockerd reads it
	Start       Kind = "start"        // dockerd, now and at boot
	Reboot      Kind = "reboot"       // dockerd, which is restarted
	Note        Kind = "note"         // what a restart of dockerd is owed for
	Unboot      Kind = "unboot"       // a service of init
	Supervise   Kind = "supervise"    // runsvdir runs
	Put         Kind = "put"          // a program
	MakeUser    Kind = "user"         // a system user
	Write       Kind = "write"        // a file
	WriteScript Kind = "write script" // a service directory
	Enable      Kind = "enable"       // a service
	RestartIt   Kind = Restart        // a service
	HupIt       Kind = Hup            // a service
	Await       Kind = "await"        // that a service works
	HandOver    Kind = "hand over"    // rundockd's processes
	Answer      Kind = "answer"       // dnsd, on each address
	Save        Kind = "save"         // the resolv.conf of before
	Resolve     Kind = "resolve"      // resolv.conf
	Readable    Kind = "readable"     // what a user has to be able to read

	End            Kind = "end"             // a service, for good
	LeaveBalancers Kind = "leave balancers" // the store forgets that it is one
	LeaveFilter    Kind = "leave filter"    // the kernel forgets the packet filter's table
	ForgetImages   Kind = "forget images"   // Docker forgets the user of image registries, and their authority
	Restore        Kind = "restore"         // the resolv.conf of before
	StopStore      Kind = "stop store"      // etcd of this host
	Delete         Kind = "delete"          // a file or folder
)

// Step is one of a plan.
type Step struct {
	Kind   Kind
	Name   string // of the program, user, file or service
	Reason string
	Says   string // for the result; "" where the step changes nothing
}

// key is what a step is known by over runs.
func (s Step) key() string { return strings.TrimSpace(string(s.Kind) + " " + s.Name) }

// renews reports whether the step has a process take up what an earlier step
// has changed: a run that fails between the two owes it.
func (s Step) renews() bool {
	return slices.Contains([]Kind{Reload, RestartIt, HupIt, HandOver}, s.Kind)
}

// Plan is the way from what a host is to what it is to be.
type Plan struct {
	Steps   []Step
	Diff    []fstree.Diff
	Waiting []string // keys of daemon.json that wait for a restart of dockerd

	daemonJSON []byte // its new content
}

// Says are the steps that change something, in words.
func (p Plan) Says() []string {
	list := []string{}
	for _, s := range p.Steps {
		if s.Says != "" {
			list = append(list, s.Says)
		}
	}
	return list
}

// owed are the renewals among p's steps.
func (p Plan) owed() []string {
	var keys []string
	for _, s := range p.Steps {
		if s.renews() {
			keys = append(keys, s.key())
		}
	}
	return keys
}

func (p *Plan) add(kind Kind, name, reason, says string) {
	p.Steps = append(p.Steps, Step{kind, name, reason, says})
}
