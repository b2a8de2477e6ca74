// Package previewweb is `previewd web`: the page, the API and the hooks by which people and
// programs have branches run. It writes wishes and settings into the store and reads what came of them; it
// builds nothing, has no Docker, and needs no root.
package previewweb

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"log/slog"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"time"

	"rundock/internal/hostconfig"
	"rundock/internal/pause"
	"rundock/internal/preview"
	"rundock/internal/preview/settings"
	"rundock/internal/registry/open"
	"rundock/internal/registry/tlsfiles"
	"rundock/supervisor/previewlog"
	"rundock/supervisor/previewweb/access"
	"rundock/supervisor/previewweb/known"
	"rundock/supervisor/process"
	"rundock/supervisor/report"
	"rundock/supervisor/servedcert"
)

const webUsage = `usage: previewd web [--listen ADDRESS:PORT] [--access FILE] ...

Serves the page, the API (/api/v1/) and the hooks by which branches are made previews.
runsv starts it, as the user rundock-preview, which the store lets write what is of
previews alone. TERM: take no more requests, and leave within 5 s.

  --listen ADDRESS:PORT  where to take requests; 127.0.0.1:9155 unless it is said, and
                         elsewhere than on loopback only with --access
  --cert FILE, --key FILE  serve HTTPS, by this certificate and key; another one there is
                         taken up by itself
  --access FILE          who may do what: tokens, passwords, a proxy; previewd token
                         writes it. Without it, and until it is there, everybody on this
                         host may do everything, and that port of loopback alone is served
  --seal FILE            the key that settings are sealed by, as previewd key prints it;
                         without it settings cannot be changed
  --hooks FOLDER         secrets of hooks, a file a repository; none unless it is said
  --files FOLDER         where files of repositories are, such as credentials;
                         /etc/rundock/preview unless it is said
  --logs-cert FILE, --logs-key FILE, --logs-ca FILE  the certificate by which builders of other
                         hosts are asked for logs, its key, and who signs theirs; without
                         them they are asked without TLS
  --admin ADDRESS:PORT   where /metrics and /healthz are; 127.0.0.1:9156 unless it is said
  --domain NAME          what previews' names are below; y. and host.json's domain
                         unless it is said
  --previews URL         how previews are reached: http, https, or with a port as in
                         https:8443; http unless it is said
  --most NUMBER, --ttl TIME  previews that there may be, 50, and how long one is kept that
                         is not deployed again, 168h; as previewd work has it

Exit codes: 0 it was told to leave, 2 bad usage, 100 it cannot run, and why is said.

Examples:
  previewd web --listen 10.0.0.5:443 --cert /etc/rundock/web.crt --key /etc/rundock/web.key \
    --access /etc/rundock/preview/access.json --seal /etc/rundock/preview/seal.pub
`

// options are what the flags say.
type options struct {
	listen, admin string // ADDRESS:PORT
	cert, key     string
	access        string
	seal          string
	hooks, files  string
	domain        string // "": of host.json
	previews      string
	rules         preview.Rules
	logsTLS       tlsfiles.Files // for builders of other hosts
	version       string
}

// Main is `previewd web`, of a release.
func Main(version string) func(args []string) int {
	return func(args []string) int {
		set := flag.NewFlagSet("previewd web", flag.ContinueOnError)
		o := options{version: version}
		for _, one := range []struct {
			into     *string
			name, of string
		}{
			{&o.listen, "listen", "127.0.0.1:9155"}, {&o.admin, "admin", "127.0.0.1:9156"}, {&o.cert, "cert", ""}, {&o.key, "key", ""}, {&o.access, "access", ""},
			{&o.seal, "seal", ""}, {&o.hooks, "hooks", ""}, {&o.files, "files", hostconfig.PreviewDir}, {&o.domain, "domain", ""}, {&o.logsTLS.CA, "logs-ca", ""}, {&o.logsTLS.Cert, "logs-cert", ""}, {&o.logsTLS.Key, "logs-key", ""}, {&o.previews, "previews", "http"},
		} {
			set.StringVar(one.into, one.name, one.of, "")
		}
		set.IntVar(&o.rules.Most, "most", 0, "")
		set.DurationVar(&o.rules.TTL, "ttl", 0, "")
		words, code, done := report.Arguments(set, webUsage, args)
		if done {
			return code
		}
		if err := o.check(words); err != nil {
			return report.BadUsage(set.Name(), err.Error())
		}
		return process.Resident(process.ErrStop, "cannot serve the page", o.run)
	}
}

// check reports the first bad option.
func (o options) check(words []string) error {
	address, err := netip.ParseAddrPort(o.listen)
	_, _, previews := splitPreviews(o.previews)
	switch {
	case len(words) > 0:
		return fmt.Errorf("it takes no %q", words[0])
	case err != nil:
		return fmt.Errorf("--listen %s: want ADDRESS:PORT", o.listen)
	case !address.Addr().IsLoopback() && o.access == "":
		return fmt.Errorf("--listen %s: others reach that, so --access is needed: previewd token makes such a file", o.listen)
	case (o.cert == "") != (o.key == ""):
		return errors.New("--cert and --key go together")
	case !filepath.IsAbs(o.files):
		return fmt.Errorf("--files %s: want an absolute path", o.files)
	case previews != nil:
		return previews
	case o.rules.Most < 0 || o.rules.TTL < 0:
		return errors.New("--most and --ttl are not below 0")
	}
	return previewlog.CheckFiles(o.logsTLS)
}

// splitPreviews reads http, https, or one of them with a port.
func splitPreviews(text string) (scheme, port string, err error) {
	scheme = text
	if host, p, err := net.SplitHostPort(text); err == nil {
		scheme, port = host, p
	}
	if number, err := net.LookupPort("tcp", port); scheme != "http" && scheme != "https" || port != "" && (err != nil || number == 0) {
		return "", "", fmt.Errorf("--previews %s: want http, https, or one of them with a port as in https:8443", text)
	}
	return scheme, port, nil
}

// run serves until ctx is done.
func (o options) run(ctx context.Context, log *slog.Logger) error {
	host, err := hostconfig.Load(hostconfig.Path)
	if err != nil {
		return err
	}
	store, err := open.Previews(host, log)
	if err != nil {
		return fmt.Errorf("%s: %w", hostconfig.Path, err)
	}
	defer store.Close()
	if o.domain == "" {
		o.domain = preview.DomainOf(host.Domain)
	}
	scheme, port, err := splitPreviews(o.previews)
	if err != nil {
		return err
	}
	state := filepath.Join(hostconfig.StateDir, "preview")
	p := parts{
		store: store, site: known.Site{Zone: host.Zone(), Host: host.Host, Domain: o.domain, Scheme: scheme, Port: port, Rules: o.rules},
		mirrors: filepath.Join(state, "web"), logs: previewlog.Builds(filepath.Join(state, "logs")), hosts: previewlog.Hosts{Socket: previewlog.Socket, TLS: o.logsTLS}, hooks: o.hooks, files: filepath.Clean(o.files), version: o.version, log: log, gitPatience: gitPatience, hookPatience: hookPatience,
	}
	if p.guard, err = access.Open(o.access, log); err != nil {
		return err
	}
	if p.public, err = readPublic(o.seal); err != nil {
		return err
	}
	return o.listenAndServe(ctx, p)
}

// listenAndServe serves until ctx is done: where nobody is let in yet, on loopback until somebody is.
func (o options) listenAndServe(ctx context.Context, p parts) error {
	for {
		if err := o.serve(ctx, p); err != nil || ctx.Err() != nil {
			return err
		}
	}
}

// serve serves until ctx is done, or who is let in changes where it listens.
func (o options) serve(ctx context.Context, p parts) error {
	listen := o.listen
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	if o.access != "" && !p.guard.Asks() {
		listen = loopbackOf(listen)
		go func() {
			for pause.For(ctx, time.Second) == nil {
				if p.guard.Asks() {
					p.log.Info("somebody is let in now")
					cancel()
				}
			}
		}()
	}
	var l listeners
	var err error
	if o.cert != "" {
		l.cert = servedcert.New(o.cert, o.key, p.log)
		if _, err := l.cert.Get(nil); err != nil {
			return err
		}
	}
	if l.web, err = net.Listen("tcp", listen); err != nil {
		return err
	}
	if o.admin != "" {
		if l.admin, err = net.Listen("tcp", o.admin); err != nil {
			return errors.Join(err, l.web.Close())
		}
	}
	p.log.Info("serving the page", "listen", listen, "domain", p.site.Domain)
	return p.serve(ctx, l, leaveTime)
}

// loopbackOf is the same port of loopback.
func loopbackOf(listen string) string {
	_, port, err := net.SplitHostPort(listen)
	if err != nil {
		return listen // which is refused
	}
	return net.JoinHostPort("127.0.0.1", port)
}

// readPublic reads the key that settings are sealed by; of no file it is the zero value, which seals nothing.
func readPublic(file string) (p settings.Public, err error) {
	if file == "" {
		return p, nil
	}
	data, err := os.ReadFile(file)
	if err != nil {
		return p, err
	}
	if p, err = settings.ParsePublic(string(data)); err != nil {
		return p, fmt.Errorf("%s: %w", file, err)
	}
	return p, nil
}

const leaveTime = 5 * time.Second // what requests have to end in after TERM
