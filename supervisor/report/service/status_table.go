package service

import (
	"slices"
	"strconv"
	"strings"
	"time"

	"rundock/internal/control"
	"rundock/supervisor/report"
)

// table is the report for people: columns report.Table, nothing cut, the problem
// last. It is empty when there are no services.
func (r statusReport) table() string {
	if len(r.Services) == 0 {
		return ""
	}
	rows := [][]string{{"NAME", "ENABLED", "PHASE", "FOR", "CONTAINER", "IMAGE", "UP", "CRASHES", "HEALTH", "ANNOUNCED", "RECORD", "PROBLEM"}}
	for _, s := range r.Services {
		rows = append(rows, r.row(s))
	}
	return report.Table(rows)
}

func (r statusReport) row(s serviceStatus) []string {
	enabled := "no"
	switch {
	case s.Enabled:
		enabled = "yes"
	case s.Masked:
		enabled = "masked"
	}
	phase, since, id, image, up, crashes, health := "-", "-", "-", "-", "-", "-", "-"
	if run := s.Runner; run != nil {
		phase, since, crashes = report.Cell(string(run.Phase)), r.ageOf(run.Since), strconv.Itoa(run.Crashes)
		left := run.Phase == "" || run.Phase == control.Backoff || run.Phase == control.Stopped
		if !run.Alive && !left && (s.Enabled || run.Phase == control.Stopping) {
			phase = "gone" // without saying so: this was its last word
		}
	}
	if c := s.Container; c != nil {
		id, image, health = report.Cell(shortID(c.ID)), report.Cell(c.Image), report.Cell(c.Health)
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
		announced = report.Cell(string(a.State))
		switch {
		case a.State == control.Announced && a.Alive:
			announced = "yes"
		case a.State == control.Draining && a.Alive:
		case a.State == control.Withdrawn && !a.Alive, !s.Enabled:
			announced = "no"
		case !a.Alive && a.State != "":
			announced = "gone"
		case a.State == control.Conflict:
			announced = "conflict"
		}
		var names []string
		for _, record := range a.Records {
			names = append(names, strings.TrimSuffix(record.Name, "."))
		}
		record = report.Cell(strings.Join(names, ","))
	}
	problem := s.Problem
	if problem == "" && len(s.Unknown) > 0 {
		problem = "?"
	}
	return []string{s.Name, enabled, phase, since, id, image, up, crashes, health, announced, record, report.OneLine(problem)}
}

func (r statusReport) ageOf(t time.Time) string {
	if t.IsZero() {
		return "-"
	}
	return report.Age(r.Time, t)
}

// remarks are about the host, beside the table.
func (r statusReport) remarks() string {
	var b strings.Builder
	if len(r.Services) == 0 && len(r.Templates) == 0 {
		b.WriteString("no services on this host\n")
	}
	if r.Drained != "" {
		b.WriteString(r.Drained + "\n")
	}
	if r.Config != "" {
		b.WriteString(r.Config + "\n")
	}
	if r.Docker != "" {
		b.WriteString("dockerd cannot be asked: " + r.Docker + "\n")
	}
	if a := r.StoreAgent; a != nil && a.Problem != "" {
		b.WriteString("store agent: " + report.OneLine(a.Problem) + "\n")
	}
	if r.Registry != "" {
		b.WriteString("the store cannot be asked: " + r.Registry + "\n")
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
