package service

import (
	"slices"
	"time"

	"rundock/internal/control"
	"rundock/supervisor/certificates"
	"rundock/supervisor/report"
	"rundock/supervisor/report/balance"
	"rundock/supervisor/report/filter"
	"rundock/supervisor/report/template"
)

// statusReport is what `rundockd status --json` prints. Its field names stay.
type statusReport struct {
	Version    int               `json:"version"`
	Host       string            `json:"host"`
	Zone       string            `json:"zone"`
	Time       time.Time         `json:"time"`
	Root       bool              `json:"root"`             // whether it was asked by root, who may read everything
	Docker     string            `json:"docker,omitempty"` // why dockerd could not be asked
	Registry   string            `json:"registry,omitempty"`
	Config     string            `json:"config,omitempty"`      // what is wrong with host.json
	Drained    string            `json:"drained,omitempty"`     // since when the host is drained, and by whom
	StoreAgent *storeAgentStatus `json:"store_agent,omitempty"` // of a host that has a store
	Services   []serviceStatus   `json:"services"`
	Filter     *filter.Status    `json:"filter,omitempty"` // of a host that has a packet filter, where no service is named

	Templates []template.Status `json:"templates,omitempty"`
	Balance   *balance.Status   `json:"balance,omitempty"` // of a load balancer

	Certificates []certificates.Row `json:"certificates,omitempty"` // of the host, where it has some and no service is named
}

// storeAgentStatus is rundockd store.
type storeAgentStatus struct {
	Problem string                `json:"problem,omitempty"`
	Next    string                `json:"next,omitempty"` // what to do about it
	PID     int                   `json:"pid,omitempty"`
	Alive   bool                  `json:"alive"`
	Since   time.Time             `json:"since,omitzero"`
	Stores  []control.ServedStore `json:"stores,omitempty"`
}

// serviceStatus is one service of it.
type serviceStatus struct {
	Name    string   `json:"name"`
	Stack   string   `json:"stack,omitempty"`   // of which it is a slot
	Slot    string   `json:"slot,omitempty"`    // such as web.1
	Verdict string   `json:"verdict"`           // ok, disabled, drained or standby (and as it should be then), unknown, wrong
	Problem string   `json:"problem,omitempty"` // the first thing that is wrong: "container: it does not exist"
	Next    string   `json:"next,omitempty"`    // what to do about it
	Unknown []string `json:"unknown,omitempty"` // what could not be found out
	Enabled bool     `json:"enabled"`
	Masked  bool     `json:"held,omitempty"` // an administrator's hidden link keeps it disabled

	Runner    *runnerStatus    `json:"runner,omitempty"`    // of a service with a container
	Container *containerStatus `json:"container,omitempty"` // the same
	Announce  *announceStatus  `json:"announce,omitempty"`  // of a service with a sidecar
}

type runnerStatus struct {
	PID       int           `json:"pid,omitempty"`
	Alive     bool          `json:"alive"`
	Phase     control.Phase `json:"phase,omitempty"`
	Since     time.Time     `json:"since,omitzero"`
	Crashes   int           `json:"crashes"`
	ExitCode  int           `json:"exit_code"` // of the last run that ended
	NextStart time.Time     `json:"next_start,omitzero"`
	Error     string        `json:"error,omitempty"`
	Warning   string        `json:"warning,omitempty"`
}

type containerStatus struct {
	Known   bool      `json:"known"` // false: dockerd could not be asked, this is what the runner said
	Running bool      `json:"running"`
	ID      string    `json:"id,omitempty"`
	Image   string    `json:"image,omitempty"`    // by service.json
	ImageID string    `json:"image_id,omitempty"` // which the container runs
	Started time.Time `json:"started,omitzero"`
	Health  string    `json:"health,omitempty"` // of HEALTHCHECK: starting, healthy, unhealthy
}

type announceStatus struct {
	PID     int                   `json:"pid,omitempty"`
	Alive   bool                  `json:"alive"`
	State   control.AnnounceState `json:"state,omitempty"`
	Since   time.Time             `json:"since,omitzero"`
	Reason  string                `json:"reason,omitempty"`
	Lacks   string                `json:"lacks,omitempty"` // why the second of two stores lacks the records
	Records []announcedRecord     `json:"records,omitempty"`
	Left    []string              `json:"left,omitempty"` // keys that the store has of the service besides, which it does not announce
}

type announcedRecord struct {
	control.Record
	InRegistry *bool `json:"in_registry,omitempty"`     // absent: it could not be asked
	InSecond   *bool `json:"in_second_store,omitempty"` // the same of the host's second store, where it has one
}

// statusOf judges the services. It is pure.
func statusOf(h hostFacts, services []serviceFacts) statusReport {
	r := statusReport{
		Version: report.Version, Host: h.Host, Zone: h.Zone, Time: h.Now.UTC(), Root: h.Root,
		Docker: h.Docker.Text, Registry: h.Store.Text, Config: h.Config.Text, Drained: h.Drained, Services: []serviceStatus{},
	}
	if h.StoreAgent.Wanted {
		r.StoreAgent = storeAgentStatusOf(h)
	}
	for _, s := range services {
		r.Services = append(r.Services, serviceStatusOf(h, s, judge(h, s)))
	}
	return r
}

func serviceStatusOf(h hostFacts, s serviceFacts, findings []report.Finding) serviceStatus {
	out := serviceStatus{Name: s.Name, Enabled: s.Enabled, Masked: s.Masked, Stack: s.Stack, Slot: s.Slot, Verdict: verdict(h, s, findings)}
	if bad, ok := report.First(findings, report.Wrong); ok {
		out.Problem, out.Next = bad.Part+": "+bad.Text, bad.Next
	}
	for _, f := range findings {
		if f.Level == report.Unknown {
			out.Unknown = append(out.Unknown, f.Text)
		}
	}
	if s.Runs || s.RunnerStatus.PID != 0 {
		status := s.RunnerStatus
		out.Runner = &runnerStatus{PID: status.PID, Alive: s.RunnerAlive, Phase: status.Phase, Since: status.Since.UTC(), Crashes: status.Crashes, ExitCode: status.ExitCode, NextStart: status.NextStart.UTC(), Error: status.Error, Warning: status.Warning}
		if h.Docker.Failed() {
			out.Container = &containerStatus{Running: status.Container != "" && status.Phase == control.Running, ID: status.Container, Image: s.Image, ImageID: status.Image, Started: status.Started.UTC()}
		} else {
			c := s.Container
			out.Container = &containerStatus{Known: true, Running: c.Running, ID: c.ID, Image: s.Image, ImageID: c.Image, Started: c.StartedAt.UTC(), Health: c.Health}
		}
	}
	if s.Announced || s.SidecarStatus.PID != 0 {
		status := s.SidecarStatus
		out.Announce = &announceStatus{PID: status.PID, Alive: s.SidecarAlive, State: status.State, Since: status.Since.UTC(), Reason: status.Reason, Lacks: status.Lacks}
		for i, record := range status.Records {
			a := announcedRecord{Record: record}
			if i < len(s.Records) {
				a.InRegistry = &s.Records[i].Exists
			}
			if i < len(s.Second) {
				a.InSecond = &s.Second[i].Exists
			}
			out.Announce.Records = append(out.Announce.Records, a)
		}
		for _, found := range s.Unwanted {
			if found.Exists && found.ID == recordID(h, s) {
				out.Announce.Left = append(out.Announce.Left, found.Key)
			}
		}
	}
	return out
}

// theLoadBalancer is what it is called where it is not to count.
const theLoadBalancer = "load-balancer"

// exitCode is that of status: the worst of its services', templates', load
// balancer's, packet filter's and certificates'. The services and templates of except do not count,
// nor does the load balancer where theLoadBalancer is among them.
func (r statusReport) exitCode(except []string) int {
	code := certificates.ExitCode(r.Certificates)
	for _, s := range r.Services {
		if slices.Contains(except, s.Name) {
			continue
		}
		code = max(code, report.ExitCode(s.Verdict))
	}
	for _, t := range r.Templates {
		if !slices.Contains(except, t.Name) {
			code = max(code, report.ExitCode(t.Verdict))
		}
	}
	if r.Filter != nil {
		code = max(code, r.Filter.ExitCode())
	}
	if r.Balance != nil && !slices.Contains(except, theLoadBalancer) {
		code = max(code, r.Balance.ExitCode())
	}
	return code
}
