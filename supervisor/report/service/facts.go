package service

import (
	"time"

	"rundock/internal/announce"
	"rundock/internal/container"
	"rundock/internal/control"
	"rundock/internal/cutover"
	"rundock/internal/registry"
	"rundock/internal/runit"
	"rundock/internal/spec"
	"rundock/supervisor/report"
	"rundock/supervisor/report/network"
)

// hostFacts are about the host as a whole. Facts are plain data, so that each
// situation can be written down as a test.
type hostFacts struct {
	Now        time.Time
	Root       bool
	Host       string // "" while host.json cannot be read
	Zone       string
	MachineID  string
	Config     report.Trouble // of host.json
	Runit      report.Trouble // of finding runit's folders
	Service    string         // what runsvdir scans
	Scanned    bool           // a runsvdir does
	Docker     report.Trouble // of asking dockerd
	Store      report.Trouble // of asking the store
	InConsul   bool           // the host's own store is Consul; else it is etcd
	Endpoints  []string       // the store's
	Second     secondStore    // which records go to as well
	StoreAgent storeAgentFacts
	Refused    string          // what is wrong with the certificate by which the host asks etcd
	Filter     string          // what is wrong with the host's packet filter
	Drained    string          // since when the host is drained, and by whom; "": it is not
	Resolver   string          // first name server of /etc/resolv.conf
	Resolvers  []resolverFacts // resolvers that containers are given which are this host
}

// secondStore is a store that records go to besides the host's own.
type secondStore struct {
	Name      string // etcd, consul; "": there is none, nor anything to know
	Endpoints []string
	Trouble   report.Trouble // of asking it
}

// storeAgentFacts are about rundockd store, by which this host uses its stores.
type storeAgentFacts struct {
	Wanted  bool // host.json has a store; else there is nothing to know
	Process supervised
	Status  control.StoreStatus
	Trouble report.Trouble // of reading it
	Alive   bool           // Status.PID is one
	Mute    time.Duration  // for how long it has given no sign of life, if that is too long
}

// serviceFacts are about one service. The last part is explain's alone.
type serviceFacts struct {
	Name string
	Dir  string // /etc/sv/docker-influxdb

	Installed bool // Dir is there
	Ours      bool // and rundock wrote it
	Runs      bool // by its files, it has a container
	Announced bool // by its files, it has a sidecar
	Enabled   bool
	Masked    bool           // an administrator's hidden link keeps it disabled
	Link      report.Trouble // of the link that enables it
	Down      bool           // a file named down keeps runsv from starting it
	Loggers   []loggerFacts  // that keep nothing
	Files     report.Trouble // of reading service.json or announce.json
	Image     string         // by service.json
	Pin       string         // the same: id of the image that the service was rolled back to
	Shares    []spec.Share   // the same: with other containers
	Settled   []string       // the same: names of the networks it is in
	Stack     string         // the same: of which it is a slot; "": of none
	Slot      string         // the same: such as web.1
	Hash      string         // of the spec in service.json
	MadeFrom  []string       // files of the host that the container is made from
	Contents  string         // of them now; "" where that cannot be told
	NotThere  []string       // of MadeFrom
	Unmounted string         // which path of requires_mounts is no mount point

	FileCount     int
	Missing       []string          // files that rundock wrote into Dir and that are not there
	Edited        []string          // files of Dir that are not as this rundockd writes them
	OtherSecrets  []string          // variables whose files in env/ hold another value than was written
	Origins       container.Origins // what the container would be made from now
	Resolvers     []string          // that it would be given
	ExpandTrouble report.Trouble    // of finding that out

	Deserted []int // process ids of those that run in Dir as it was before it was deleted

	Outer   supervised
	Runner  supervised // the same as Outer where there is no sidecar
	Sidecar supervised // the same as Outer where there is no container

	RunnerStatus   control.RunnerStatus
	RunnerTrouble  report.Trouble
	RunnerAlive    bool // RunnerStatus.PID is a runner
	SidecarStatus  control.AnnounceStatus
	SidecarTrouble report.Trouble
	SidecarAlive   bool // SidecarStatus.PID is a sidecar

	Container container.State  // as dockerd says; zero also where it was not asked
	Lacking   []lackingNetwork // that the container is not in, of those in which service.json has it
	Records   []recordFacts    // for each of SidecarStatus.Records
	Second    []recordFacts    // the same in the host's second store
	Unwanted  []recordFacts    // of keys that the sidecar names besides, and of others that explain found with the service's id
	Networks  []network.Status // overlay networks of this host that the container is in

	Deep             bool   // the rest was asked for
	TagMeans         string // id of the image that Image means on this host; "": none, or not asked
	Checks           []announce.Trial
	Others           []otherFacts  // other instances of the service
	Namesake         string        // a stack of the same name, whose names in DNS begin as the service's end; "": there is none
	Answers          []answerFacts // for each of SidecarStatus.Records, then of the service's own name
	Balancers        []balancerFacts
	AnonymousVolumes []string // paths at which the image keeps data and the service has no volume
	LastLog          []string
}

// lackingNetwork is one that a container that runs is not in, and should be.
type lackingNetwork struct {
	Name    string
	Gone    bool // there is no such network
	Overlay bool // an agent of this host makes it
}

// loggerFacts is what is wrong with a logger.
type loggerFacts struct {
	Log    string // the file it writes
	Paused bool   // else that file was deleted under it
}

// supervised is what a runsv says of its process.
type supervised struct {
	Supervised bool
	Trouble    report.Trouble
	Status     runit.Status
}

// recordFacts is a record's key as etcd has it.
type recordFacts struct {
	registry.Found
	Left time.Duration // of its lease, where that was asked for
}

// answerFacts is what this host's dnsd answers.
type answerFacts struct {
	Name      string
	Addresses []string
	Ports     []int  // of SRV
	Failure   string // dnsd did not answer, or not properly
}

// resolverFacts is an address of this host that containers ask for names.
type resolverFacts struct {
	Address string
	Failure string // dnsd did not answer there
}

// balancerFacts is a load balancer that has the service, by the store.
type balancerFacts struct {
	Host string
	Ack  *cutover.Ack // what it says of the service; nil: nothing
}

// otherFacts is another instance of the service, by the store.
type otherFacts struct {
	Name    string // "node-2"
	At      string // "10.0.0.8:8086"
	Failure string // nothing answers there when this host asks; a refusal is an answer
}
