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
//	main      the commands, what runs beside what, the way from one process to the next
//	settings  what dnsd is told, by flags, environment and files
//	inspect   check, explain and dump
//	follow    the table as the registry is, and losses that are not believed
//	hostnames record names that resolvers refuse
//	table     the records by name, and the answers made of them
//	answer    what the records say to a question
//	packed    answers in the form they are sent in
//	server    packets, sockets, EDNS, truncation
//	forward   other people's names
//	querylog  lines about queries
//	snapshot  the last known records, in a file
//	store     the embedded etcd, a process of its own
//	metrics   Prometheus
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"log/slog"
	"os"
	"os/signal"
	"runtime/debug"
	"syscall"

	"rundock/dnsd/inspect"
	"rundock/dnsd/settings"
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
		fmt.Fprintf(os.Stderr, "dnsd: %v\n", err)
		os.Exit(1)
	}
}

func command(ctx context.Context, args []string) error {
	if len(args) > 0 && args[0] == "store" {
		return storeCommand(ctx, args[1:])
	}
	if len(args) > 0 {
		if inspect.Is(args[0]) {
			return inspect.Run(ctx, args[0], args[1:], os.LookupEnv, os.Stdout)
		}
	}
	// From here on: one that comes before it can be followed is not lost.
	hups := make(chan os.Signal, 1)
	signal.Notify(hups, syscall.SIGHUP)
	before, err := inheritance()
	if err != nil {
		return err
	}
	readFile := os.ReadFile
	if before != nil {
		readFile = before.Files.read
	}
	s, err := settings.Read(args, os.LookupEnv, readFile, os.Stdout)
	if err != nil {
		return err
	}
	if s.Version {
		fmt.Println("dnsd", release())
		return nil
	}
	if before != nil && before.Bridge {
		s = before.bridgeSettings(s)
	}
	lines := newPatientLog(os.Stderr)
	defer lines.flush()
	log := slog.New(slog.NewTextHandler(lines, &slog.HandlerOptions{Level: s.LogLevel}))
	next := &handover{args: args, log: log, hups: hups}
	if next.program, err = os.Executable(); err != nil {
		return err
	}
	if err := run(ctx, s, log, lines, before, next); err != nil {
		return err
	}
	if next.to != nil && ctx.Err() == nil {
		lines.flush()
		return next.exec()
	}
	return nil
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
