package previewroute

import (
	"context"
	"errors"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httputil"
	"slices"
	"strings"
	"sync"
	"time"

	"rundock/internal/pause"
	"rundock/internal/preview/route"
)

const (
	retryPause = 50 * time.Millisecond // between two tries of a request
	mostTries  = 3                     // of a request that reached an instance and got no answer
)

// errRefused is a preview that stopped serving while a request for it was tried.
var errRefused = errors.New("the preview does not serve any more")

// exchange is one request that is passed on.
type exchange struct {
	router *Router
	in     *http.Request
	target route.Target
	stream *stream // nil: it is no stream
	proxy  httputil.ReverseProxy
}

// silent takes what ReverseProxy logs of each client that goes away.
var silent = log.New(io.Discard, "", 0)

// pass passes req on to an instance of target.
func (r *Router) pass(w http.ResponseWriter, req *http.Request, target route.Target) {
	use := r.uses.begin(target.Name)
	defer use.end()
	x := &exchange{router: r, target: target}
	if streaming(req) {
		ctx, cancel := context.WithCancel(req.Context())
		defer cancel()
		req = req.WithContext(ctx)
		x.stream = r.streams.add(target.Name, cancel)
		defer r.streams.remove(x.stream)
	}
	x.in = req
	x.proxy = httputil.ReverseProxy{
		Rewrite: x.rewrite, Transport: x, ModifyResponse: x.modify, ErrorHandler: x.fail, BufferPool: buffers, ErrorLog: silent,
	}
	x.proxy.ServeHTTP(w, req)
}

// streaming says whether a request may stay open for as long as client and instance like.
func streaming(req *http.Request) bool {
	h := req.Header
	return h.Get("Upgrade") != "" || strings.HasPrefix(h.Get("Content-Type"), "application/grpc") || strings.Contains(h.Get("Accept"), "text/event-stream")
}

// claims are headers by which proxies tell of a client, besides Forwarded and all X-Forwarded-*.
var claims = []string{"X-Real-Ip", "X-Client-Ip", "True-Client-Ip"}

// isClaim reports whether a header tells of a client. CGI and WSGI give programs _ and - of a name as the same.
func isClaim(name string) bool {
	const forwarded = "X-Forwarded"
	name = strings.ReplaceAll(name, "_", "-")
	if len(name) >= len(forwarded) && strings.EqualFold(name[:len(forwarded)], forwarded) {
		return len(name) == len(forwarded) || name[len(forwarded)] == '-'
	}
	return slices.ContainsFunc(claims, func(claim string) bool { return strings.EqualFold(name, claim) })
}

// rewrite makes the request as the instance gets it. What clients claim of
// themselves is replaced; a trusted proxy's is kept, and extended. No proxy spells it with _.
func (x *exchange) rewrite(p *httputil.ProxyRequest) {
	p.Out.URL.Scheme = "http"
	p.Out.URL.RawQuery = p.In.URL.RawQuery // also where package url cannot parse it
	p.Out.Host = p.In.Host
	trusted := x.router.trusts(p.In.RemoteAddr)
	for name := range p.Out.Header {
		if isClaim(name) && (!trusted || strings.Contains(name, "_")) {
			delete(p.Out.Header, name)
		}
	}
	// An upgraded connection is passed on as it is: requests of HTTP/2 in it would come with any claims.
	if hasToken(p.Out.Header["Upgrade"], "h2c") {
		delete(p.Out.Header, "Upgrade")
		delete(p.Out.Header, "Connection")
		delete(p.Out.Header, "Http2-Settings")
	}
	if !trusted {
		p.SetXForwarded()
		return
	}
	p.Out.Header["X-Forwarded-For"] = p.In.Header["X-Forwarded-For"]
	p.SetXForwarded()
	for _, name := range []string{"X-Forwarded-Host", "X-Forwarded-Proto"} {
		if said := p.In.Header[name]; len(said) > 0 {
			p.Out.Header[name] = said
		}
	}
}

// hasToken reports whether the values of a header, lists that commas part, have a token.
func hasToken(values []string, token string) bool {
	for _, value := range values {
		for word := range strings.SplitSeq(value, ",") {
			if strings.EqualFold(strings.TrimSpace(word), token) {
				return true
			}
		}
	}
	return false
}

// RoundTrip asks an instance. One that cannot be connected to has seen nothing of the
// request, so that another one is asked, of the table as it is by then. A request that
// may be repeated is, too, where a connection ended before the answer began.
func (x *exchange) RoundTrip(out *http.Request) (*http.Response, error) {
	first := x.router.turn.Add(1)
	var until time.Time
	for try := 0; ; try++ {
		asked := x.attempt(out, first, try)
		res, err := x.router.backends.of(asked).RoundTrip(asked)
		if err == nil {
			return res, nil
		}
		if until.IsZero() {
			until = time.Now().Add(x.router.patience)
		}
		if !again(out, err, try) || time.Now().After(until) {
			return nil, err
		}
		x.router.metrics.retried.Inc()
		if e := pause.For(out.Context(), retryPause); e != nil {
			return nil, e
		}
		if x.target, _ = x.router.table.Load().Find(x.in.Host); len(x.target.Addresses) == 0 {
			return nil, errRefused
		}
	}
}

// attempt is the request of one try. An earlier one may still be read by what it
// failed in, and its body must outlive it.
func (x *exchange) attempt(out *http.Request, first uint32, try int) *http.Request {
	address := x.target.Addresses[(int(first)+try)%len(x.target.Addresses)]
	if x.stream != nil {
		x.router.streams.lead(x.stream, address)
	}
	asked := *out
	url := *out.URL
	url.Host = address
	asked.URL = &url
	if out.Body != nil {
		asked.Body = keptOpen{out.Body}
	}
	return &asked
}

// keptOpen is a body that a failed try does not close. ReverseProxy closes it.
type keptOpen struct{ io.Reader }

func (keptOpen) Close() error { return nil }

// again says whether a request is tried again after err.
func again(out *http.Request, err error, try int) bool {
	if out.Context().Err() != nil {
		return false
	}
	if unconnected(err) {
		return true
	}
	return try+1 < mostTries && repeatable(out)
}

// unconnected says whether err is of making a connection.
func unconnected(err error) bool {
	var op *net.OpError
	return errors.As(err, &op) && op.Op == "dial"
}

// repeatable says whether a request does the same when it is made twice.
func repeatable(r *http.Request) bool {
	switch r.Method {
	case http.MethodGet, http.MethodHead, http.MethodOptions, http.MethodTrace:
		return r.Body == nil && r.Header.Get("Upgrade") == ""
	}
	return false
}

// modify drops cookies that would reach other previews.
func (x *exchange) modify(res *http.Response) error {
	x.router.metrics.answered(res.StatusCode)
	if cookies := res.Header["Set-Cookie"]; len(cookies) > 0 {
		cookies = slices.DeleteFunc(cookies, func(c string) bool { return !route.KeepsCookie(c, x.target.Own) })
		if res.Header["Set-Cookie"] = cookies; len(cookies) == 0 {
			delete(res.Header, "Set-Cookie")
		}
	}
	return nil
}

// fail answers a request that no instance answered.
func (x *exchange) fail(w http.ResponseWriter, req *http.Request, err error) {
	people := route.ForPeople(x.in.Method, x.in.Header.Get("Accept"))
	switch {
	case errors.Is(err, errRefused):
		x.router.refuse(w, x.in.Host, x.target, people)
	case unconnected(err):
		x.router.say(w, route.Silent(x.target.State, people))
	default:
		x.router.say(w, route.Broken(x.target.State, people))
	}
}

// buffers are those by which bodies are copied.
var buffers = &bufferPool{sync.Pool{New: func() any { return new([32 << 10]byte) }}}

type bufferPool struct{ sync.Pool }

func (p *bufferPool) Get() []byte  { return p.Pool.Get().(*[32 << 10]byte)[:] }
func (p *bufferPool) Put(b []byte) { p.Pool.Put((*[32 << 10]byte)(b)) }
