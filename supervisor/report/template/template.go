// Package template reports how the templates of a host stand, as `rundockd
// status` and `rundockd explain` show it: what was found out, a pure judgement
// of it, and the shapes for people and JSON.
package template

import (
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"rundock/internal/control"
	"rundock/internal/runit"
	"rundock/supervisor"
	"rundock/supervisor/process"
	"rundock/supervisor/renderdir"
	"rundock/supervisor/report"
)

// Facts are what is known of a template.
type Facts struct {
	Name       string
	Definition supervisor.Template
	Broken     report.Trouble // why the definition cannot be read
	Undefined  bool           // there is none
	Sum        string         // of the definition as it is now
	Says       control.TemplateStatus
	Unread     report.Trouble // why its status cannot be
	Alive      bool           // the renderer that wrote the status is there
	File       string         // control.FileState of the file
	Installed  bool           // the renderer's service is
	Masked     bool           // an administrator's hidden link keeps it disabled
	Down       string         // the file named down that keeps it from being started before sv up; "": none
}

// Names lists the templates of this host: defined, or with a status.
func Names() []string { return names(supervisor.TemplateDir, filepath.Join(control.Dir, "templates")) }

func names(dirs ...string) (names []string) {
	for _, dir := range dirs {
		files, _ := filepath.Glob(filepath.Join(dir, "*.json"))
		for _, f := range files {
			names = append(names, strings.TrimSuffix(filepath.Base(f), ".json"))
		}
	}
	slices.Sort(names)
	return slices.Compact(names)
}

// Gather finds out about the template of this name.
func Gather(folders runit.Folders, name string) Facts {
	path := filepath.Join(supervisor.TemplateDir, name+".json")
	f := Facts{Name: name, Sum: control.FileSum(path), Masked: folders.Masked(renderdir.Name)}
	data, err := os.ReadFile(path)
	if err == nil {
		f.Definition, err = supervisor.ParseTemplate(path, data)
	}
	f.Broken, f.Undefined = report.TroubleOf(err), errors.Is(err, fs.ErrNotExist)
	f.Says, err = control.ReadTemplate(control.Dir, name)
	f.Unread = report.TroubleOf(err)
	f.Alive = f.Says.PID != 0 && process.IsRundockd(f.Says.PID, "render")
	f.File = control.FileState(f.Definition.Dest)
	if _, err = os.Lstat(folders.Dir(renderdir.Name)); !errors.Is(err, fs.ErrNotExist) {
		f.Installed = true
	}
	f.Down = folders.DownFile(renderdir.Name)
	return f
}

// judge says what is wrong with a template, the cause before its effects.
func judge(f Facts) []report.Finding {
	definition, renderer, file := report.Part{Name: "definition"}, report.Part{Name: "renderer"}, report.Part{Name: "file"}
	if f.Undefined {
		definition.Wrong("it is gone, and a status is left", "call rundock_template: state=absent removes what is left of it, state=present defines it anew")
	} else if f.Broken.Failed() {
		definition.Trouble(f.Broken, "have rundock_template write it anew")
	} else {
		definition.Fine("%s is made from %s", f.Definition.Dest, origin(f.Definition))
	}
	const log = "see " + renderdir.LogDir + "/current"
	switch {
	case f.Unread.Failed():
		renderer.Trouble(f.Unread, log)
	case f.Alive && f.Says.Definition != "" && f.Sum != "" && f.Says.Definition != f.Sum:
		renderer.Wrong("it has read another definition", "sv hup "+renderdir.Name)
	case f.Alive:
		renderer.Fine("it runs, process %d", f.Says.PID)
	case f.Masked:
		renderer.Wrong("it does not run: it is masked", "remove the hidden link, then sv start "+renderdir.Name)
	case f.Down != "":
		renderer.Wrong("it does not run: the file "+f.Down+" is there", "remove that file, then sv start "+renderdir.Name)
	case !f.Installed:
		renderer.Wrong("it does not run: there is no service "+renderdir.Name, "have rundock_template install it")
	default:
		renderer.Wrong("it does not run", "sv start "+renderdir.Name+"; "+log)
	}
	if f.Alive && f.Down != "" {
		renderer.Note("the file %s keeps it from being started before sv up, as after a boot", f.Down)
	}
	judgeFile(f, &file)
	return slices.Concat(definition.Findings, renderer.Findings, file.Findings)
}

func judgeFile(f Facts, file *report.Part) {
	s := f.Says
	if s.PID == 0 {
		return
	}
	next := "rundockd render --dry-run --diff " + f.Name
	switch {
	case s.Store != "":
		file.Wrong("the last good file stays: the store cannot be reached: "+s.Store, "see that the store runs")
	case s.State == control.TemplateKept && s.Waits:
		file.Wrong("the last good file stays for now: "+s.Reason, "wait; "+next)
	case s.State == control.TemplateKept:
		file.Wrong("the last good file stays: "+s.Reason, next)
	case s.ReloadOwed:
		file.Wrong("it was replaced, and its reader is not reloaded yet", "see "+renderdir.LogDir+"/current")
	case s.File != "" && f.File != "" && f.File != s.File:
		file.Wrong("somebody else has changed it", "sv hup "+renderdir.Name)
	default:
		file.Fine("it is what template and store make")
	}
	for _, service := range slices.Sorted(maps.Keys(s.Services)) {
		file.Note("service %s: %d", service, s.Services[service])
	}
	if !s.Changed.IsZero() {
		file.Note("replaced last %s; replaced %d times, reloaded %d times since the renderer started", report.Stamp(s.Changed), s.Writes, s.Reloads)
	}
}

func origin(t supervisor.Template) string {
	if t.Src != "" {
		return t.Src
	}
	return "the content of its definition"
}

// Status is one template of `rundockd status --json`. Its field names stay.
type Status struct {
	Name    string                `json:"name"`
	Dest    string                `json:"dest,omitempty"`
	Verdict string                `json:"verdict"`
	Problem string                `json:"problem,omitempty"`
	Next    string                `json:"next,omitempty"`
	PID     int                   `json:"pid,omitempty"`
	Alive   bool                  `json:"alive"`
	State   control.TemplateState `json:"state,omitempty"`
	Since   time.Time             `json:"since,omitzero"`
	Changed time.Time             `json:"changed,omitzero"`
}

// StatusOf judges a template.
func StatusOf(f Facts) Status { return statusOf(f, judge(f)) }

func statusOf(f Facts, findings []report.Finding) Status {
	s := Status{Name: f.Name, Dest: f.Definition.Dest, Verdict: report.Verdict(findings), PID: f.Says.PID, Alive: f.Alive, State: f.Says.State, Since: f.Says.Since.UTC(), Changed: f.Says.Changed.UTC()}
	if bad, ok := report.First(findings, report.Wrong); ok {
		s.Problem, s.Next = bad.Part+": "+bad.Text, bad.Next
	}
	return s
}

// Table shows templates to people; it is empty without one.
func Table(all []Status, now time.Time) string {
	if len(all) == 0 {
		return ""
	}
	rows := [][]string{{"TEMPLATE", "STATE", "FOR", "CHANGED", "FILE", "PROBLEM"}}
	age := func(t time.Time) string {
		if t.IsZero() {
			return "-"
		}
		return report.Age(now, t)
	}
	for _, s := range all {
		state := report.Cell(string(s.State))
		if !s.Alive && s.State != "" {
			state = "gone"
		}
		rows = append(rows, []string{s.Name, state, age(s.Since), age(s.Changed), report.Cell(s.Dest), report.OneLine(s.Problem)})
	}
	return report.Table(rows)
}

// Story is what `rundockd explain --json` prints of a template. Its field
// names stay.
type Story struct {
	Version  int              `json:"version"`
	Host     string           `json:"host"`
	Time     time.Time        `json:"time"`
	Template Status           `json:"template"`
	Findings []report.Finding `json:"findings"`
	Wrong    *report.Finding  `json:"wrong,omitempty"`
}

// StoryOf tells all that is known of a template of host.
func StoryOf(host string, now time.Time, f Facts) Story {
	findings := judge(f)
	s := Story{Version: report.Version, Host: host, Time: now.UTC(), Template: statusOf(f, findings), Findings: findings}
	if bad, ok := report.First(findings, report.Wrong); ok {
		s.Wrong = &bad
	}
	return s
}

// Text is the story for people.
func (s Story) Text() string {
	var b strings.Builder
	fmt.Fprintf(&b, "template %s on %s, %s\n", s.Template.Name, s.Host, report.Stamp(s.Time))
	report.WriteFindings(&b, s.Findings)
	return b.String() + "\n" + report.LastLine(s.Findings) + "\n"
}
