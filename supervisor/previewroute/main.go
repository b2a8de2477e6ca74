package previewroute

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"log/slog"
	"net"
	"net/netip"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"rundock/internal/hostconfig"
	"rundock/internal/preview"
	"rundock/internal/registry"
	"rundock/internal/registry/open"
	"rundock/supervisor/process"
	"rundock/supervisor/report"
	"rundock/supervisor/servedcert"
)

const usage = `usage: previewd route [--http ADDRESS:PORT] [--https ADDRESS:PORT --cert FILE --key FILE] ...

Passes requests for http://NAME.y.DOMAIN and http://LABEL.NAME.y.DOMAIN on to the
instances of the preview NAME, as the store says. Previews are not offered unless it
runs. runsv starts it. TERM: take no more requests, and leave within 5 s.

  --http ADDRESS:PORT    where to take HTTP; :80 unless it is said, "" for none
  --https ADDRESS:PORT   where to take HTTPS; none unless it is said
  --cert FILE, --key FILE  the certificate for *.y.DOMAIN, with those that signed it, and
                         its key; another one there is taken up by itself
  --admin ADDRESS:PORT   where /metrics and /healthz are; 127.0.0.1:9154 unless it is said
  --domain NAME          what previews' names are below; y. and host.json's domain
                         unless it is said
  --trust NETWORK,...    proxies whose X-Forwarded-* headers are believed and extended;
                         all others' are replaced
  --drain TIME           how long websockets and event streams of an instance go on after
                         another one has taken its place; 30s unless it is said

Exit codes: 0 it was told to leave, 2 bad usage, 100 it cannot run, and why is said.

Examples:
  previewd route --https :443 --cert /etc/rundock/preview.crt --key /etc/rundock/preview-https.key
`

// settings are what the flags say.
type settings struct {
	http, https, admin string // ADDRESS:PORT; "": none
	cert, key          string
	domain             string // "": of host.json
	trusted            []netip.Prefix
	drain              time.Duration
}

// connectPatience is how long an instance that takes no connection is asked again
// before its client is told.
const connectPatience = 5 * time.Second

// Main is `previewd route`.
func Main(args []string) int {
	set := flag.NewFlagSet("previewd route", flag.ContinueOnError)
	var s settings
	var trust string
	set.StringVar(&s.http, "http", ":80", "")
	set.StringVar(&s.https, "https", "", "")
	set.StringVar(&s.admin, "admin", "127.0.0.1:9154", "")
	set.StringVar(&s.cert, "cert", "", "")
	set.StringVar(&s.key, "key", "", "")
	set.StringVar(&s.domain, "domain", "", "")
	set.StringVar(&trust, "trust", "", "")
	set.DurationVar(&s.drain, "drain", 30*time.Second, "")
	words, code, done := report.Arguments(set, usage, args)
	if done {
		return code
	}
	err := s.check(words)
	if err == nil {
		s.trusted, err = networks(trust)
	}
	if err != nil {
		return report.BadUsage(set.Name(), err.Error())
	}
	process.NoMoreRights()
	return process.Resident(process.ErrStop, "cannot route", s.run)
}

// check reports the first bad setting.
func (s settings) check(words []string) error {
	switch {
	case len(words) > 0:
		return fmt.Errorf("it takes no %q", words[0])
	case (s.https == "") != (s.cert == "") || (s.cert == "") != (s.key == ""):
		return errors.New("--https, --cert and --key go together")
	case s.http == "" && s.https == "":
		return errors.New("neither --http nor --https: there is nothing to listen to")
	case s.drain < 0:
		return errors.New("--drain is less than 0")
	}
	return nil
}

// networks reads addresses and prefixes that commas part.
func networks(text string) (all []netip.Prefix, err error) {
	for word := range strings.FieldsFuncSeq(text, func(r rune) bool { return r == ',' }) {
		p, err := netip.ParsePrefix(word)
		if err != nil {
			address, e := netip.ParseAddr(word)
			if e != nil {
				return nil, fmt.Errorf("--trust %s: want a network such as 10.0.0.0/24, or an address", word)
			}
			p = netip.PrefixFrom(address, address.BitLen())
		}
		all = append(all, p.Masked())
	}
	return all, nil
}

// run routes until ctx is done.
func (s settings) run(ctx context.Context, log *slog.Logger) error {
	process.CarryLoad()
	host, err := hostconfig.Load(hostconfig.Path)
	if err != nil {
		return err
	}
	if s.domain == "" {
		s.domain = preview.DomainOf(host.Domain)
	}
	store, err := open.Store(host, log)
	if err != nil {
		return fmt.Errorf("%s: %w", hostconfig.Path, err)
	}
	defer store.Close()
	var cert *servedcert.Served
	if s.cert != "" {
		cert = servedcert.New(s.cert, s.key, log)
		if _, err := cert.Get(nil); err != nil {
			return err
		}
	}
	l, err := s.listen()
	if err != nil {
		return err
	}
	log.Info("routing", "domain", s.domain, "http", s.http, "https", s.https)
	return s.route(ctx, store, host.Host, filepath.Join(hostconfig.StateDir, "preview"), l, cert, log)
}

// listen opens the listeners.
func (s settings) listen() (l listeners, err error) {
	for _, one := range []struct {
		address string
		into    *net.Listener
	}{{s.http, &l.http}, {s.https, &l.https}, {s.admin, &l.admin}} {
		if one.address == "" {
			continue
		}
		if *one.into, err = net.Listen("tcp", one.address); err != nil {
			return l, err // the process ends, and what is open with it
		}
	}
	return l, nil
}

// route takes requests from l, as the store and the snapshot in dir say, until ctx is done.
func (s settings) route(ctx context.Context, store registry.Store, host, dir string, l listeners, cert *servedcert.Served, log *slog.Logger) error {
	// What works for requests goes on while they end.
	working, cancel := context.WithCancel(context.WithoutCancel(ctx))
	waker := newWaker(working, store, host, log)
	r := newRouter(s.trusted, connectPatience, waker.ask)
	f := newFollower(r, s.domain, log)
	if err := f.load(dir); err != nil {
		log.Error("starting without a snapshot", "err", err)
	}
	var work sync.WaitGroup
	defer work.Wait()
	defer waker.work.Wait()
	defer cancel()
	work.Go(func() { f.keepSnapshot(working, dir) })
	work.Go(func() { r.keepStreams(working, s.drain) })
	work.Go(func() { r.keepUses(working, store, host, usedEvery) })
	work.Go(func() {
		store.Watch(working, preview.StatePrefix, func(b registry.Batch) {
			f.apply(b)
			waker.forget(func(name string) bool {
				state := r.table.Load().State(name)
				return state != nil && state.Step == preview.Asleep
			})
		}, f.health)
	})
	return r.serve(ctx, l, cert, log, leaveTime)
}
