// Package api is how programs ask for previews: JSON over HTTP below /api/v1/. routes
// (routes.go) are all that there are; the OpenAPI document at /api/v1/openapi.json is made of them, so that it has
// each of them and no other.
//
// An error is {"error": "..."}, which names what it is about.
package api

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"time"

	"rundock/internal/preview"
	"rundock/internal/registry"
	"rundock/supervisor/previewweb/access"
	"rundock/supervisor/previewweb/change"
	"rundock/supervisor/previewweb/known"
)

// Prefix begins the paths of the API.
const Prefix = "/api/v1"

// API answers programs.
type API struct {
	Book    *known.Book
	Changer *change.Changer
	Guard   *access.Guard
	Logs    Logs
	Log     *slog.Logger
	Done    context.Context // ends streams
	Version string          // of previewd

	streams streams
}

// storePatience bounds a change.
const storePatience = 20 * time.Second

// bodyAtMost is how much a request may have, in bytes.
const bodyAtMost = 128 << 10

// Handler serves all of Prefix but hooks.
func (a *API) Handler() http.Handler {
	mux := http.NewServeMux()
	document, err := json.MarshalIndent(a.document(), "", "  ")
	if err != nil {
		panic(err) // maps and texts
	}
	for _, one := range a.routes() {
		mux.HandleFunc(one.method+" "+Prefix+one.path, func(w http.ResponseWriter, r *http.Request) { a.serve(w, r, one) })
	}
	mux.HandleFunc("GET "+Prefix+"/openapi.json", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		w.Write(document)
	})
	mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		WriteError(w, http.StatusNotFound, r.Method+" "+r.URL.Path+": there is no such call; "+Prefix+"/openapi.json has those that there are")
	})
	return mux
}

// call is a request that is allowed.
type call struct {
	*http.Request
	api *API
	who change.Who
}

// serve checks who asks, answers, and says what came of it.
func (a *API) serve(w http.ResponseWriter, r *http.Request, one route) {
	caller, err := a.Guard.Who(r)
	if err != nil {
		Unauthorized(w, a.Guard, err)
		return
	}
	if !caller.Scope.Allows(one.scope) {
		WriteError(w, http.StatusForbidden, fmt.Sprintf("%s may %s, and %s %s needs %s", caller.Name, caller.Scope, r.Method, r.URL.Path, one.scope))
		return
	}
	r.Body = http.MaxBytesReader(w, r.Body, bodyAtMost)
	c := &call{Request: r, api: a, who: change.Who{Name: caller.Name, From: caller.From}}
	if one.raw != nil {
		one.raw(c, w)
		return
	}
	// What has begun is finished, also for a client that is gone: whether it was done would not be known.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(r.Context()), storePatience)
	defer cancel()
	c.Request = r.WithContext(ctx)
	answer, err := one.answer(c)
	if err != nil {
		a.fail(w, c, err)
		return
	}
	code := one.code
	if created, ok := answer.(createdAnswer); ok {
		answer, code = created.Preview, http.StatusCreated
	}
	if answer == nil {
		w.WriteHeader(http.StatusNoContent)
		return
	}
	write(w, code, answer)
}

// fail says why a call has failed.
func (a *API) fail(w http.ResponseWriter, c *call, err error) {
	code := StatusOf(err)
	if code == http.StatusServiceUnavailable {
		a.Log.Warn("a call failed", "method", c.Method, "path", c.URL.Path, "err", err)
		w.Header().Set("Retry-After", "5")
	}
	WriteError(w, code, Sentence(err))
}

// StatusOf is the status that tells of an error of a change.
func StatusOf(err error) int {
	switch {
	case errors.Is(err, change.ErrBad):
		return http.StatusBadRequest
	case errors.Is(err, change.ErrNone):
		return http.StatusNotFound
	case errors.Is(err, change.ErrTaken):
		return http.StatusConflict
	case errors.Is(err, preview.ErrMost):
		return http.StatusTooManyRequests
	case errors.Is(err, change.ErrRepository):
		return http.StatusBadGateway
	}
	return http.StatusServiceUnavailable
}

// Sentence is an error for people.
func Sentence(err error) string {
	if StatusOf(err) == http.StatusServiceUnavailable {
		return "the store does not answer, so that it may or may not be done: " + err.Error()
	}
	return err.Error()
}

// Unauthorized says that who asks is not known.
func Unauthorized(w http.ResponseWriter, g *access.Guard, err error) {
	code := http.StatusUnauthorized
	if g.Asks() {
		w.Header().Set("WWW-Authenticate", `Basic realm="rundock previews", charset="UTF-8"`)
	} else {
		code = http.StatusForbidden
	}
	WriteError(w, code, err.Error())
}

// Error is what an answer has that is none.
type Error struct {
	Error string `json:"error"`
}

// WriteError answers with an error.
func WriteError(w http.ResponseWriter, code int, text string) { write(w, code, Error{text}) }

func write(w http.ResponseWriter, code int, value any) {
	data, err := json.Marshal(value)
	if err != nil {
		panic(err) // texts, numbers and times
	}
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(code)
	w.Write(append(data, '\n'))
}

// read reads the one JSON value of a request; a field that there is not is an error.
func read[T any](c *call) (value T, err error) {
	body, err := io.ReadAll(c.Body)
	if err == nil {
		err = registry.Decode(body, &value)
	}
	if err != nil {
		return value, change.Bad("the body of %s %s: %v", c.Method, c.URL.Path, err)
	}
	return value, nil
}
