// Package inspect has the commands that read the store and change nothing:
// check (which records are wrong), explain (how a question comes to its answer)
// and dump (the zones as zone files). They read the store once, make a table
// of it as dnsd does, and ask that.
//
//	command.go  which commands there are, what they share on the command line
//	view.go     the store at one revision, and what dnsd makes of it
//	check.go    findings about each record; doubts.go: what there is to find
//	explain.go  one question; compare.go: whether the dnsd that runs agrees
//	dump.go     whole zones
package inspect

import (
	"context"
	"errors"
	"flag"
	"io"
	"log/slog"
	"os"

	"rundock/dnsd/settings"
)

// A command is one of those that look.
type command struct {
	usage string // its --help, before the flags
	run   func(ctx context.Context, l *looking, args []string) error
}

var commands = map[string]command{"check": {checkUsage, check}, "explain": {explainUsage, explain}, "dump": {dumpUsage, dump}}

const sharedUsage = `
It reads etcd itself, with the same settings as dnsd: --etcd, --zone, --prefix
and all others, or where they come from (dnsd --help).
`

// Run runs the command name, whose settings come from args, env and files. It
// returns ErrFound where the command found something wrong and said so, other
// errors where it could not look, and flag.ErrHelp after --help.
func Run(ctx context.Context, name string, args []string, env func(string) (string, bool), out io.Writer) error {
	l := &looking{out: out}
	var err error
	l.settings, args, err = settings.ReadForCommand(args, env, os.ReadFile, func(set *flag.FlagSet) {
		set.BoolVar(&l.json, "json", false, "")
		set.StringVar(&l.server, "server", "", "")
		set.StringVar(&l.try, "try", "", "")
	})
	if errors.Is(err, flag.ErrHelp) {
		io.WriteString(out, commands[name].usage+sharedUsage)
	}
	if err != nil {
		return err
	}
	l.client, err = l.settings.OpenStore(slog.New(slog.DiscardHandler))
	if err != nil {
		return err
	}
	defer l.client.Close()
	return commands[name].run(ctx, l, args)
}
