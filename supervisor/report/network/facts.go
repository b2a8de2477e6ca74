package network

import (
	"net/netip"
	"rundock/internal/control"
	"rundock/internal/hostconfig"
	"rundock/internal/overlay"
	"rundock/internal/overlay/roster"
	"rundock/supervisor/report"
	"time"
)

// agentFacts is what is known of a network without asking anybody else.
type agentFacts struct {
	Name     string
	Settings overlay.Settings
	Trouble  report.Trouble // why Settings are not known
	Says     control.OverlayStatus
	Unsaid   report.Trouble // why Says is not
	Lives    bool           // Says.PID is an agent
	Silent   time.Duration  // for how long it has said nothing; 0: it speaks
}

// addressFacts is what could be found out about an address of a network.
type addressFacts struct {
	Now     time.Time
	Root    bool
	Address netip.Addr
	Network overlay.Network

	Place  report.Trouble // why settings or underlay of this host are not known; then nothing follows
	Host   string         // this one
	Says   control.OverlayStatus
	Unsaid report.Trouble // why Says is not known
	Lives  bool           // Says.PID is an agent
	Silent time.Duration  // for how long it has said nothing; 0: it speaks
	Known  joined         // what the agent has last known
	Static bool           // the settings list the hosts, and there is no registry

	Registry report.Trouble
	Hosts    []roster.Standing // by the registry, or by the settings

	Left   []string       // what check would print, of this moment
	Kernel report.Trouble // why that is not known

	Docker     report.Trouble
	Containers map[netip.Addr]string // networkOf this host, on the network
	Names      []string              // that DNS has for the address

	Underlay echo // networkOf the host that has the address, on its underlay
	Gateway  echo // networkOf its bridge
	Full     echo // the same in packets as large as may be sent there
	Target   echo // networkOf the address
}

// joined is a network as this host takes part in it.
type joined struct {
	Settings overlay.Settings
	Host     hostconfig.Config
	Machine  string
	Underlay overlay.Underlay
	Subnet   netip.Prefix   // this host's, by what its agent saved last
	Peers    []overlay.Peer // by the same
}

// echo is what became of ICMP echo requests; the zero value: none was sent.
type echo struct {
	Sent    bool          `json:"sent"`
	Back    bool          `json:"answered"`
	After   time.Duration `json:"-"`
	Failure string        `json:"failure,omitempty"` // why there is no answer, as far as the kernel or a router said so
}
