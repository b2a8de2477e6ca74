package report

import (
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"rundock/internal/control"
)

// statusVersion is the version of the documents of status and explain.
const statusVersion = 1

// statusReport is what `rundockd status --json` prints. Its field names stay.
type statusReport struct {
	Version  int             `json:"version"`
	Host     string          `json:"host"`
	Zone     string          `json:"zone"`
	Time     time.Time       `json:"time"`
	Root     bool            `json:"root"`             // whether it was asked by root, who may read everything
	Docker   string          `json:"docker,omitempty"` // why dockerd could not be asked
	Registry string          `json:"registry,omitempty"`
	Config   string          `json:"config,omitempty"` // what is wrong with host.json
	Services []serviceStatus `json:"services"`
}

// serviceStatus is one service of it.
type serviceStatus struct {
	Name    string   `json:"name"`
	Verdict string   `json:"verdict"`           // ok, disabled (and as it should be then), unknown, wrong
	Problem string   `json:"problem,omitempty"` // the first thing that is wrong: "container: it does not exist"
	Next    string   `json:"next,omitempty"`    // what to do about it
	Unknown []string `json:"unknown,omitempty"` // what could not be found out
	Enabled bool     `json:"enabled"`
	Held    bool     `json:"held,omitempty"` // an administrator's hidden link keeps it disabled

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
	Records []announcedRecord     `json:"records,omitempty"`
}

type announcedRecord struct {
	control.Record
	InRegistry *bool `json:"in_registry,omitempty"` // absent: it could not be asked
}

// statusOf judges the services. It is pure.
func statusOf(h hostFacts, services []serviceFacts) statusReport {
	r := statusReport{
		Version: statusVersion, Host: h.Host, Zone: h.Zone, Time: h.Now.UTC(), Root: h.Root,
		Docker: h.Docker.Text, Registry: h.Registry.Text, Config: h.Config.Text, Services: []serviceStatus{},
	}
	for _, s := range services {
		r.Services = append(r.Services, serviceStatusOf(h, s, judge(h, s)))
	}
	return r
}

func serviceStatusOf(h hostFacts, s serviceFacts, findings []finding) serviceStatus {
	out := serviceStatus{Name: s.Name, Enabled: s.Enabled, Held: s.Held, Verdict: verdict(s, findings)}
	if bad, ok := first(findings, wrong); ok {
		out.Problem, out.Next = bad.Part+": "+bad.Text, bad.Next
	}
	for _, f := range findings {
		if f.Level == unknown {
			out.Unknown = append(out.Unknown, f.Text)
		}
	}
	if s.Runs || s.Says.PID != 0 {
		says := s.Says
		out.Runner = &runnerStatus{PID: says.PID, Alive: s.RunnerLives, Phase: says.Phase, Since: says.Since.UTC(), Crashes: says.Crashes, ExitCode: says.ExitCode, NextStart: says.NextStart.UTC(), Error: says.Error, Warning: says.Warning}
		if h.Docker.is() {
			out.Container = &containerStatus{Running: says.Container != "" && says.Phase == control.Running, ID: says.Container, Image: s.Image, ImageID: says.Image, Started: says.Started.UTC()}
		} else {
			c := s.Container
			out.Container = &containerStatus{Known: true, Running: c.Running, ID: c.ID, Image: s.Image, ImageID: c.Image, Started: c.StartedAt.UTC(), Health: c.Health}
		}
	}
	if s.Announced || s.Tells.PID != 0 {
		tells := s.Tells
		out.Announce = &announceStatus{PID: tells.PID, Alive: s.AnnouncerLive, State: tells.State, Since: tells.Since.UTC(), Reason: tells.Reason}
		for i, record := range tells.Records {
			a := announcedRecord{Record: record}
			if i < len(s.Records) {
				a.InRegistry = &s.Records[i].Exists
			}
			out.Announce.Records = append(out.Announce.Records, a)
		}
	}
	return out
}

// verdict is what the findings come to.
func verdict(s serviceFacts, findings []finding) string {
	if _, ok := first(findings, wrong); ok {
		return "wrong"
	}
	if _, ok := first(findings, unknown); ok {
		return "unknown"
	}
	if !s.Enabled {
		return "disabled"
	}
	return "ok"
}

// exitCode is that of status: the worst of its services'.
func (r statusReport) exitCode() int {
	code := ExitWell
	for _, s := range r.Services {
		code = max(code, exitCodeOf(s.Verdict))
	}
	return code
}

func exitCodeOf(verdict string) int {
	switch verdict {
	case "wrong":
		return ExitWrong
	case "unknown":
		return ExitUnknown
	}
	return ExitWell
}

// table is the report for people: columns aligned, nothing cut, the problem
// last. It is empty when there are no services.
func (r statusReport) table() string {
	if len(r.Services) == 0 {
		return ""
	}
	rows := [][]string{{"NAME", "ENABLED", "PHASE", "FOR", "CONTAINER", "IMAGE", "UP", "CRASHES", "HEALTH", "ANNOUNCED", "RECORD", "PROBLEM"}}
	for _, s := range r.Services {
		rows = append(rows, r.row(s))
	}
	return aligned(rows)
}

func (r statusReport) row(s serviceStatus) []string {
	enabled := "no"
	switch {
	case s.Enabled:
		enabled = "yes"
	case s.Held:
		enabled = "held"
	}
	phase, since, id, image, up, crashes, health := "-", "-", "-", "-", "-", "-", "-"
	if run := s.Runner; run != nil {
		phase, since, crashes = cellOf(string(run.Phase)), r.ageOf(run.Since), strconv.Itoa(run.Crashes)
		if left := run.Phase == "" || run.Phase == control.Backoff || run.Phase == control.Stopped; s.Enabled && !run.Alive && !left {
			phase = "gone" // without saying so: this was its last word
		}
	}
	if c := s.Container; c != nil {
		id, image, health = cellOf(shortID(c.ID)), cellOf(c.Image), cellOf(c.Health)
		if c.Image == "" && c.ImageID != "" {
			image = shortID(strings.TrimPrefix(c.ImageID, "sha256:"))
		}
		if c.Running {
			up = r.ageOf(c.Started)
		}
		if !c.Known {
			health = "?"
		}
	}
	announced, record := "-", "-"
	if a := s.Announce; a != nil {
		announced = cellOf(string(a.State))
		switch {
		case a.State == control.Announced && a.Alive:
			announced = "yes"
		case a.State == control.Withdrawn && !a.Alive, !s.Enabled:
			announced = "no"
		case !a.Alive && a.State != "":
			announced = "gone"
		}
		var names []string
		for _, record := range a.Records {
			names = append(names, strings.TrimSuffix(record.Name, "."))
		}
		record = cellOf(strings.Join(names, ","))
	}
	problem := s.Problem
	if problem == "" && len(s.Unknown) > 0 {
		problem = "?"
	}
	return []string{s.Name, enabled, phase, since, id, image, up, crashes, health, announced, record, oneLine(problem)}
}

func (r statusReport) ageOf(t time.Time) string {
	if t.IsZero() {
		return "-"
	}
	return age(r.Time, t)
}

// cellOf is a value of one word.
func cellOf(s string) string {
	if s == "" {
		return "-"
	}
	return strings.ReplaceAll(s, " ", "_")
}

// oneLine keeps a table a table whatever somebody's output held.
func oneLine(s string) string { return strings.Join(strings.Fields(s), " ") }

// aligned pads all cells but a row's last.
func aligned(rows [][]string) string {
	width := make([]int, len(rows[0]))
	for _, row := range rows {
		for i, cell := range row {
			width[i] = max(width[i], utf8.RuneCountInString(cell))
		}
	}
	var b strings.Builder
	for _, row := range rows {
		var line strings.Builder
		for i, cell := range row {
			line.WriteString(cell + strings.Repeat(" ", width[i]-utf8.RuneCountInString(cell)+2))
		}
		b.WriteString(strings.TrimRight(line.String(), " ") + "\n")
	}
	return b.String()
}

// remarks are about the host, beside the table.
func (r statusReport) remarks() string {
	var b strings.Builder
	if len(r.Services) == 0 {
		b.WriteString("no services on this host\n")
	}
	if r.Config != "" {
		b.WriteString(r.Config + "\n")
	}
	if r.Docker != "" {
		b.WriteString("dockerd cannot be asked: " + r.Docker + "\n")
	}
	if r.Registry != "" {
		b.WriteString("etcd cannot be asked: " + r.Registry + "\n")
	}
	if !r.Root {
		var unread []string
		for _, s := range r.Services {
			unread = append(unread, s.Unknown...)
		}
		slices.Sort(unread)
		if unread = slices.Compact(unread); len(unread) > 0 {
			b.WriteString("not root, so this could not be read:\n  " + strings.Join(unread, "\n  ") + "\n")
		}
	}
	return b.String()
}
