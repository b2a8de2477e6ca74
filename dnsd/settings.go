package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"net/netip"
	"net/url"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"rundock/dnsd/answer"
	"rundock/dnsd/forward"
	"rundock/dnsd/querylog"
	"rundock/dnsd/server"
	"rundock/dnsd/store"
	"rundock/dnsd/table"
	"rundock/internal/hostconfig"
	"rundock/internal/registry/etcd"
	"rundock/internal/registry/open"
)

// Settings of one run: a flag, else its environment variable, else its line in
// the file --config, else what host.json says, else the default.
type settings struct {
	zones       []answer.Zone
	listen      []server.Address
	prefix      string
	registry    etcd.Config
	store       *store.Config // nil: no embedded etcd
	upstreams   []netip.AddrPort
	stubs       []forward.Stub
	cache       int // replies of upstreams to remember
	forwardFor  []netip.Prefix
	nameServers []netip.Addr // empty: the addresses that are listened on
	ttl         uint32       // seconds
	negativeTTL uint32       // seconds
	maxUDP      int          // bytes
	scaled      bool         // SRV weights up to 65535 instead of percent
	name        string       // of this server, for who asks; empty: not told
	metrics     string       // empty: none
	logLevel    slog.Level
	queryLog    querylog.Share
	version     bool

	losses           losses
	snapshot         string // folder; empty: none
	snapshotInterval time.Duration
}

const about = `Usage: dnsd [flags]
       dnsd check                           which records in etcd are wrong
       dnsd explain NAME [TYPE]             how a question comes to its answer
       dnsd dump [ZONE...]                  the zones as zone files
       dnsd store status|stop --dir DIR     the embedded etcd, which outlives dnsd
       dnsd store backup|restore --dir DIR FILE

dnsd answers DNS from the records in etcd. A flag may be given by environment
as well, or by a line in the file --config: --max-udp 1400 is DNSD_MAX_UDP=1400
is max-udp = 1400. Lists are separated by commas, or the flag is repeated.
Defaults marked "host.json" come from --host-config if it exists.

Signals: TERM stops. HUP reads the files and the program anew and goes on
without losing a query. USR1 drops losses that are held, see --loss-share.

`

// flags is the command line with everything still text.
type flags struct {
	zone, listen, etcd, embedListen, upstream, stub, forwardFor, ns list
	prefix, embed, hostConfig, metrics, srvWeights, nsid            string
	ca, cert, key, user, passwordFile                               string
	ttl, negativeTTL                                                seconds
	maxUDP, cache                                                   int
	logLevel                                                        slog.Level
	queryLog                                                        querylog.Share
	version                                                         bool

	snapshot, config           string
	snapshotInterval, lossHold seconds
	lossShare                  int
}

func (f *flags) set() *flag.FlagSet {
	fs := flag.NewFlagSet("dnsd", flag.ContinueOnError)
	fs.Var(&f.zone, "zone", "zone to be the authority for, such as s.prod.example.com\n(host.json: <label>.<domain>)")
	fs.Var(&f.listen, "listen", "`address` to answer on, UDP and TCP: IP:port or interface:port; waited for\nif it is not there yet (host.json: 127.0.0.1:53 and the private interface);\nan interface's address is followed")
	fs.StringVar(&f.prefix, "prefix", "/skydns", "`key` prefix of the records")
	fs.Var(&f.etcd, "etcd", "etcd endpoint `URL` (host.json: etcd.endpoints; with --embed-etcd: that one)")
	fs.StringVar(&f.ca, "etcd-ca", "", "`file` of certificates that etcd's is signed by (host.json)")
	fs.StringVar(&f.cert, "etcd-cert", "", "`file` of our certificate for etcd (host.json)")
	fs.StringVar(&f.key, "etcd-key", "", "`file` of its key (host.json)")
	fs.StringVar(&f.user, "etcd-user", "", "`name` to log in to etcd with (host.json)")
	fs.StringVar(&f.passwordFile, "etcd-password-file", "", "`file` of its password (host.json)")
	fs.StringVar(&f.embed, "embed-etcd", "", "run an etcd here, with its data in `folder`")
	f.embedListen = list{values: []string{"http://127.0.0.1:2379"}}
	fs.Var(&f.embedListen, "embed-etcd-listen", "`URL` its clients reach it at, http://IP:port")
	fs.Var(&f.upstream, "upstream", "`address` of a resolver to ask for other zones, IP or IP:port; none: refuse them")
	fs.Var(&f.stub, "stub", "`zone=address` of a server that knows the zone; repeated for several")
	fs.IntVar(&f.cache, "cache", 10000, "`number` of upstreams' replies to remember; 0: none")
	f.forwardFor = list{values: []string{"127.0.0.0/8", "10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10", "169.254.0.0/16", "::1/128", "fc00::/7", "fe80::/10"}}
	fs.Var(&f.forwardFor, "forward-for", "`networks` whose queries are sent upstream")
	fs.Var(&f.ns, "ns-address", "`address` of ns.dns.<zone>, the zones' name server, unless records say\n(default: the addresses listened on, but loopback)")
	f.ttl, f.negativeTTL = 30, 2
	fs.Var(&f.ttl, "ttl", "`seconds` of records that name no ttl")
	fs.Var(&f.negativeTTL, "negative-ttl", "`seconds` resolvers may remember that a name is not there")
	fs.StringVar(&f.srvWeights, "srv-weights", "percent", "SRV weights as the `share` of their priority: percent, or scaled so that the\nlargest is 65535, as HAProxy's weights need")
	fs.StringVar(&f.nsid, "nsid", "", "`name` of this server, told to who asks by NSID or id.server (host.json: host)")
	fs.IntVar(&f.maxUDP, "max-udp", 1232, "`bytes` of a reply over UDP at most, whatever the client says it takes; 512 to 65535")
	fs.StringVar(&f.metrics, "metrics", "127.0.0.1:9153", "`address` of /metrics, /health and /ready; empty: none")
	fs.StringVar(&f.snapshot, "snapshot", "/var/lib/dnsd/snapshot", "`folder` of the last known records, for a start without etcd; empty: none")
	f.snapshotInterval, f.lossHold = 30, 60
	fs.Var(&f.snapshotInterval, "snapshot-interval", "`seconds` between two snapshots at least")
	fs.IntVar(&f.lossShare, "loss-share", 30, "`percent` of the records that may be missing from a new list of etcd; more are\nanswered on for --loss-hold. Deletions that are watched apply at once")
	fs.Var(&f.lossHold, "loss-hold", "`seconds` for which they are; 0: not at all")
	fs.StringVar(&f.config, "config", configPath, "`file` of settings, a line each as in \"max-udp = 1400\"; read again on HUP")
	fs.StringVar(&f.hostConfig, "host-config", hostconfig.Path, "`file` that other defaults come from")
	fs.TextVar(&f.logLevel, "log-level", slog.LevelInfo, "least `level` to log: debug, info, warn, error")
	fs.TextVar(&f.queryLog, "query-log", querylog.Share(0), "the `share` of the queries to log a line of: off, all, or one in so many as in 1/100")
	fs.BoolVar(&f.version, "version", false, "print the version")
	return fs
}

// readSettings reads args, the environment and the files. Errors name the
// setting. For --help it writes to out and returns flag.ErrHelp.
func readSettings(args []string, env func(string) (string, bool), readFile func(string) ([]byte, error), out io.Writer) (settings, error) {
	var f flags
	set := f.set()
	given, stray, err := f.read(set, args, env, readFile)
	if errors.Is(err, flag.ErrHelp) {
		help(out, set)
	}
	if err != nil || f.version {
		return settings{version: f.version}, err
	}
	if len(stray) > 0 {
		return settings{}, fmt.Errorf("unexpected argument %q, see dnsd --help", stray[0])
	}
	s, err := f.settings(given)
	if err == nil && s.store != nil {
		if err = s.store.Check(); err != nil {
			err = fmt.Errorf("--embed-etcd: %w", err)
		}
	}
	return s, err
}

// given says which flags do not have their defaults, and holds host.json.
type given struct {
	flags  map[string]bool
	hosted bool // there is a host.json
	host   hostconfig.Config
}

// read fills in f, through set: from args, else the environment, else the
// file --config. Other arguments than flags, which may stand between them, are
// returned.
func (f *flags) read(set *flag.FlagSet, args []string, env func(string) (string, bool), readFile func(string) ([]byte, error)) (g given, others []string, err error) {
	set.SetOutput(io.Discard)
	for {
		if err := set.Parse(args); err != nil {
			return g, nil, err
		}
		if args = set.Args(); len(args) == 0 {
			break
		}
		others, args = append(others, args[0]), args[1:]
	}
	g.flags = map[string]bool{}
	set.Visit(func(fl *flag.Flag) { g.flags[fl.Name] = true })
	set.VisitAll(func(fl *flag.Flag) {
		value, ok := env(variable(fl.Name))
		if !ok || g.flags[fl.Name] || fl.Name == "version" || err != nil {
			return
		}
		g.flags[fl.Name] = true
		if e := set.Set(fl.Name, value); e != nil {
			err = fmt.Errorf("environment %s: %w", variable(fl.Name), e)
		}
	})
	if err != nil || f.version {
		return g, others, err
	}
	content, err := readFile(f.config)
	if err != nil && (g.flags["config"] || !errors.Is(err, fs.ErrNotExist)) {
		return g, nil, fmt.Errorf("--config: %w", err)
	}
	if err := configure(set, g.flags, content); err != nil {
		return g, nil, fmt.Errorf("--config: %s: %w", f.config, err)
	}
	content, err = readFile(f.hostConfig)
	if err != nil && (g.flags["host-config"] || !errors.Is(err, fs.ErrNotExist)) {
		return g, nil, fmt.Errorf("--host-config: %w", err)
	}
	if g.hosted = err == nil; g.hosted {
		if g.host, err = hostconfig.Parse(content); err != nil {
			return g, nil, fmt.Errorf("--host-config: %s: %w", f.hostConfig, err)
		}
	}
	return g, others, nil
}

// settings checks what was given and fills in the rest.
func (f *flags) settings(g given) (s settings, err error) {
	given, host, hosted := g.flags, g.host, g.hosted
	s = settings{prefix: strings.TrimRight(f.prefix, "/"), metrics: f.metrics, ttl: uint32(f.ttl), negativeTTL: uint32(f.negativeTTL), maxUDP: f.maxUDP, logLevel: f.logLevel, queryLog: f.queryLog}
	if s.prefix == "" || s.prefix[0] != '/' {
		return s, fmt.Errorf("--prefix: %q does not begin with a slash and a name", f.prefix)
	}
	if s.maxUDP < 512 || s.maxUDP > 65535 {
		return s, fmt.Errorf("--max-udp: %d is not between 512 and 65535", s.maxUDP)
	}

	if f.lossShare < 0 || f.lossShare > 100 {
		return s, fmt.Errorf("--loss-share: %d is not between 0 and 100", f.lossShare)
	}
	s.losses = losses{f.lossShare, time.Duration(f.lossHold) * time.Second}
	if f.snapshot != "" && !filepath.IsAbs(f.snapshot) {
		return s, fmt.Errorf("--snapshot: %q is not an absolute path", f.snapshot)
	}
	if f.snapshotInterval == 0 {
		return s, errors.New("--snapshot-interval: less than 1")
	}
	s.snapshot, s.snapshotInterval = f.snapshot, time.Duration(f.snapshotInterval)*time.Second
	if s.scaled = f.srvWeights == "scaled"; !s.scaled && f.srvWeights != "percent" {
		return s, fmt.Errorf("--srv-weights: %q is neither percent nor scaled", f.srvWeights)
	}
	if s.name = f.nsid; !given["nsid"] && hosted {
		s.name = host.Host
	}
	if len(s.name) > 128 {
		return s, errors.New("--nsid: longer than 128 bytes")
	}

	zones := f.zone.values
	if len(zones) == 0 && hosted {
		zones = []string{host.Zone()}
	}
	if len(zones) == 0 {
		return s, fmt.Errorf("--zone: none given, and no %s to take it from", f.hostConfig)
	}
	if s.zones, err = each("zone", zones, answer.NewZone); err != nil {
		return s, err
	}

	listen := f.listen.values
	if len(listen) == 0 {
		listen = []string{"127.0.0.1:53"}
		if hosted {
			listen = append(listen, host.PrivateInterface()+":53")
		}
	}
	if s.listen, err = each("listen", listen, server.ParseAddress); err != nil {
		return s, err
	}

	if f.embed != "" {
		s.store = &store.Config{Dir: f.embed, Listen: f.embedListen.values}
	} else if given["embed-etcd-listen"] {
		return s, errors.New("--embed-etcd-listen: without --embed-etcd there is nothing to listen")
	}
	switch {
	case len(f.etcd.values) > 0:
		s.registry.Endpoints = f.etcd.values
	case s.store != nil:
		s.registry.Endpoints = reachable(s.store.Listen)
	case hosted && len(host.Etcd.Endpoints) > 0:
		s.registry = open.Etcd(host)
	default:
		return s, fmt.Errorf("--etcd: no endpoint given, no --embed-etcd, and none in %s", f.hostConfig)
	}
	for name, to := range map[string]struct {
		value string
		field *string
	}{"etcd-ca": {f.ca, &s.registry.CA}, "etcd-cert": {f.cert, &s.registry.Cert}, "etcd-key": {f.key, &s.registry.Key}, "etcd-user": {f.user, &s.registry.User}, "etcd-password-file": {f.passwordFile, &s.registry.PasswordFile}} {
		if given[name] {
			*to.field = to.value
		}
	}

	if s.upstreams, err = each("upstream", f.upstream.values, upstream); err != nil {
		return s, err
	}
	if s.stubs, err = stubs(f.stub.values); err != nil {
		return s, fmt.Errorf("--stub: %w", err)
	}
	if s.cache = f.cache; s.cache < 0 {
		return s, fmt.Errorf("--cache: %d is negative", s.cache)
	}
	private, _ := server.Now(s.listen) // what is not there is no upstream
	for _, u := range s.upstreams {
		if slices.ContainsFunc(s.listen, func(a server.Address) bool { return a.String() == u.String() }) || slices.Contains(private, u) {
			return s, fmt.Errorf("--upstream: %s is this server itself", u)
		}
	}
	if s.forwardFor, err = each("forward-for", f.forwardFor.values, network); err != nil {
		return s, err
	}
	s.nameServers, err = each("ns-address", f.ns.values, netip.ParseAddr)
	return s, err
}

// answers is what the settings make of tab. nameServers are the addresses of
// ns.dns.<zone> where no records say.
func (s settings) answers(tab *table.Table, nameServers func() []netip.Addr) (*answer.Server, error) {
	a := &answer.Server{
		Table: tab, Zones: s.zones, TTL: s.ttl, NegativeTTL: s.negativeTTL,
		Forwards: len(s.upstreams) > 0, NameServers: nameServers, ScaledWeights: s.scaled,
	}
	for _, stub := range s.stubs {
		zone, err := answer.NewZone(stub.Zone)
		if err != nil {
			return nil, fmt.Errorf("--stub: %w", err)
		}
		a.Stubs = append(a.Stubs, zone)
	}
	return a, nil
}

// each parses the values of a list; the error names the flag.
func each[T any](name string, values []string, parse func(string) (T, error)) ([]T, error) {
	var all []T
	for _, v := range values {
		one, err := parse(v)
		if err != nil {
			return nil, fmt.Errorf("--%s: %w", name, err)
		}
		all = append(all, one)
	}
	return all, nil
}

func upstream(s string) (netip.AddrPort, error) {
	if a, err := netip.ParseAddr(s); err == nil {
		return netip.AddrPortFrom(a, 53), nil
	}
	ap, err := netip.ParseAddrPort(s)
	if err != nil {
		return ap, fmt.Errorf("%q is no IP address, with or without a port", s)
	}
	return ap, nil
}

// stubs puts the servers of each zone together.
func stubs(values []string) ([]forward.Stub, error) {
	var all []forward.Stub
	for _, v := range values {
		name, address, _ := strings.Cut(v, "=")
		z, err := answer.NewZone(name)
		if err != nil {
			return nil, err
		}
		server, err := upstream(address)
		if err != nil {
			return nil, err
		}
		i := slices.IndexFunc(all, func(s forward.Stub) bool { return s.Zone == z.Name })
		if i < 0 {
			i, all = len(all), append(all, forward.Stub{Zone: z.Name})
		}
		all[i].Upstreams = append(all[i].Upstreams, server)
	}
	return all, nil
}

func network(s string) (netip.Prefix, error) {
	if a, err := netip.ParseAddr(s); err == nil {
		return a.Prefix(a.BitLen())
	}
	return netip.ParsePrefix(s)
}

// reachable turns the URLs a store listens on into ones to connect to.
func reachable(listen []string) []string {
	var urls []string
	for _, s := range listen {
		if u, err := url.Parse(s); err == nil {
			if ap, err := netip.ParseAddrPort(u.Host); err == nil && ap.Addr().IsUnspecified() {
				loopback := netip.IPv6Loopback()
				if ap.Addr().Is4() {
					loopback = netip.AddrFrom4([4]byte{127, 0, 0, 1})
				}
				u.Host = netip.AddrPortFrom(loopback, ap.Port()).String()
				s = u.String()
			}
		}
		urls = append(urls, s)
	}
	return urls
}

// A list is a flag that may be repeated, each time with several values. The
// first one given replaces the default.
type list struct {
	values []string
	given  bool
}

func (l *list) String() string { return strings.Join(l.values, ",") }

func (l *list) Set(s string) error {
	if !l.given {
		l.values, l.given = nil, true
	}
	for v := range strings.SplitSeq(s, ",") {
		if v = strings.TrimSpace(v); v != "" {
			l.values = append(l.values, v)
		}
	}
	return nil
}

// seconds is a time to live: "30" or "30s".
type seconds uint32

func (n *seconds) String() string { return strconv.Itoa(int(*n)) }

func (n *seconds) Set(s string) error {
	v, err := strconv.ParseUint(strings.TrimSuffix(s, "s"), 10, 31)
	if err != nil {
		return errors.New("want whole seconds, at most 2147483647")
	}
	*n = seconds(v)
	return nil
}

// variable is the environment variable of a flag.
func variable(name string) string {
	return "DNSD_" + strings.ToUpper(strings.ReplaceAll(name, "-", "_"))
}

func help(out io.Writer, set *flag.FlagSet) {
	io.WriteString(out, about)
	set.VisitAll(func(f *flag.Flag) {
		value, usage := flag.UnquoteUsage(f)
		fmt.Fprintf(out, "  --%s %s\n", f.Name, value)
		usage = strings.ReplaceAll(usage, "\n", "\n        ")
		fmt.Fprintf(out, "        %s", usage)
		if f.DefValue != "" && f.DefValue != "false" {
			fmt.Fprintf(out, " (default %s)", f.DefValue)
		}
		fmt.Fprintln(out)
	})
}
