// Package settings reads what dnsd is told: flags, environment variables, the
// file --config and host.json become one checked Settings.
//
//	flags.go     the flags, their defaults and --help
//	sources.go   which source comes before which
//	file.go      the lines of --config
//	list.go      values that are lists or times
//	settings.go  what is checked, and what is filled in from host.json
//	answers.go   what the zones, stubs and times to live make of a table
package settings

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"net/netip"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"rundock/dnsd/answer"
	"rundock/dnsd/follow"
	"rundock/dnsd/forward"
	"rundock/dnsd/querylog"
	"rundock/dnsd/server"
	"rundock/dnsd/store"
	"rundock/internal/hostconfig"
	"rundock/internal/registry/consul"
	"rundock/internal/registry/direct"
	"rundock/internal/registry/etcd"
)

// mostUDP is what a packet over IPv4 holds, in bytes: a longer reply cannot be sent.
const mostUDP = 65507

// Settings of one run: a flag, else its environment variable, else its line in
// the file --config, else what host.json says, else the default.
type Settings struct {
	Zones       []answer.Zone
	Listen      []server.Address
	Prefix      string // of keys, without a final slash
	Registry    etcd.Config
	Consul      consul.Config // with an address: records are followed there, and Registry is not used
	Catalog     bool          // records of Consul's catalog as well
	Members     etcd.Config   // the way to the members of etcd, whichever store is followed; no endpoints: none is known
	Store       *store.Config // nil: no embedded etcd
	Upstreams   []netip.AddrPort
	Stubs       []forward.Stub
	Networks    string // folder of this host's networks, in whose domains names of their containers are looked for; empty: none
	Cache       int    // replies of upstreams to remember
	ForwardFor  []netip.Prefix
	NameServers []netip.Addr // empty: the addresses that are listened on
	TTL         uint32       // seconds
	NegativeTTL uint32       // seconds
	MaxUDP      int          // bytes
	Scaled      bool         // SRV weights up to 65535 instead of percent
	Name        string       // of this server, for NSID and id.server; empty: not told
	Metrics     string       // address; empty: none
	LogLevel    slog.Level
	QueryLog    querylog.Share
	Version     bool // only the version is asked for; nothing else is set

	Losses           follow.Losses
	Snapshot         string // folder; empty: none
	SnapshotInterval time.Duration
}

// Read reads args, the environment and the files. Errors name the setting. For
// --help it writes to out and returns flag.ErrHelp.
func Read(args []string, env func(string) (string, bool), readFile func(string) ([]byte, error), out io.Writer) (Settings, error) {
	var f flags
	set := f.set()
	src, stray, err := f.read(set, args, env, readFile)
	if errors.Is(err, flag.ErrHelp) {
		help(out)
	}
	if err != nil || f.version {
		return Settings{Version: f.version}, err
	}
	if len(stray) > 0 {
		return Settings{}, fmt.Errorf("unexpected argument %q, see dnsd --help", stray[0])
	}
	s, err := f.settings(src)
	if err == nil && s.Store != nil {
		if err = s.Store.Check(); err != nil {
			err = fmt.Errorf("--embed-etcd: %w", err)
		}
	}
	return s, err
}

// ReadForCommand is Read for a command with arguments, which it returns, and
// flags of its own, which add adds. It does not look at the embedded etcd's
// folder, and leaves --help to the command.
func ReadForCommand(args []string, env func(string) (string, bool), readFile func(string) ([]byte, error), add func(*flag.FlagSet)) (Settings, []string, error) {
	var f flags
	set := f.set()
	add(set)
	src, others, err := f.read(set, args, env, readFile)
	if err != nil {
		return Settings{}, nil, err
	}
	s, err := f.settings(src)
	return s, others, err
}

// settings checks the flags and fills in the rest from host.json. Its error has
// all that is wrong, each in a line.
func (f *flags) settings(src sources) (s Settings, err error) {
	for _, step := range []func(*Settings, sources) error{f.limits, f.snapshots, f.served, f.registry, f.forwarding} {
		err = errors.Join(err, step(&s, src))
	}
	var wrong error
	s.NameServers, wrong = each("ns-address", f.ns.values, address)
	return s, errors.Join(err, wrong)
}

// limits sets what is a number, a name or a choice.
func (f *flags) limits(s *Settings, src sources) (wrong error) {
	refuse := func(text string, values ...any) { wrong = errors.Join(wrong, fmt.Errorf(text, values...)) }
	s.Prefix, s.Metrics = strings.TrimRight(f.prefix, "/"), f.metrics
	s.TTL, s.NegativeTTL = uint32(f.ttl), uint32(f.negativeTTL)
	s.LogLevel, s.QueryLog = slog.Level(f.logLevel), f.queryLog
	if !canListen(s.Metrics) && s.Metrics != "" {
		refuse("--metrics: %q is no address with a port, as in 127.0.0.1:9153", s.Metrics)
	}
	if s.Prefix == "" || s.Prefix[0] != '/' {
		refuse("--prefix: %q does not begin with a slash and a name", f.prefix)
	}
	if s.MaxUDP = int(f.maxUDP); s.MaxUDP < 512 || s.MaxUDP > 65535 {
		refuse("--max-udp: %d is not between 512 and 65535", s.MaxUDP)
	}
	s.MaxUDP = min(s.MaxUDP, mostUDP)
	if s.Scaled = f.srvWeights == "scaled"; !s.Scaled && f.srvWeights != "percent" {
		refuse("--srv-weights: %q is neither percent nor scaled", f.srvWeights)
	}
	if s.Name = f.nsid; !src.given["nsid"] && src.hosted {
		s.Name = src.host.Host
	}
	if len(s.Name) > 128 {
		refuse("--nsid: longer than 128 bytes")
	}
	return wrong
}

// snapshots sets what is kept when the store is away or has lost records.
func (f *flags) snapshots(s *Settings, _ sources) (wrong error) {
	refuse := func(text string, values ...any) { wrong = errors.Join(wrong, fmt.Errorf(text, values...)) }
	if f.lossShare < 0 || f.lossShare > 100 {
		refuse("--loss-share: %d is not between 0 and 100", f.lossShare)
	}
	s.Losses = follow.Losses{Share: int(f.lossShare), Hold: f.lossHold.duration()}
	if f.snapshot != "" && !filepath.IsAbs(f.snapshot) {
		refuse("--snapshot: %q is not an absolute path", f.snapshot)
	}
	if f.snapshotInterval == 0 {
		refuse("--snapshot-interval: less than 1")
	}
	s.Snapshot, s.SnapshotInterval = f.snapshot, f.snapshotInterval.duration()
	return wrong
}

// served sets the zones and the addresses to answer them at.
func (f *flags) served(s *Settings, src sources) (wrong error) {
	zones := f.zone.values
	if len(zones) == 0 && src.hosted {
		zones = []string{src.host.Zone()}
	}
	if len(zones) == 0 {
		wrong = fmt.Errorf("--zone: none given, and no %s to take it from", f.hostConfig)
	}
	var err error
	s.Zones, err = each("zone", zones, answer.NewZone)
	wrong = errors.Join(wrong, err)
	if s.Networks = f.networks; s.Networks != "" && !filepath.IsAbs(s.Networks) {
		wrong = errors.Join(wrong, fmt.Errorf("--networks: %q is not an absolute path", s.Networks))
	}
	listen := f.listen.values
	if len(listen) == 0 {
		listen = []string{"127.0.0.1:53"}
		if src.hosted {
			listen = append(listen, src.host.PrivateInterface()+":53")
		}
	}
	s.Listen, err = each("listen", listen, server.ParseAddress)
	for i, a := range s.Listen {
		if slices.Contains(s.Listen[:i], a) {
			wrong = errors.Join(wrong, fmt.Errorf("--listen: %s is given twice", a))
		}
	}
	return errors.Join(wrong, err)
}

// registry sets the store that is followed, and the etcd that is run here.
func (f *flags) registry(s *Settings, src sources) error {
	if f.embed != "" {
		s.Store = &store.Config{Dir: f.embed, Listen: f.embedListen.values, Certificates: store.Certificates{CA: f.embedCA, Cert: f.embedCert, Key: f.embedKey, Member: f.embedPeerName}, Peers: f.embedPeer.values, Name: f.embedName}
		s.Store.Backups = store.Backups{Every: f.embedBackup.duration(), Keep: int(f.embedBackups)}
		if f.embedBackups < 1 {
			return fmt.Errorf("--embed-etcd-backups: %d is less than 1; --embed-etcd-backup-interval=0 makes none", f.embedBackups)
		}
		if f.embedName == "" {
			s.Store.Name = src.host.Host
		}
	}
	for _, name := range []string{"embed-etcd-listen", "embed-etcd-ca", "embed-etcd-cert", "embed-etcd-key", "embed-etcd-peer", "embed-etcd-peer-name", "embed-etcd-name", "embed-etcd-backup-interval", "embed-etcd-backups"} {
		if src.given[name] && s.Store == nil {
			return fmt.Errorf("--%s: without --embed-etcd no etcd is run here, of which it could be", name)
		}
	}
	switch {
	case len(f.etcd.values) > 0:
		s.Registry.Endpoints = f.etcd.values
	case s.Store != nil && src.host.Store == hostconfig.StoreConsul: // of a site with both, whose own is Consul
		s.Consul = direct.Consul(src.host)
	case s.Store != nil && len(s.Store.Peers) > 0 && src.host.OwnStore() == hostconfig.StoreEtcd:
		s.Registry = direct.Etcd(src.host) // all members, this host's among them
	case s.Store != nil:
		s.Registry = ownStore(*s.Store)
	case f.consul != "":
	case src.host.OwnStore() == hostconfig.StoreEtcd:
		s.Registry = direct.Etcd(src.host)
	case src.host.OwnStore() == hostconfig.StoreConsul:
		s.Consul = direct.Consul(src.host)
	default:
		return fmt.Errorf("--etcd, --consul: no store given, no --embed-etcd, and none in %s", f.hostConfig)
	}
	if f.consul != "" {
		if len(s.Registry.Endpoints) > 0 {
			return errors.New("--consul: records are followed in one store, and --etcd or --embed-etcd names another")
		}
		s.Consul = direct.Consul(src.host)
		s.Consul.Address = f.consul
	}
	if s.Catalog = bool(f.catalog); s.Catalog && s.Consul.Address == "" {
		return errors.New("--consul-catalog: records are followed in etcd; name an agent by --consul, or in host.json")
	}
	for name, to := range map[string]struct {
		value string
		field *string
	}{
		"etcd-ca": {f.ca, &s.Registry.CA}, "etcd-cert": {f.cert, &s.Registry.Cert}, "etcd-key": {f.key, &s.Registry.Key},
		"etcd-user": {f.user, &s.Registry.User}, "etcd-password-file": {f.passwordFile, &s.Registry.PasswordFile},
	} {
		if src.given[name] {
			*to.field = to.value
		}
	}
	if s.Members = s.Registry; len(s.Members.Endpoints) == 0 && len(src.host.Etcd.Endpoints) > 0 {
		s.Members = direct.Etcd(src.host)
	}
	if !src.given["etcd-cert"] {
		s.Members = asMember(s.Members, src.readFile)
	}
	if s.Store != nil {
		s.Store.Cluster = s.Members
	}
	return nil
}

// forwarding sets who is asked for other zones' names, and for whom. It needs
// s.Listen, as a server that asks itself would never end.
func (f *flags) forwarding(s *Settings, _ sources) (wrong error) {
	var err error
	s.Upstreams, wrong = each("upstream", f.upstream.values, upstream)
	s.Stubs, err = stubs(f.stub.values)
	wrong = errors.Join(wrong, err)
	if s.Cache = int(f.cache); s.Cache < 0 {
		wrong = errors.Join(wrong, fmt.Errorf("--cache: %d is negative", s.Cache))
	}
	own, _ := server.Now(s.Listen) // what is not there is no upstream
	itself := func(u netip.AddrPort) bool {
		return slices.ContainsFunc(s.Listen, func(a server.Address) bool { return a.String() == u.String() }) || slices.Contains(own, u)
	}
	for _, u := range s.Upstreams {
		if itself(u) {
			wrong = errors.Join(wrong, fmt.Errorf("--upstream: %s is this server itself", u))
		}
	}
	for _, stub := range s.Stubs {
		if slices.ContainsFunc(s.Zones, func(z answer.Zone) bool { return z.Name == stub.Zone }) {
			wrong = errors.Join(wrong, fmt.Errorf("--stub: %s is answered here, as --zone has it", stub.Zone))
		}
		for _, u := range stub.Upstreams {
			if itself(u) {
				wrong = errors.Join(wrong, fmt.Errorf("--stub: %s of %s is this server itself", u, stub.Zone))
			}
		}
	}
	s.ForwardFor, err = each("forward-for", f.forwardFor.values, network)
	return errors.Join(wrong, err)
}
