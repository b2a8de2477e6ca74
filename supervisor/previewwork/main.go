package previewwork

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"time"

	"rundock/internal/build"
	"rundock/internal/container"
	"rundock/internal/hostconfig"
	"rundock/internal/preview"
	"rundock/internal/preview/ledger"
	"rundock/internal/preview/mirror"
	previewsettings "rundock/internal/preview/settings"
	"rundock/internal/registry"
	"rundock/internal/registry/open"
	"rundock/internal/registry/tlsfiles"
	"rundock/supervisor/previewlog"
	"rundock/supervisor/process"
	"rundock/supervisor/report"
)

const usage = `usage: previewd work [--previews N] [--ttl TIME] [--idle TIME] ...

Makes the previews that the store wishes for: fetches branches, builds their images,
deploys them on this host, lets them sleep and wakes them, and leaves nothing of those
that are to go. Several hosts share the previews. runsv starts it. TERM: jobs end where
they are, and are gone on with at the next start.

  --previews N           previews that this host has at most; 20 unless it is said
  --most N               previews of the site; 50 unless it is said
  --ttl TIME             from a preview's last deployment until it is removed; 168h
                         unless it is said
  --idle TIME            without use until it sleeps; 2h unless it is said
  --takeover TIME        that the builder of another host is away until its previews are
                         taken over; 2m unless it is said
  --ports FIRST-LAST     of this host, on which routers reach previews; 21000-21999
                         unless it is said
  --address ADDRESS      of this host, on which they are; that of host.json's private
                         interface unless it is said
  --domain NAME          what previews' names are below; y. and host.json's domain
                         unless it is said
  --scheme http|https    of the previews' addresses; http unless it is said
  --key FILE             the key of the settings; ` + hostconfig.PreviewKeyPath + `
                         unless it is said
  --timeout TIME         for an instance to become well; 5m unless it is said
  --registries NAMES     image registries, by commas, whose images branches may be built on by
                         the credentials that this host has for them; none unless it is said
  --build-memory MIB     that a build may have; 2048 unless it is said
  --build-cpus N         processors that a build may have; 2 unless it is said
  --build-time TIME      that a build may take; 15m unless it is said
  --build-free MIB       of Docker's disk that a build leaves free; 2048 unless it is said
  --logs-at ADDRESS:PORT where to give logs to pages of other hosts; nowhere unless it is
                         said. That of this host has ` + previewlog.Socket + `
  --logs-cert FILE, --logs-key FILE, --logs-ca FILE  the certificate for that, its key, and
                         who signs those of pages; without them it is plain, for whoever
                         reaches it
  --admin ADDRESS:PORT   where /metrics and /healthz are; 127.0.0.1:9157 unless it is said

Exit codes: 0 it was told to leave, 2 bad usage, 100 it cannot run, and why is said.

Examples:
  previewd work --previews 40 --idle 30m
`

// options are what the flags say.
type options struct {
	previews      int
	rules         preview.Rules
	takeover      time.Duration
	first, last   int // ports
	address       string
	domain        string
	scheme        string
	key           string // file
	timeout       time.Duration
	limits        build.Limits
	registries    string // by commas
	adminAt       string
	logsAt        string         // ADDRESS:PORT; "": nowhere
	logsTLS       tlsfiles.Files // of that
	logs, trees   string         // folders
	mirrorsFolder string
}

// logDir is where a host that builds has the logs of its previews.
const logDir = hostconfig.StateDir + "/preview/logs"

// Main is `previewd work`.
func Main(args []string) int {
	set := flag.NewFlagSet("previewd work", flag.ContinueOnError)
	var o options
	var ports string
	var memory, cpus, free int
	set.IntVar(&o.previews, "previews", 20, "")
	set.IntVar(&o.rules.Most, "most", 50, "")
	set.DurationVar(&o.rules.TTL, "ttl", 7*24*time.Hour, "")
	set.DurationVar(&o.rules.Idle, "idle", 2*time.Hour, "")
	set.DurationVar(&o.takeover, "takeover", 2*time.Minute, "")
	set.StringVar(&ports, "ports", "21000-21999", "")
	set.StringVar(&o.address, "address", "", "")
	set.StringVar(&o.domain, "domain", "", "")
	set.StringVar(&o.scheme, "scheme", "http", "")
	set.StringVar(&o.key, "key", hostconfig.PreviewKeyPath, "")
	set.DurationVar(&o.timeout, "timeout", 5*time.Minute, "")
	set.StringVar(&o.registries, "registries", "", "")
	set.IntVar(&memory, "build-memory", 2048, "")
	set.IntVar(&cpus, "build-cpus", 2, "")
	set.DurationVar(&o.limits.Time, "build-time", 15*time.Minute, "")
	set.IntVar(&free, "build-free", 2048, "")
	set.StringVar(&o.logsAt, "logs-at", "", "")
	set.StringVar(&o.logsTLS.Cert, "logs-cert", "", "")
	set.StringVar(&o.logsTLS.Key, "logs-key", "", "")
	set.StringVar(&o.logsTLS.CA, "logs-ca", "", "")
	set.StringVar(&o.adminAt, "admin", "127.0.0.1:9157", "")
	words, code, done := report.Arguments(set, usage, args)
	if done {
		return code
	}
	o.limits.Memory, o.limits.CPU, o.limits.Free = int64(memory)<<20, cpus*1000, int64(free)<<20
	if err := o.check(words, ports); err != nil {
		return report.BadUsage(set.Name(), err.Error())
	}
	dir := filepath.Join(hostconfig.StateDir, "preview")
	o.logs, o.trees, o.mirrorsFolder = logDir, filepath.Join(dir, "trees"), filepath.Join(dir, "repositories")
	return process.Resident(process.ErrStop, "cannot make previews", o.run)
}

// check reports the first bad setting, and reads ports.
func (o *options) check(words []string, ports string) error {
	if n, err := fmt.Sscanf(ports, "%d-%d", &o.first, &o.last); n != 2 || err != nil || o.first < 1024 || o.last > 65535 || o.last < o.first || fmt.Sprintf("%d-%d", o.first, o.last) != ports {
		return fmt.Errorf("--ports %s: want FIRST-LAST, from 1024 to 65535", ports)
	}
	switch {
	case len(words) > 0:
		return fmt.Errorf("it takes no %q", words[0])
	case o.scheme != "http" && o.scheme != "https":
		return fmt.Errorf("--scheme %s: want http or https", o.scheme)
	case o.previews < 1 || o.rules.Most < 1:
		return errors.New("--previews and --most: want 1 at least")
	case o.rules.TTL < time.Minute || o.rules.Idle < time.Minute:
		return errors.New("--ttl and --idle: want 1m at least")
	case o.takeover < announceFor:
		return fmt.Errorf("--takeover: want %s at least", announceFor)
	case o.timeout < 10*time.Second:
		return errors.New("--timeout: want 10s at least")
	case o.limits.Memory < 4<<20 || o.limits.CPU < 1000 || o.limits.Time < time.Second || o.limits.Free < 1<<20:
		return errors.New("--build-memory, --build-cpus, --build-time, --build-free: want 4 MiB, 1 processor, 1s and 1 MiB at least")
	case o.logsAt != "" && !isAddress(o.logsAt):
		return fmt.Errorf("--logs-at %s: want ADDRESS:PORT", o.logsAt)
	case !filepath.IsAbs(o.key):
		return fmt.Errorf("--key %s: want an absolute path", o.key)
	}
	return previewlog.CheckFiles(o.logsTLS)
}

func isAddress(text string) bool {
	_, err := netip.ParseAddrPort(text)
	return err == nil
}

// run makes previews until ctx is done.
func (o options) run(ctx context.Context, log *slog.Logger) error {
	host, err := hostconfig.Load(hostconfig.Path)
	if err != nil {
		return err
	}
	if o.domain == "" {
		o.domain = preview.DomainOf(host.Domain)
	}
	if o.address == "" {
		address, err := host.PrivateAddress()
		if err != nil {
			return err
		}
		o.address = address.String()
	}
	if _, err := previewsettings.ReadKey(o.key); err != nil {
		return err
	}
	store, err := open.Store(host, log)
	if err != nil {
		return fmt.Errorf("%s: %w", hostconfig.Path, err)
	}
	defer store.Close()
	docker, err := container.Open()
	if err != nil {
		return err
	}
	program, err := os.Executable()
	if err != nil {
		return err
	}
	w := o.worker(store, docker, host.Host, program, log)
	l, err := net.Listen("tcp", o.adminAt)
	if err != nil {
		return err
	}
	admin := &http.Server{Handler: w.admin(), ReadHeaderTimeout: 10 * time.Second}
	go admin.Serve(l)
	defer admin.Close()
	log.Info("making previews", "domain", o.domain, "at most", o.previews)
	w.run(ctx)
	return nil
}

// worker is one of this host.
func (o options) worker(store registry.Store, docker *container.Client, host, program string, log *slog.Logger) *worker {
	metrics := newMetrics()
	return &worker{
		options: o, host: host, id: "previewd-work/" + host, log: log, store: store, ledger: ledger.Ledger{Store: store, Rules: o.rules}, records: records{store},
		view: newView(log, metrics.follows), docker: docker, builder: build.Builder{Docker: docker, Limits: o.limits, Network: preview.BuildNetwork, NoFetch: true, Registries: strings.FieldsFunc(o.registries, func(r rune) bool { return r == ',' })}, mirrors: mirror.Folder{Path: o.mirrorsFolder},
		engine: engine{programs: programs{hostconfig.Program, program}, store: store, host: host, timeout: int(o.timeout.Seconds())},
		ports:  newPorts(o.first, o.last, o.address), choice: choice{host, o.previews, o.takeover}, metrics: metrics,
		building: make(chan struct{}, 1), working: make(chan struct{}, atOnce), jobs: map[string]*job{}, retries: map[string]retry{}, wanted: map[string]time.Time{},
	}
}

// urlOf is the address of a preview.
func (o options) urlOf(name string) string { return o.scheme + "://" + name + "." + o.domain }
