package page

import (
	"fmt"
	"html/template"
	"slices"
	"strings"
	"time"

	"rundock/internal/preview"
	"rundock/internal/preview/ledger"
	"rundock/internal/preview/settings"
	"rundock/supervisor/previewlog"
	"rundock/supervisor/previewweb/api"
	"rundock/supervisor/previewweb/change"
	"rundock/supervisor/previewweb/known"
)

// missing is an error of what there is not.
type missing string

func (m missing) Error() string        { return string(m) }
func (m missing) Is(target error) bool { return target == change.ErrNone }

func noneOf(what, name string) error {
	return missing(fmt.Sprintf("%s %q: there is no such %[1]s", what, name))
}

func (p *Pages) known(r *request) (known.Preview, error) {
	one, ok := p.Book.Preview(r.PathValue("name"))
	if !ok {
		return one, noneOf("preview", r.PathValue("name"))
	}
	return one, nil
}

// listing is the page of all previews.
type listing struct {
	Previews []known.Preview
	Most     int
	Repos    []preview.Repo
}

func (p *Pages) previews(*request) (string, view, error) {
	return "previews", view{Title: "Previews", Here: "/", Data: listing{p.Book.Previews(), p.Book.Site().Rules.AtMost(), p.Book.Repos()}}, nil
}

// env is a form of settings.
type env struct {
	Action string
	Of     string // in words
	Names  []string
	May    bool
}

func (p *Pages) settingsOf(scope settings.Scope, action, of string) env {
	names, _ := p.Book.Settings(scope)
	return env{Action: action, Of: of, Names: names}
}

// detail is the page of one preview.
type detail struct {
	known.Preview
	Env        env
	Log        shownLog
	Containers []known.Slot
	Events     []ledger.Event
}

// shownLog is the end of a log, which a script follows from there.
type shownLog struct {
	Path    string // of it in the API
	Lines   []string
	After   string // place of the last line
	Cut     bool   // lines before these are left out
	Trouble string // why there are none
}

// Limits of a page.
const (
	logAtMost    = 30 << 10 // bytes; all of it is in the API
	eventsAtMost = 100

	branchesAtMost = 200
)

func (p *Pages) preview(r *request) (string, view, error) {
	one, err := p.known(r)
	if err != nil {
		return "", view{}, err
	}
	d := detail{Preview: one, Env: p.settingsOf(settings.OfPreview(one.Name), "/previews/"+one.Name+"/env", "this preview"), Events: first(p.Book.Events(one.Name))}
	d.Containers = p.Book.Containers(one.Name)
	d.Log = p.logOf(r, "/previews/"+one.Name+"/log", p.Logs.Build(one))
	return "preview", view{Title: "Preview " + one.Name, Here: "/", Data: d}, nil
}

// logOf is the end of a log.
func (p *Pages) logOf(r *request, path string, from previewlog.Source) shownLog {
	shown := shownLog{Path: api.Prefix + path}
	log, err := previewlog.ReadAll(r.Context(), from, previewlog.Place{})
	if err != nil {
		p.Log.Warn("a log cannot be read", "path", path, "err", err)
		shown.Trouble = err.Error()
	}
	size := 0
	for _, l := range slices.Backward(log.Lines) {
		text := api.Plain(l.Text)
		if size += len(text) + 1; size > logAtMost {
			shown.Cut = true
			break
		}
		shown.Lines = append(shown.Lines, text)
	}
	slices.Reverse(shown.Lines)
	shown.After = log.Next
	return shown
}

// container is the page of one of a preview.
type container struct {
	known.Slot
	Preview string
	Log     shownLog
}

func (p *Pages) container(r *request) (string, view, error) {
	one, err := p.known(r)
	if err != nil {
		return "", view{}, err
	}
	slot, ok := p.Book.Container(one.Name, r.PathValue("container"))
	if !ok {
		return "", view{}, noneOf("container", r.PathValue("container"))
	}
	log := p.logOf(r, "/previews/"+one.Name+"/containers/"+slot.Name+"/log", p.Logs.Container(one.Name, slot))
	return "container", view{Title: "Container " + slot.Name + " of " + one.Name, Here: "/", Data: container{slot, one.Name, log}}, nil
}

// repository is the page of one.
type repository struct {
	preview.Repo
	Branches []branch
	Having   string // what these have in their names; "": any
	More     int    // branches that are not shown
	Trouble  string // why there are none
	Env      env
}

type branch struct {
	change.Branch
	Preview string // the name of its preview; "": it has none
}

func (p *Pages) repo(r *request) (string, view, error) {
	repo, ok := p.Book.Repo(r.PathValue("repo"))
	if !ok {
		return "", view{}, noneOf("repository", r.PathValue("repo"))
	}
	d := repository{Repo: repo, Env: p.settingsOf(settings.OfRepo(repo.Name), "/repos/"+repo.Name+"/env", "all previews of "+repo.Name)}
	has := map[string]string{}
	for _, one := range p.Book.Previews() {
		if one.Repo == repo.Name {
			has[one.Branch] = one.Name
		}
	}
	all, err := p.Changer.Branches.List(r.Context(), repo.Name)
	if err != nil {
		d.Trouble = err.Error()
	}
	d.Having = r.URL.Query().Get("having")
	for _, b := range all {
		switch {
		case !strings.Contains(strings.ToLower(b.Name), strings.ToLower(d.Having)):
		case len(d.Branches) == branchesAtMost:
			d.More++
		default:
			d.Branches = append(d.Branches, branch{b, has[b.Name]})
		}
	}
	return "repo", view{Title: "Repository " + repo.Name, Here: "/", Data: d}, nil
}

func (p *Pages) settings(*request) (string, view, error) {
	e := p.settingsOf(settings.Global, "/env", "all previews")
	return "settings", view{Title: "Settings", Here: "/settings", Data: struct {
		Env   env
		Repos []preview.Repo
	}{e, p.Book.Repos()}}, nil
}

func (p *Pages) events(*request) (string, view, error) {
	return "events", view{Title: "Events", Here: "/events", Data: first(p.Book.Events(""))}, nil
}

func first(all []ledger.Event) []ledger.Event { return all[:min(len(all), eventsAtMost)] }

func (p *Pages) site(*request) (string, view, error) {
	hosts := p.Book.Hosts()
	return "site", view{Title: "Site", Here: "/site", Data: struct {
		Hosts    []known.Host
		Picture  picture
		Stacks   []known.Stack
		Services []known.Service
	}{hosts, draw(hosts), p.Book.Stacks(), p.Book.Services()}}, nil
}

// functions are what templates call.
var functions = template.FuncMap{
	"short":    func(commit string) string { return commit[:min(len(commit), 10)] },
	"join":     func(all []string) string { return strings.Join(all, ", ") },
	"ago":      func(now time.Time, t any) string { return span(now.Sub(at(t))) },
	"until":    func(now time.Time, t any) string { return span(at(t).Sub(now)) },
	"stamp":    func(t any) string { return at(t).UTC().Format(time.RFC3339) },
	"eventsOf": func(all []ledger.Event) map[string]any { return map[string]any{"Events": all} },
	"load":     loadOf,
	"symbol":   func(state string) string { return symbols[state] },
	"form":     func(e env, may bool) env { e.May = may; return e },
}

// symbols tell states apart without colours.
var symbols = map[string]string{"queued": "…", "building": "⚒", "deploying": "⇪", "ready": "✓", "failed": "✗", "asleep": "☾"}

// at is a time, or what a pointer to one leads to.
func at(t any) time.Time {
	switch t := t.(type) {
	case time.Time:
		return t
	case *time.Time:
		if t != nil {
			return *t
		}
	}
	return time.Time{}
}

// span is a time for people, of its two largest units at most.
func span(d time.Duration) string {
	switch {
	case d < 0:
		return "0 s"
	case d < time.Minute:
		return fmt.Sprintf("%d s", d/time.Second)
	case d < time.Hour:
		return fmt.Sprintf("%d min", d/time.Minute)
	case d < 48*time.Hour:
		return fmt.Sprintf("%d h", d/time.Hour)
	}
	return fmt.Sprintf("%d days", d/(24*time.Hour))
}
