package network

import (
	"net/netip"
	"time"

	"rundock/internal/control"
	"rundock/internal/hostconfig"
	"rundock/internal/overlay"
	"rundock/internal/overlay/roster"
	"rundock/supervisor/report"
)

// agentFacts is what is known of a network without asking anybody else.
type agentFacts struct {
	Name            string
	Settings        overlay.Settings
	SettingsTrouble report.Trouble // why Settings are not known
	Lost            bool           // their file is gone
	agentState
}

// agentState is how the agent of a network stands on this host.
type agentState struct {
	AgentStatus   control.OverlayStatus
	StatusTrouble report.Trouble // why AgentStatus is not known
	AgentAlive    bool           // AgentStatus.PID is an agent
	Silent        time.Duration  // for how long it has said nothing; 0: it speaks
	Down          string         // the file named down that keeps the agent from being started before sv up; "": none
}

// addressFacts is what could be found out about an address of a network.
type addressFacts struct {
	Now     time.Time
	Root    bool
	Address netip.Addr
	Network overlay.Network

	OwnTrouble report.Trouble // why settings or underlay of this host are not known; then nothing follows
	Host       string         // this one
	agentState
	Own    membership // what the agent has last known
	Static bool       // the settings list the hosts, and there is no store

	StoreTrouble report.Trouble
	Hosts        []roster.ListedHost // by the store, or by the settings

	KernelDiff    []string       // what check would print, of this moment
	KernelTrouble report.Trouble // why that is not known

	DockerTrouble report.Trouble
	Containers    map[netip.Addr]string // of this host, on the network
	Names         []string              // that DNS has for the address

	Underlay echo // of the host that has the address, on its underlay
	Gateway  echo // of its bridge
	Full     echo // the same in packets as large as may be sent there
	Target   echo // of the address
}

// membership is a network as this host takes part in it.
type membership struct {
	Settings overlay.Settings
	Lost     bool // the file of Settings is gone
	Host     hostconfig.Config
	Machine  string
	Underlay overlay.Underlay
	Subnet   netip.Prefix   // this host's, by what its agent saved last
	Peers    []overlay.Peer // by the same
}

// echo is what became of ICMP echo requests; the zero value: none was sent.
type echo struct {
	Sent      bool          `json:"sent"`
	Answered  bool          `json:"answered"`
	RoundTrip time.Duration `json:"-"`
	Failure   string        `json:"failure,omitempty"` // why there is no answer, as far as the kernel or a router said so
}
