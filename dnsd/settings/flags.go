package settings

import (
	"flag"
	"fmt"
	"io"
	"strings"

	"rundock/dnsd/querylog"
	"rundock/internal/hostconfig"
)

// flags is the command line with everything still text.
type flags struct {
	zone, listen, etcd, embedListen, embedPeer, upstream, stub   list
	forwardFor, ns                                               list
	prefix, embed, hostConfig, metrics, srvWeights, nsid, consul string
	embedBackup                                                  seconds
	embedBackups                                                 count
	embedPeerName, embedName                                     string
	ca, cert, key, user, passwordFile                            string
	embedCA, embedCert, embedKey                                 string
	ttl, negativeTTL                                             seconds
	maxUDP, cache                                                count
	logLevel                                                     level
	queryLog                                                     querylog.Share
	version                                                      bool
	catalog                                                      choice

	snapshot, config, networks string
	snapshotInterval, lossHold seconds
	lossShare                  count
}

func (f *flags) set() *flag.FlagSet {
	fs := flag.NewFlagSet("dnsd", flag.ContinueOnError)
	fs.Var(&f.zone, "zone", "zone to be the authority for, such as s.prod.example.com\n(host.json: <label>.<domain>)")
	fs.Var(&f.listen, "listen", "`address` to answer on, UDP and TCP: IP:port or interface:port; waited for\nif it is not there yet (host.json: 127.0.0.1:53 and the private interface);\nan interface's address is followed")
	fs.StringVar(&f.prefix, "prefix", "/skydns", "`key` prefix of the records")
	fs.Var(&f.etcd, "etcd", "etcd endpoint `URL` (host.json: etcd.endpoints; with --embed-etcd: that one,\nunless host.json's store is consul)")
	fs.StringVar(&f.ca, "etcd-ca", "", "`file` of certificates that etcd's is signed by (host.json)")
	fs.StringVar(&f.cert, "etcd-cert", "", "`file` of our certificate for etcd (host.json)")
	fs.StringVar(&f.key, "etcd-key", "", "`file` of its key (host.json)")
	fs.StringVar(&f.user, "etcd-user", "", "`name` to log in to etcd with (host.json)")
	fs.StringVar(&f.passwordFile, "etcd-password-file", "", "`file` of its password (host.json)")
	fs.StringVar(&f.consul, "consul", "", "`URL` of Consul's agent, to follow the records in its KV instead of etcd's\n(host.json: consul.address, where it has no etcd or its store is consul)")
	fs.Var(&f.catalog, "consul-catalog", "answer what others have registered in Consul's catalog and is passing, too, as\nSERVICE.ZONE of the first zone")
	fs.StringVar(&f.embed, "embed-etcd", "", "run an etcd here, with its data in `folder`")
	f.embedListen = list{values: []string{"http://127.0.0.1:2379"}}
	fs.Var(&f.embedListen, "embed-etcd-listen", "`URL` its clients reach it at, http://IP:port or https://IP:port; an address may\nhave both. With https clients have to show a certificate")
	fs.StringVar(&f.embedCA, "embed-etcd-ca", "", "`file` of certificates that its clients' are signed by, with https")
	fs.StringVar(&f.embedCert, "embed-etcd-cert", "", "`file` of its certificate, with https; read again for each connection")
	fs.StringVar(&f.embedKey, "embed-etcd-key", "", "`file` of its key, with https")
	fs.Var(&f.embedPeer, "embed-etcd-peer", "`URL` other members reach it at, http://IP:port or https://IP:port, or both, on ports of\ntheir own; none: it stays alone. Who they are is told by dnsd cluster align")
	fs.StringVar(&f.embedPeerName, "embed-etcd-peer-name", "", "`name` that the certificates of all members have, by which a client's is told from\na member's; empty: by nothing")
	fs.StringVar(&f.embedName, "embed-etcd-name", "", "its `name` among them (host.json: host)")
	f.embedBackup = 6 * 3600
	fs.Var(&f.embedBackup, "embed-etcd-backup-interval", "`seconds` between two backups of it, which are made in the folder backup beside its\ndata; 0: none")
	f.embedBackups, f.cache, f.maxUDP, f.lossShare = 8, 10000, 1232, 30
	fs.Var(&f.embedBackups, "embed-etcd-backups", "`number` of backups to keep")
	fs.Var(&f.upstream, "upstream", "`address` of a resolver to ask for other zones, IP or IP:port; none: refuse them")
	fs.Var(&f.stub, "stub", "`zone=address` of a server that knows the zone; repeated for several")
	fs.Var(&f.cache, "cache", "`number` of upstreams' replies to remember; 0: none")
	f.forwardFor = list{values: []string{"127.0.0.0/8", "10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10", "169.254.0.0/16", "::1/128", "fc00::/7", "fe80::/10"}}
	fs.Var(&f.forwardFor, "forward-for", "`networks` whose queries are sent upstream")
	fs.Var(&f.ns, "ns-address", "`address` of ns.dns.<zone>, the zones' name server, unless records say\n(default: the addresses listened on, but loopback)")
	f.ttl, f.negativeTTL = 30, 2
	fs.Var(&f.ttl, "ttl", "`seconds` of records that name no ttl")
	fs.Var(&f.negativeTTL, "negative-ttl", "`seconds` resolvers may remember that a name is not there")
	fs.StringVar(&f.srvWeights, "srv-weights", "percent", "SRV weights as the `share` of their priority: percent, or scaled so that the\nlargest is 65535, as HAProxy's weights need")
	fs.StringVar(&f.nsid, "nsid", "", "`name` of this server, told to who asks by NSID or id.server (host.json: host)")
	fs.Var(&f.maxUDP, "max-udp", "`bytes` of a reply over UDP at most, whatever the client says it takes; 512 to 65535")
	fs.StringVar(&f.networks, "networks", "/etc/rundock/overlay", "`folder` of this host's networks: names that their containers ask for without a\ndomain, such as web, are looked for in their domains; empty: not")
	fs.StringVar(&f.metrics, "metrics", "127.0.0.1:9153", "`address` of /metrics, /health and /ready; empty: none")
	fs.StringVar(&f.snapshot, "snapshot", "/var/lib/dnsd/snapshot", "`folder` of the last known records, for a start without etcd; empty: none")
	f.snapshotInterval, f.lossHold = 30, 60
	fs.Var(&f.snapshotInterval, "snapshot-interval", "`seconds` between two snapshots at least")
	fs.Var(&f.lossShare, "loss-share", "`percent` of the records that may be missing from a new list of etcd; more are\nanswered on for --loss-hold. Deletions that are watched apply at once")
	fs.Var(&f.lossHold, "loss-hold", "`seconds` for which they are; 0: not at all")
	fs.StringVar(&f.config, "config", configPath, "`file` of settings, a line each as in \"max-udp = 1400\"; read again on HUP")
	fs.StringVar(&f.hostConfig, "host-config", hostconfig.Path, "`file` that other defaults come from")
	fs.Var(&f.logLevel, "log-level", "least `level` to log: debug, info, warn, error")
	fs.TextVar(&f.queryLog, "query-log", querylog.Share(0), "the `share` of the queries to log a line of: off, all, or one in so many as in 1/100")
	fs.BoolVar(&f.version, "version", false, "print the version")
	return fs
}

const about = `Usage: dnsd [flags]
       dnsd COMMAND ...                     dnsd help lists the commands

dnsd answers DNS from the records in etcd. A flag may be given by environment
as well, or by a line in the file --config: --max-udp 1400 is DNSD_MAX_UDP=1400
is max-udp = 1400. Lists are separated by commas, or the flag is repeated.
Defaults marked "host.json" come from --host-config if it exists.

Signals: TERM stops. HUP reads the files and the program anew and goes on
without losing a query. USR1 drops retained losses, see --loss-share.

`

func help(out io.Writer) {
	io.WriteString(out, about)
	for _, o := range Options() {
		fmt.Fprintf(out, "  --%s %s\n        %s\n", o.Name, o.Value, strings.ReplaceAll(o.Help, "\n", "\n        "))
	}
}

// Option is a flag as people are told of it.
type Option struct{ Name, Value, Help string } // Value is a word for what it takes

// Options are the flags as usage and man page show them, sorted.
func Options() (list []Option) {
	new(flags).set().VisitAll(func(f *flag.Flag) {
		value, usage := flag.UnquoteUsage(f)
		if f.DefValue != "" && f.DefValue != "false" {
			usage += " (default " + f.DefValue + ")"
		}
		list = append(list, Option{Name: f.Name, Value: value, Help: usage})
	})
	return list
}
