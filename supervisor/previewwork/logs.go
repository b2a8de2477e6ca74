package previewwork

import (
	"context"
	"crypto/tls"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"os/user"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"time"

	"rundock/internal/complaint"
	"rundock/internal/hostconfig"
	"rundock/internal/pause"
	"rundock/internal/preview"
	"rundock/internal/preview/settings"
	"rundock/internal/registry/local/serve"
	"rundock/internal/stack"
	"rundock/internal/stack/release"
	"rundock/supervisor"
	"rundock/supervisor/previewlog"
	"rundock/supervisor/servedcert"
)

// giveLogs gives pages the logs of this host's previews until ctx is done: that of this host by a socket
// of its group, others by logsAt.
func (w *worker) giveLogs(ctx context.Context) {
	handler := (&previewlog.Server{Build: previewlog.Builds(w.logs).Of, Container: w.containerLog, Done: ctx, Log: w.log}).Handler()
	var all sync.WaitGroup
	all.Go(func() { w.giveAt(ctx, handler, listenForPage) })
	if w.logsAt != "" {
		served := handler
		if w.logsTLS.Cert != "" {
			served = previewlog.PageOnly(handler)
		}
		all.Go(func() { w.giveAt(ctx, served, func() (net.Listener, error) { return w.listenForPages() }) })
	}
	all.Wait()
}

// listenEvery is how often it is tried to listen: a role makes the page's group on hosts that have the page,
// and an address may come later.
const listenEvery = 5 * time.Second

// giveAt serves at what listen returns, which is tried until it is one; nil is none for now.
func (w *worker) giveAt(ctx context.Context, handler http.Handler, listen func() (net.Listener, error)) {
	var said complaint.Memory
	for {
		l, err := listen()
		if err == nil && l != nil {
			server := &http.Server{
				Handler: handler, ReadHeaderTimeout: 10 * time.Second, IdleTimeout: time.Minute, MaxHeaderBytes: 16 << 10,
				ErrorLog: slog.NewLogLogger(w.log.Handler(), slog.LevelDebug),
			}
			stop := context.AfterFunc(ctx, func() { server.Close() })
			err = server.Serve(l)
			stop()
		}
		if ctx.Err() != nil {
			return
		}
		if err != nil && said.News(time.Now(), err.Error()) {
			w.log.Error("pages are not given logs", "err", err)
		}
		if pause.For(ctx, listenEvery) != nil {
			return
		}
	}
}

// listenForPage listens for the page of this host; nil: it has none, and no group of it.
func listenForPage() (net.Listener, error) {
	g, err := user.LookupGroup(hostconfig.PreviewGroup)
	if err != nil {
		return nil, nil
	}
	id, err := strconv.Atoi(g.Gid)
	if err != nil {
		return nil, err
	}
	return serve.ListenFor(id, previewlog.Socket, filepath.Join(filepath.Dir(previewlog.Socket), "previewd-work"))
}

// listenForPages listens for pages of other hosts. With certificates, all files are read for each connection.
func (w *worker) listenForPages() (net.Listener, error) {
	l, err := net.Listen("tcp", w.logsAt)
	if err != nil || w.logsTLS.Cert == "" {
		return l, err
	}
	own := servedcert.New(w.logsTLS.Cert, w.logsTLS.Key, w.log)
	return tls.NewListener(l, &tls.Config{MinVersion: tls.VersionTLS12, GetConfigForClient: func(*tls.ClientHelloInfo) (*tls.Config, error) {
		signers, err := w.logsTLS.Config("logs of previews:")
		if err != nil {
			return nil, err
		}
		return &tls.Config{
			MinVersion: tls.VersionTLS12, GetCertificate: own.Get, ClientAuth: tls.RequireAndVerifyClientCert, ClientCAs: signers.RootCAs, NextProtos: []string{"http/1.1"},
		}, nil
	}}), nil
}

// containerLog is the log of a preview's container here. Values of settings are not shown. Which containers are whose
// the releases say, and not names: a's b-web is called as web of a-b.
func (w *worker) containerLog(name, slot string) (previewlog.Source, error) {
	at, err := stack.ParseSlot(slot)
	stackName := preview.StackOf(name)
	if err != nil || preview.CheckName(name) != nil || supervisor.CheckSlot(stackName, at) != nil {
		return nil, fmt.Errorf("preview %q has no container %q", name, slot)
	}
	ctx, cancel := context.WithTimeout(context.Background(), storePatience)
	defer cancel()
	v, err := release.Load(ctx, w.store, stackName)
	if err != nil {
		return nil, fmt.Errorf("which containers preview %s has is not known: %w", name, err)
	}
	for _, r := range v.Releases {
		if s, there := r.Slots[at]; there && s.Host == w.host {
			return previewlog.Folder{Dir: supervisor.LogDir(at.Container(stackName)), Mask: w.maskOf(name)}, nil
		}
	}
	return nil, fmt.Errorf("preview %s has no container %s on %s", name, slot, w.host)
}

// storePatience bounds a look into the store.
const storePatience = 10 * time.Second

// maskOf hides the values of the settings of a preview, as they are when it is called.
func (w *worker) maskOf(name string) func() (*strings.Replacer, error) {
	var of string // revision
	var mask *strings.Replacer
	return func() (*strings.Replacer, error) {
		all, ok := w.view.settingsNamed(name)
		if !ok {
			return nil, fmt.Errorf("there is no preview %s any more", name)
		}
		if revision := all.Revision(); mask == nil || revision != of {
			values, err := openSettings(w.key, all)
			if err != nil {
				return nil, fmt.Errorf("settings of %s cannot be read, so that its containers' logs are not shown: %w", name, err)
			}
			mask, of = previewlog.Mask(values), revision
		}
		return mask, nil
	}
}

func openSettings(file string, all settings.All) (map[string]string, error) {
	key, err := settings.ReadKey(file)
	if err != nil {
		return nil, err
	}
	return all.Open(key)
}
