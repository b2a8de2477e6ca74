// Command dnsd answers DNS from the records in etcd.
//
// It watches the registry, keeps all records in memory and answers from there:
// a query costs no read of the registry, and an outage of the registry is none
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
//	follow      the table as the registry is, and losses that are not believed
//	hostnames   record names that resolvers refuse
//	table       the records by name, and the answers made of them
//	answer      what the records say to a question
//	packed      answers in the form they are sent in
//	server      packets, sockets, EDNS, truncation
//	forward     other people's names
//	querylog    lines about queries
//	snapshot    the last known records, in a file
//	store       the embedded etcd, a process of its own
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

	"rundock/dnsd/inspect"
	"rundock/dnsd/serve"
	"rundock/dnsd/store"
)

// version is set by the build: -ldflags "-X main.version=1.2.3".
var version = ""

// exitFound is the exit code where inspect found something wrong; 1 where it
// could not look.
const exitFound = 2

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, syscall.SIGINT)
	defer stop()
	err := command(ctx, os.Args[1:])
	if errors.Is(err, flag.ErrHelp) {
		return
	}
	if errors.Is(err, inspect.ErrFound) {
		os.Exit(exitFound)
	}
	if err != nil {
		for line := range strings.SplitSeq(err.Error(), "\n") { // settings have one for each that is wrong
			fmt.Fprintf(os.Stderr, "dnsd: %s\n", line)
		}
		os.Exit(1)
	}
}

// commands are run by their name, the first argument; without one dnsd answers.
var commands = map[string]func(ctx context.Context, name string, args []string) error{
	"store": keep, "check": look, "explain": look, "dump": look,
}

func command(ctx context.Context, args []string) error {
	if len(args) > 0 {
		if run := commands[args[0]]; run != nil {
			return run(ctx, args[0], args[1:])
		}
	}
	return serve.Command(ctx, args, release(), os.Stdout)
}

// keep is store.
func keep(ctx context.Context, _ string, args []string) error {
	return store.Command(ctx, args, os.Stdout)
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
