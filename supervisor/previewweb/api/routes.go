package api

import (
	"fmt"
	"net/http"

	"rundock/internal/preview"
	"rundock/internal/preview/ledger"
	"rundock/internal/preview/settings"
	"rundock/supervisor/previewlog"
	"rundock/supervisor/previewweb/access"
	"rundock/supervisor/previewweb/change"
	"rundock/supervisor/previewweb/known"
)

// route is one call.
type route struct {
	method, path string
	scope        access.Scope // that it needs
	summary      string
	query        map[string]string // parameters, with what they are
	in           any               // a zero value of its body; nil: none
	out          any               // of its answer; nil: it has none
	code         int               // of its answer
	answer       func(*call) (any, error)
	raw          func(*call, http.ResponseWriter) // in the place of answer
}

// Bodies and answers of calls.
type (
	// Previews is the list of them.
	Previews struct {
		Previews []known.Preview `json:"previews"`
		Most     int             `json:"most" doc:"previews that there may be"`
		Away     string          `json:"away,omitempty" doc:"why the store is not followed, so that this is the last known"`
	}
	// Create asks for the preview of a branch.
	Create struct {
		Repo   string `json:"repo"`
		Branch string `json:"branch"`
		Name   string `json:"name,omitempty" doc:"what a new one is called; its branch's name unless it is said"`
	}
	// Value is that of a setting, which no answer has.
	Value struct {
		Value string `json:"value" doc:"kept sealed, and never shown"`
	}
	// Env are the settings of a scope.
	Env struct {
		Names    []string `json:"names" doc:"variables that are set"`
		Revision int      `json:"revision" doc:"grows with each change"`
	}
	// Repo is a repository to write.
	Repo struct {
		URL         string   `json:"url" doc:"https://HOST/PATH, ssh://USER@HOST/PATH or USER@HOST:PATH"`
		Compose     []string `json:"compose,omitempty" doc:"compose files in its trees"`
		Poll        int      `json:"poll,omitempty" doc:"seconds between two looks for pushes; 0 is 60, -1 never"`
		Credentials string   `json:"credentials,omitempty" doc:"file of hosts, for https"`
		Key         string   `json:"key,omitempty" doc:"file of hosts, for ssh"`
		KnownHosts  string   `json:"known_hosts,omitempty" doc:"file of hosts, for ssh"`
		CA          string   `json:"ca,omitempty" doc:"file of hosts, for https"`
	}
	// Repos are the repositories.
	Repos struct {
		Repos []preview.Repo `json:"repos"`
	}
	// Branches are those of a repository.
	Branches struct {
		Branches []change.Branch `json:"branches"`
	}
	// Events are the newest first.
	Events struct {
		Events []ledger.Event `json:"events"`
	}
	// Containers are those of a preview.
	Containers struct {
		Containers []known.Slot `json:"containers"`
	}
	// Stacks are those of the site.
	Stacks struct {
		Stacks []known.Stack `json:"stacks"`
	}
	// Services are those of the zone.
	Services struct {
		Services []known.Service `json:"services"`
	}
	// Hosts are those that the store knows of.
	Hosts struct {
		Hosts []known.Host `json:"hosts"`
	}
	// Version is of previewd.
	Version struct {
		Version string `json:"version"`
	}

	createdAnswer struct{ known.Preview }
)

// wished makes a call of what changes a wish.
func wished(do func(c *call) (preview.Wish, error)) func(*call) (any, error) {
	return func(c *call) (any, error) {
		w, err := do(c)
		if err != nil {
			return nil, err
		}
		return c.api.Book.Of(w), nil
	}
}

func (a *API) routes() []route {
	all := a.previewRoutes()
	all = append(all, a.repoRoutes()...)
	all = append(all, a.envRoutes("/env", access.Admin, func(*call) (settings.Scope, error) { return settings.Global, nil })...)
	all = append(all, a.envRoutes("/repos/{repo}/env", access.Admin, repoScope)...)
	all = append(all, a.envRoutes("/previews/{name}/env", access.Deploy, previewScope)...)
	return append(all,
		route{method: "GET", path: "/events", scope: access.Read, summary: "who changed what, the newest first", out: Events{}, code: 200,
			answer: func(*call) (any, error) { return Events{a.Book.Events("")}, nil }},
		route{method: "GET", path: "/stacks", scope: access.Read, summary: "stacks with their releases and where their instances are", out: Stacks{}, code: 200,
			answer: func(*call) (any, error) { return Stacks{a.Book.Stacks()}, nil }},
		route{method: "GET", path: "/services", scope: access.Read, summary: "services of the zone with their instances", out: Services{}, code: 200,
			answer: func(*call) (any, error) { return Services{a.Book.Services()}, nil }},
		route{method: "GET", path: "/hosts", scope: access.Read, summary: "hosts with their version and load, and what runs on them", out: Hosts{}, code: 200,
			answer: func(*call) (any, error) { return Hosts{a.Book.Hosts()}, nil }},
		route{method: "GET", path: "/version", scope: access.Read, summary: "the version of previewd", out: Version{}, code: 200,
			answer: func(*call) (any, error) { return Version{a.Version}, nil }},
	)
}

// What calls for logs have in common.
const howLogs = "; with Accept: text/plain as text, with text/event-stream as it comes, an event a line, from the one after Last-Event-ID"

var ofLogs = map[string]string{"after": "the id of an event, or next of an answer: lines after it"}

func (a *API) previewRoutes() []route {
	of := func(method, part, summary string, do func(c *call) (preview.Wish, error)) route {
		return route{method: method, path: "/previews/{name}" + part, scope: access.Deploy, summary: summary, out: known.Preview{}, code: http.StatusAccepted, answer: wished(do)}
	}
	return []route{
		{method: "GET", path: "/previews", scope: access.Read, summary: "all previews", out: Previews{}, code: 200, answer: func(*call) (any, error) {
			return Previews{a.Book.Previews(), a.Book.Site().Rules.AtMost(), a.Book.Away()}, nil
		}},
		{method: "POST", path: "/previews", scope: access.Deploy, summary: "have the newest commit of a branch run: 201 where it has no preview yet, 200 where it is deployed again",
			in: Create{}, out: known.Preview{}, code: http.StatusOK, answer: a.create},
		{method: "GET", path: "/previews/{name}", scope: access.Read, summary: "one preview", out: known.Preview{}, code: 200, answer: func(c *call) (any, error) { return c.preview() }},
		of("DELETE", "", "remove a preview", func(c *call) (preview.Wish, error) {
			return a.Changer.Remove(c.Context(), c.who, c.PathValue("name"))
		}),
		of("POST", "/deploy", "deploy the newest commit, also where nothing has changed", func(c *call) (preview.Wish, error) {
			return a.Changer.Deploy(c.Context(), c.who, c.PathValue("name"))
		}),
		of("POST", "/stop", "stop a preview, and keep it", func(c *call) (preview.Wish, error) {
			return a.Changer.Stop(c.Context(), c.who, c.PathValue("name"))
		}),
		of("POST", "/start", "start one that is stopped or asleep", func(c *call) (preview.Wish, error) {
			return a.Changer.Start(c.Context(), c.who, c.PathValue("name"))
		}),
		of("POST", "/pin", "have a preview neither sleep nor be removed by itself", func(c *call) (preview.Wish, error) {
			return a.Changer.Pin(c.Context(), c.who, c.PathValue("name"), true)
		}),
		of("DELETE", "/pin", "take back the pin", func(c *call) (preview.Wish, error) {
			return a.Changer.Pin(c.Context(), c.who, c.PathValue("name"), false)
		}),
		{method: "GET", path: "/previews/{name}/events", scope: access.Read, summary: "who changed what of a preview, the newest first", out: Events{}, code: 200, answer: func(c *call) (any, error) {
			return Events{a.Book.Events(c.PathValue("name"))}, nil
		}},
		{method: "GET", path: "/previews/{name}/log", scope: access.Read, out: previewlog.Log{}, code: 200, raw: a.buildLog,
			summary: "the log of the last build" + howLogs, query: ofLogs},
		{method: "GET", path: "/previews/{name}/containers", scope: access.Read, summary: "containers of a preview: of the release that runs, and of the last one that was tried", out: Containers{}, code: 200,
			answer: func(c *call) (any, error) {
				p, err := c.preview()
				return Containers{a.Book.Containers(p.Name)}, err
			}},
		{method: "GET", path: "/previews/{name}/containers/{container}/log", scope: access.Read, out: previewlog.Log{}, code: 200, raw: a.containerLog,
			summary: "the last 64 KB of the log of a container, without values of settings" + howLogs, query: ofLogs},
	}
}

func (a *API) create(c *call) (any, error) {
	body, err := read[Create](c)
	if err != nil {
		return nil, err
	}
	w, created, err := a.Changer.Create(c.Context(), c.who, body.Repo, body.Branch, body.Name)
	switch {
	case err != nil:
		return nil, err
	case created:
		return createdAnswer{a.Book.Of(w)}, nil
	}
	return a.Book.Of(w), nil
}

func (c *call) preview() (known.Preview, error) {
	name := c.PathValue("name")
	p, ok := c.api.Book.Preview(name)
	if !ok {
		return p, none("preview %q: there is no such preview", name)
	}
	return p, nil
}

func (a *API) repoRoutes() []route {
	return []route{
		{method: "GET", path: "/repos", scope: access.Read, summary: "repositories that previews may be of", out: Repos{}, code: 200, answer: func(*call) (any, error) {
			return Repos{append([]preview.Repo{}, a.Book.Repos()...)}, nil
		}},
		{method: "PUT", path: "/repos/{repo}", scope: access.Admin, summary: "write a repository", in: Repo{}, out: preview.Repo{}, code: 200, answer: func(c *call) (any, error) {
			body, err := read[Repo](c)
			if err != nil {
				return nil, err
			}
			r := preview.Repo{Name: c.PathValue("repo"), URL: body.URL, Compose: body.Compose, Poll: body.Poll, Credentials: body.Credentials, Key: body.Key, KnownHosts: body.KnownHosts, CA: body.CA}
			return r, a.Changer.PutRepo(c.Context(), c.who, r)
		}},
		{method: "GET", path: "/repos/{repo}/branches", scope: access.Read, summary: "branches of a repository, as it says", out: Branches{}, code: 200, answer: func(c *call) (any, error) {
			all, err := a.Changer.Branches.List(c.Context(), c.PathValue("repo"))
			return Branches{all}, err
		}},
	}
}

func repoScope(c *call) (settings.Scope, error) {
	name := c.PathValue("repo")
	if _, ok := c.api.Book.Repo(name); !ok {
		return settings.Scope{}, none("repository %q: there is no such repository", name)
	}
	return settings.OfRepo(name), nil
}

func previewScope(c *call) (settings.Scope, error) {
	p, err := c.preview()
	return settings.OfPreview(p.Name), err
}

// envRoutes are the calls for settings of one kind of scope.
func (a *API) envRoutes(path string, need access.Scope, of func(*call) (settings.Scope, error)) []route {
	with := func(do func(c *call, scope settings.Scope) (any, error)) func(*call) (any, error) {
		return func(c *call) (any, error) {
			scope, err := of(c)
			if err != nil {
				return nil, err
			}
			return do(c, scope)
		}
	}
	return []route{
		{method: "GET", path: path, scope: access.Read, summary: "variables that are set, without their values", out: Env{}, code: 200, answer: with(func(c *call, scope settings.Scope) (any, error) {
			names, revision := a.Book.Settings(scope)
			return Env{names, revision}, nil
		})},
		{method: "PUT", path: path + "/{variable}", scope: need, summary: "set a variable", in: Value{}, code: http.StatusNoContent, answer: with(func(c *call, scope settings.Scope) (any, error) {
			body, err := read[Value](c)
			if err != nil {
				return nil, err
			}
			return nil, a.Changer.PutEnv(c.Context(), c.who, scope, c.PathValue("variable"), body.Value)
		})},
		{method: "DELETE", path: path + "/{variable}", scope: need, summary: "take a variable away", code: http.StatusNoContent, answer: with(func(c *call, scope settings.Scope) (any, error) {
			return nil, a.Changer.DropEnv(c.Context(), c.who, scope, c.PathValue("variable"))
		})},
	}
}

// missing is an error of what there is not.
type missing string

func (m missing) Error() string        { return string(m) }
func (m missing) Is(target error) bool { return target == change.ErrNone }

func none(format string, values ...any) error { return missing(fmt.Sprintf(format, values...)) }
