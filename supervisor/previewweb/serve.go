package previewweb

import (
	"context"
	"crypto/tls"
	"log/slog"
	"net"
	"net/http"
	"sync"
	"time"

	"rundock/internal/preview/ledger"
	"rundock/internal/preview/settings"
	"rundock/internal/registry"
	"rundock/supervisor/previewlog"
	"rundock/supervisor/previewweb/access"
	"rundock/supervisor/previewweb/api"
	"rundock/supervisor/previewweb/change"
	"rundock/supervisor/previewweb/hook"
	"rundock/supervisor/previewweb/known"
	"rundock/supervisor/previewweb/page"
	"rundock/supervisor/servedcert"
)

// parts are what the server is made of.
type parts struct {
	store   registry.Store
	site    known.Site
	guard   *access.Guard
	public  settings.Public
	mirrors string            // folder that git is run in
	logs    previewlog.Builds // of this host
	hosts   previewlog.Hosts  // how builders are asked for logs
	hooks   string            // folder of hooks' secrets; "": there are none
	files   string            // folder of repositories' files
	version string
	log     *slog.Logger

	gitPatience  time.Duration // for a repository to say which branches it has
	hookPatience time.Duration // for the same, while whoever sent a hook waits
}

// listeners are what requests come by.
type listeners struct {
	web, admin net.Listener // admin may be nil
	cert       *servedcert.Served
}

const (
	headerTimeout = 10 * time.Second
	bodyTimeout   = 30 * time.Second
	clientIdle    = 75 * time.Second

	gitPatience  = 15 * time.Second
	hookPatience = 8 * time.Second // GitHub waits 10
)

// serve takes requests until ctx is done. Then it takes no more, waits leave for those
// that are open, ends the rest, and returns nil.
func (p parts) serve(ctx context.Context, l listeners, leave time.Duration) error {
	working, stop := context.WithCancel(context.WithoutCancel(ctx))
	book := known.New(p.site)
	var work sync.WaitGroup
	defer work.Wait()
	defer stop()
	m := newMetrics(book)
	work.Go(func() { book.Follow(working, p.store, m.health(p.log)) })
	web := server(m.counted(p.handler(ctx, book, m)), p.log)
	if l.cert != nil {
		web.TLSConfig = &tls.Config{MinVersion: tls.VersionTLS12, GetCertificate: l.cert.Get}
	}
	admin := server(m.admin(book), p.log)
	failed := make(chan error, 2)
	if l.cert != nil {
		go func() { failed <- web.ServeTLS(l.web, "", "") }()
	} else {
		go func() { failed <- web.Serve(l.web) }()
	}
	if l.admin != nil {
		go func() { failed <- admin.Serve(l.admin) }()
	}
	var err error
	select {
	case err = <-failed:
	case <-ctx.Done():
	}
	bounded, cancel := context.WithTimeout(context.WithoutCancel(ctx), leave)
	defer cancel()
	for _, s := range []*http.Server{web, admin} {
		if s.Shutdown(bounded) != nil {
			s.Close()
		}
	}
	return err
}

func server(h http.Handler, log *slog.Logger) *http.Server {
	return &http.Server{
		Handler: h, ReadHeaderTimeout: headerTimeout, ReadTimeout: bodyTimeout, IdleTimeout: clientIdle, MaxHeaderBytes: 64 << 10,
		ErrorLog: slog.NewLogLogger(log.Handler(), slog.LevelDebug),
	}
}

// handler answers all requests; streams end with ctx.
func (p parts) handler(ctx context.Context, book *known.Book, m *metrics) http.Handler {
	changer := &change.Changer{
		Ledger: ledger.Ledger{Store: p.store, Rules: p.site.Rules}, Book: book, Public: p.public,
		Branches: change.NewBranches(book, p.mirrors, p.gitPatience), Files: p.files, Log: p.log,
	}
	logs := api.Logs{Book: book, Builds: p.logs, Hosts: p.hosts}
	calls := &api.API{Book: book, Changer: changer, Guard: p.guard, Logs: logs, Log: p.log, Done: ctx, Version: p.version}
	m.streams(calls.Streams)
	mux := http.NewServeMux()
	mux.Handle(api.Prefix+"/", calls.Handler())
	(&hook.Handler{Changer: changer, Secrets: p.hooks, Patience: p.hookPatience, Log: p.log}).Register(mux)
	pages := &page.Pages{Book: book, Changer: changer, Guard: p.guard, Logs: logs, Log: p.log, Version: p.version}
	mux.Handle("/", pages.Handler())
	return secure(mux)
}

// secure refuses what a page of another origin, such as a preview's, has a browser send, and tells browsers what
// pages may do: run no script but ours, and be in no frame.
func secure(next http.Handler) http.Handler {
	origin := http.NewCrossOriginProtection()
	origin.SetDenyHandler(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		api.WriteError(w, http.StatusForbidden, "a page of another origin has sent this")
	}))
	checked := origin.Handler(next)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("Content-Security-Policy", "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'")
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("Referrer-Policy", "same-origin")
		h.Set("Cross-Origin-Opener-Policy", "same-origin")
		h.Set("Cross-Origin-Resource-Policy", "same-origin")
		checked.ServeHTTP(w, r)
	})
}
