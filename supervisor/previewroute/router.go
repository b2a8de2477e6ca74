package previewroute

import (
	"net"
	"net/http"
	"net/netip"
	"strconv"
	"sync/atomic"
	"time"

	"rundock/internal/preview"
	"rundock/internal/preview/route"
)

// Router passes requests on as its table says. It is an http.Handler.
type Router struct {
	trusted  []netip.Prefix // whose X-Forwarded-* headers are believed
	patience time.Duration  // how long connections to instances are tried for
	wake     func(name string)

	table    atomic.Pointer[route.Table] // nil: none is known yet
	turn     atomic.Uint32               // counts requests, so that instances take turns
	backends *backends
	streams  *streams
	uses     *uses
	metrics  *metrics
}

// newRouter returns a router without a table. It calls wake for each request to a
// preview that is asleep, and does not wait for it.
func newRouter(trusted []netip.Prefix, patience time.Duration, wake func(name string)) *Router {
	r := &Router{trusted: trusted, patience: patience, wake: wake, backends: newBackends(), streams: newStreams(), uses: &uses{}}
	r.metrics = newMetrics(r)
	return r
}

// ServeHTTP passes a request on, or says why not.
func (r *Router) ServeHTTP(w http.ResponseWriter, req *http.Request) {
	people := route.ForPeople(req.Method, req.Header.Get("Accept"))
	table := r.table.Load()
	switch {
	case table == nil:
		r.say(w, route.Starting(people))
		return
	case req.Method == http.MethodConnect:
		r.say(w, route.Unknown(req.Host, people))
		return
	}
	target, ok := table.Find(req.Host)
	if ok && len(target.Addresses) > 0 {
		r.pass(w, req, target)
		return
	}
	r.refuse(w, req.Host, target, people)
}

// refuse answers a request that no instance can take.
func (r *Router) refuse(w http.ResponseWriter, host string, target route.Target, people bool) {
	switch {
	case target.State == nil:
		r.say(w, route.Unknown(host, people))
	case target.State.Serves():
		r.say(w, route.Unrouted(host, people))
	default:
		if target.State.Step == preview.Asleep {
			r.wake(target.Name)
		}
		r.say(w, route.Waiting(target.State, people))
	}
}

// say gives an answer of the router's own.
func (r *Router) say(w http.ResponseWriter, a route.Answer) {
	r.metrics.answered(a.Code)
	h := w.Header()
	h.Set("Cache-Control", "no-store")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Content-Type", "text/plain; charset=utf-8")
	if a.HTML {
		h.Set("Content-Type", "text/html; charset=utf-8")
		h.Set("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'")
	}
	if a.Retry > 0 {
		h.Set("Retry-After", strconv.Itoa(a.Retry))
	}
	w.WriteHeader(a.Code)
	w.Write(a.Body) // whether anybody reads it is not ours
}

// trusts says whether the client at remote (ADDRESS:PORT) is a proxy of ours.
func (r *Router) trusts(remote string) bool {
	if len(r.trusted) == 0 {
		return false
	}
	host, _, err := net.SplitHostPort(remote)
	if err != nil {
		return false
	}
	address, err := netip.ParseAddr(host)
	if err != nil {
		return false
	}
	for _, p := range r.trusted {
		if p.Contains(address.Unmap()) {
			return true
		}
	}
	return false
}
