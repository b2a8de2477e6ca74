// Package page is what people see of previews in a browser: pages that the server makes whole, whose links and forms work
// without scripts. A script follows states and logs where there is one; there is none in the pages themselves.
package page

import (
	"bytes"
	"compress/gzip"
	"context"
	"embed"
	"errors"
	"html/template"
	"io/fs"
	"log/slog"
	"net/http"
	"strings"
	"time"

	"rundock/supervisor/previewweb/access"
	"rundock/supervisor/previewweb/api"
	"rundock/supervisor/previewweb/change"
	"rundock/supervisor/previewweb/known"
)

//go:embed templates/*.html
var templates embed.FS

//go:embed assets
var assets embed.FS

// Pages serves them.
type Pages struct {
	Book    *known.Book
	Changer *change.Changer
	Guard   *access.Guard
	Logs    api.Logs
	Log     *slog.Logger
	Version string
}

// names are the pages, each a template besides the frame of all.
var names = []string{"previews", "preview", "container", "repo", "settings", "events", "site", "failed"}

// parsed has each page within the frame.
var parsed = parse()

func parse() map[string]*template.Template {
	all := map[string]*template.Template{}
	for _, name := range names {
		t := template.New("frame.html").Funcs(functions)
		all[name] = template.Must(t.ParseFS(templates, "templates/frame.html", "templates/parts.html", "templates/"+name+".html"))
	}
	return all
}

// request is one that is allowed.
type request struct {
	*http.Request
	caller access.Caller
}

func (r *request) who() change.Who { return change.Who{Name: r.caller.Name, From: r.caller.From} }

// view is what a page is made of.
type view struct {
	Title   string
	Here    string // path of its entry in the navigation
	Away    string // why this is the last known
	Caller  access.Caller
	Deploys bool // the caller may change previews
	Admin   bool
	Now     time.Time
	Version string
	Done    string // what was asked for just now
	Data    any
}

// errNone is a page that there is not.
var errNone = errors.New("there is no such page")

// changePatience bounds a change.
const changePatience = 20 * time.Second

// Handler serves all pages.
func (p *Pages) Handler() http.Handler {
	mux := http.NewServeMux()
	for pattern, show := range map[string]func(*request) (string, view, error){
		"GET /{$}": p.previews, "GET /previews/{name}": p.preview, "GET /previews/{name}/containers/{container}": p.container, "GET /repos/{repo}": p.repo, "GET /settings": p.settings, "GET /events": p.events, "GET /site": p.site,
		"GET /": func(*request) (string, view, error) { return "", view{}, errNone },
	} {
		mux.HandleFunc(pattern, p.allowed(access.Read, func(w http.ResponseWriter, r *request) { p.show(w, r, show) }))
	}
	for pattern, form := range p.forms() {
		mux.HandleFunc("POST "+pattern, p.allowed(form.scope, func(w http.ResponseWriter, r *request) { p.change(w, r, form) }))
	}
	files, err := fs.Sub(assets, "assets")
	if err != nil {
		panic(err) // it is embedded
	}
	served := http.StripPrefix("/assets/", http.FileServerFS(files))
	mux.HandleFunc("GET /assets/{file}", func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Cache-Control", "max-age=300")
		served.ServeHTTP(w, r)
	})
	return mux
}

// allowed asks who it is.
func (p *Pages) allowed(scope access.Scope, next func(http.ResponseWriter, *request)) http.HandlerFunc {
	return func(w http.ResponseWriter, q *http.Request) {
		caller, err := p.Guard.Who(q)
		r := &request{q, caller}
		switch {
		case err != nil && p.Guard.Asks():
			w.Header().Set("WWW-Authenticate", `Basic realm="rundock previews", charset="UTF-8"`)
			p.fail(w, r, http.StatusUnauthorized, "Give your name and password, or any name and a token for the password.")
		case err != nil:
			p.fail(w, r, http.StatusForbidden, err.Error())
		case !caller.Scope.Allows(scope):
			p.fail(w, r, http.StatusForbidden, caller.Name+" may "+string(caller.Scope)+", and this needs "+string(scope)+".")
		default:
			next(w, r)
		}
	}
}

func (p *Pages) show(w http.ResponseWriter, r *request, show func(*request) (string, view, error)) {
	name, v, err := show(r)
	switch {
	case errors.Is(err, errNone):
		p.fail(w, r, http.StatusNotFound, "There is no page "+r.URL.Path+".")
	case err != nil:
		p.failed(w, r, err)
	default:
		v.Done = doneWords[r.URL.Query().Get("done")]
		p.write(w, r, http.StatusOK, name, v)
	}
}

func (p *Pages) failed(w http.ResponseWriter, r *request, err error) {
	code := api.StatusOf(err)
	if code == http.StatusServiceUnavailable {
		p.Log.Warn("a page failed", "method", r.Method, "path", r.URL.Path, "err", err)
	}
	p.fail(w, r, code, api.Sentence(err))
}

func (p *Pages) fail(w http.ResponseWriter, r *request, code int, text string) {
	p.write(w, r, code, "failed", view{Title: http.StatusText(code), Data: text})
}

func (p *Pages) write(w http.ResponseWriter, r *request, code int, name string, v view) {
	v.Away, v.Caller, v.Now, v.Version = p.Book.Away(), r.caller, time.Now(), p.Version
	v.Deploys, v.Admin = r.caller.Scope.Allows(access.Deploy), r.caller.Scope.Allows(access.Admin)
	var body bytes.Buffer
	if err := parsed[name].Execute(&body, v); err != nil {
		p.Log.Error("a page cannot be made", "page", name, "err", err)
		http.Error(w, "the page cannot be made", http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.Header().Set("Cache-Control", "no-store")
	w.Header().Add("Vary", "Accept-Encoding")
	if !strings.Contains(r.Header.Get("Accept-Encoding"), "gzip") {
		w.WriteHeader(code)
		w.Write(body.Bytes())
		return
	}
	w.Header().Set("Content-Encoding", "gzip")
	w.WriteHeader(code)
	zipped, err := gzip.NewWriterLevel(w, gzip.BestSpeed)
	if err != nil {
		panic(err) // the level is one
	}
	zipped.Write(body.Bytes())
	zipped.Close()
}

// change does what a form asks for, and leads on to where it shows.
func (p *Pages) change(w http.ResponseWriter, r *request, f form) {
	r.Body = http.MaxBytesReader(w, r.Body, formAtMost)
	if err := r.ParseForm(); err != nil {
		p.fail(w, r, http.StatusBadRequest, "The form cannot be read: "+err.Error())
		return
	}
	// What has begun is finished, also for a browser that is gone.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(r.Context()), changePatience)
	defer cancel()
	to, err := f.do(ctx, r)
	if err != nil {
		p.failed(w, r, err)
		return
	}
	http.Redirect(w, r.Request, to, http.StatusSeeOther)
}
