package stacking

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strconv"
	"syscall"
	"time"

	"rundock/internal/container"
	"rundock/internal/hostconfig"
	"rundock/internal/registry"
	"rundock/internal/registry/open"
	"rundock/supervisor/report"

	"github.com/sirupsen/logrus"
)

const usage = `usage: rundockd stack releases STACK [--json]
       rundockd stack show STACK [RELEASE] [--json]
       rundockd stack diff STACK [FROM] TO [--json]
       rundockd stack history STACK [--json]
       rundockd stack list [--json]

What the store has of a stack: its releases and which is current; what a release is
made of and where its instances are; what another one would change; who deployed
what, and why a release was undone. RELEASE and TO are the current one unless given,
FROM is the one that it was planned from. Values of secrets and of variables are in
none of it. playbooks/stack.yml deploys stacks.

  --json   print a document

Exit code: 0; 1 if the store cannot be asked, 2 for a bad argument, 4 if there is no
such stack or release.
`

// Main is `rundockd stack`.
func Main(args []string) int {
	logrus.SetOutput(io.Discard) // compose-go's: what it has to say of files, package compose says with their lines
	if len(args) > 0 {
		switch args[0] {
		case "ctl", "hold":
			return forModule(args[0])
		}
	}
	set := flag.NewFlagSet("stack", flag.ContinueOnError)
	asJSON := set.Bool("json", false, "")
	names, code, done := report.Arguments(set, usage, args)
	if done {
		return code
	}
	ask, err := question(names)
	if err != nil {
		return report.BadUsage("stack", err.Error())
	}
	ctx, stop := context.WithTimeout(context.Background(), 4*report.Patience)
	defer stop()
	_, store, err := open.Here()
	if err != nil {
		return exit(err)
	}
	defer store.Close()
	document, text, err := ask.answer(ctx, store)
	switch {
	case err != nil:
		return exit(err)
	case *asJSON:
		return report.PrintJSON(document, report.ExitWell)
	}
	fmt.Print(text)
	return report.ExitWell
}

// exit says what is wrong, and returns the exit code.
func exit(err error) int {
	fmt.Fprintln(os.Stderr, "rundockd stack:", err)
	if errors.Is(err, errNone) {
		return report.ExitNone
	}
	return report.ExitUnknown
}

// question reads what people ask for.
func question(words []string) (ask asked, err error) {
	if len(words) == 0 {
		return ask, errors.New("want releases, show, diff, history or list")
	}
	ask.verb = words[0]
	least, most := 2, 2
	switch ask.verb {
	case "list":
		least, most = 1, 1
	case "releases", "history":
	case "show":
		most = 3
	case "diff":
		most = 4
	default:
		return ask, fmt.Errorf("%q: want releases, show, diff, history or list", ask.verb)
	}
	if len(words) < least || len(words) > most {
		return ask, fmt.Errorf("%s: want a STACK, and no more than it takes", ask.verb)
	}
	if least == 2 {
		ask.stack = words[1]
	}
	for _, word := range words[least:] {
		n, err := strconv.Atoi(word)
		if err != nil || n < 1 {
			return ask, fmt.Errorf("%q is no release: they are numbered from 1", word)
		}
		ask.releases = append(ask.releases, n)
	}
	return ask, nil
}

// forModule is ctl and hold, on stdin and stdout.
func forModule(verb string) int {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, syscall.SIGINT)
	defer stop()
	cfg, store, err := open.Here()
	if err == nil {
		defer store.Close()
		if verb == "hold" {
			err = holdMain(ctx, store, runDir, os.Stdin, os.Stdout)
		} else {
			err = serve(ctx, store, cfg)
		}
	}
	if err != nil {
		fmt.Fprintf(os.Stderr, "rundockd stack %s: %v\n", verb, err)
		return report.ExitUnknown
	}
	return report.ExitWell
}

// serve answers the request on stdin.
func serve(ctx context.Context, store registry.Store, cfg hostconfig.Config) error {
	docker, err := container.Open()
	if err != nil {
		return err
	}
	program, err := os.Executable()
	if err != nil {
		return err
	}
	s := &site{store: store, docker: docker, host: cfg.Host, domain: cfg.Zone(), keyPath: hostconfig.StackKeyPath, buildsDir: buildsDir, runDir: runDir, program: program, now: time.Now}
	return s.ctl(ctx, os.Stdin, os.Stdout)
}

// errNone is that the store does not have what is asked for.
var errNone = errors.New("there is none")
