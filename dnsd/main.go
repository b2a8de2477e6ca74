// Command dnsd answers DNS from the records in etcd.
//
// It watches the store, keeps all records in memory and answers from there:
// a query costs no read of the store, and an outage of the store is none
// of DNS. README.md beside this file is the user's page.
//
// A plain question over UDP goes: batch read (server) -> parse (packed) ->
// node and its ready answer (table) -> write (packed) -> batch sent. If no
// answer is ready, answer makes one, which the node keeps until something it was
// made from changes. All other packets go through the DNS library in server.
//
//	main        the table of commands
//	serve       a dnsd that answers: what runs beside what
//	handover    the way from one process to the next
//	settings    what dnsd is told, by flags, environment and files
//	inspect     check, explain and dump
//	follow      the table as the store is, and losses that are not believed
//	catalog     records of Consul's catalog
//	hostnames   record names that resolvers refuse
//	table       the records by name, and the answers made of them
//	answer      what the records say to a question
//	packed      answers in the form they are sent in
//	server      packets, sockets, EDNS, truncation
//	domains     in which domains a network's containers look for names without one
//	forward     other people's names
//	querylog    lines about queries
//	snapshot    the last known records, in a file
//	store       the embedded etcd, a process of its own
//	cluster     which hosts have a member of it
//	access      which keys of it a certificate opens
//	metrics     Prometheus
//	patientlog  log lines that wait for who reads them
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"runtime/debug"
	"strings"
	"syscall"

	"rundock/dnsd/access"
	"rundock/dnsd/cluster"
	"rundock/dnsd/inspect"
	"rundock/dnsd/serve"
	"rundock/dnsd/settings"
	"rundock/dnsd/store"
	"rundock/supervisor/verbs"
)

// version is set by the build: -ldflags "-X main.version=1.2.3".
var version = ""

// exitFound is the exit code where inspect found something wrong; 1 where it
// could not look.
const exitFound = 2

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, syscall.SIGINT)
	defer stop()
	os.Exit(run(ctx, os.Args[1:]))
}

// run runs the command that args begin with; without one dnsd answers.
func run(ctx context.Context, args []string) int {
	if len(args) > 0 && !strings.HasPrefix(args[0], "-") {
		return commands(ctx).Main(args)
	}
	return ended(serve.Command(ctx, args, release(), os.Stdout))
}

const (
	forPeople = "For people"
	ofStore   = "Of the embedded etcd, which outlives dnsd"
	ofCluster = "Of the etcd cluster"
)

// commands has the commands, in the order of usage, and the flags of a dnsd that answers.
func commands(ctx context.Context) verbs.Program {
	of := func(name, args, group, help string, run func(ctx context.Context, name string, args []string) error) verbs.Verb {
		return verbs.Of(name, args, group, help, func(args []string) int { return ended(run(ctx, name, args)) })
	}
	var options []verbs.Option
	for _, o := range settings.Options() {
		options = append(options, verbs.Option(o))
	}
	return verbs.Program{
		Name: "dnsd", Version: release(), About: "DNS from the records in etcd or Consul", Options: options,
		More: "Without a command dnsd answers; dnsd --help has its flags. Each command says more with --help.",
		Files: []string{
			"/etc/rundock/dnsd.conf  Settings, a line each as in \"max-udp = 1400\": every flag may be one. Read again on HUP.",
			"/etc/rundock/host.json  Zone, addresses and store, unless they are set.",
			"/var/lib/dnsd/etcd/  The embedded etcd, with its backups.",
			"/var/lib/dnsd/snapshot/  The last known records, for a start without a store.",
		},
		Verbs: []verbs.Verb{
			of("check", "", forPeople, "which records in etcd are wrong", look),
			of("explain", "NAME [TYPE]", forPeople, "how a question comes to its answer", look),
			of("dump", "[ZONE...]", forPeople, "the zones as zone files", look),
			of("store", "status | stop --dir DIR", ofStore, "how it stands; stop it", keep),
			of("store", "wait --dir DIR --listen URL,... [--peer URL,...]", ofStore, "wait until it answers there", keep),
			of("store", "backup | restore --dir DIR FILE", ofStore, "write a backup; begin with the data of one", keep),
			of("store", "verify FILE", ofStore, "whether a backup is whole", keep),
			of("store", "renew --dir DIR", ofStore, "have it run the program that is installed now", keep),
			of("cluster", "", ofCluster, "its members", members),
			of("cluster", "align --members NAME=URL,...", ofCluster, "have the members be where they are to be", members),
			of("cluster", "remove HOST", ofCluster, "take the member of a host out, for good", members),
			of("access", "", ofCluster, "who may do what", rights),
			of("access", "align | release", ofCluster, "have it ask who is calling, or not", rights),
			of("access", "forget --gone NAME,...", ofCluster, "take away what hosts that are gone may do", rights),
		},
	}
}

// ended says why a command failed, and returns the exit code.
func ended(err error) int {
	if err == nil || errors.Is(err, flag.ErrHelp) {
		return 0
	}
	if errors.Is(err, inspect.ErrFound) {
		return exitFound
	}
	for line := range strings.SplitSeq(err.Error(), "\n") { // settings have one for each that is wrong
		fmt.Fprintf(os.Stderr, "dnsd: %s\n", line)
	}
	return 1
}

// keep is store.
func keep(ctx context.Context, _ string, args []string) error {
	return store.Command(ctx, args, os.Stdout)
}

// members is cluster.
func members(ctx context.Context, _ string, args []string) error {
	return cluster.Command(ctx, args, os.LookupEnv, os.Stdout)
}

// rights is access.
func rights(ctx context.Context, _ string, args []string) error {
	return access.Command(ctx, args, os.LookupEnv, os.Stdout)
}

// look is check, explain or dump.
func look(ctx context.Context, name string, args []string) error {
	return inspect.Run(ctx, name, args, os.LookupEnv, os.Stdout)
}

// release is the version the build was given, or the commit it was made from.
func release() string {
	if version != "" {
		return version
	}
	if info, ok := debug.ReadBuildInfo(); ok {
		for _, each := range info.Settings {
			if each.Key == "vcs.revision" {
				return "development " + each.Value[:min(12, len(each.Value))]
			}
		}
	}
	return "development"
}
