package store

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"strings"
	"time"
)

const usage = "usage: dnsd store status|stop --dir DIR, dnsd store renew [--check] --dir DIR, dnsd store wait --dir DIR --listen URL,... [--peer URL,...], dnsd store backup|restore --dir DIR FILE, dnsd store verify FILE"

// Command is "dnsd store ...", and writes what it has to say to out. "store run" is
// what dnsd starts itself.
func Command(ctx context.Context, args []string, out io.Writer) error {
	if len(args) == 0 {
		return errors.New(usage)
	}
	set := flag.NewFlagSet("dnsd store "+args[0], flag.ContinueOnError)
	set.SetOutput(io.Discard)
	dir := set.String("dir", "", "folder of the store")
	listen := set.String("listen", "", "client URLs")
	var certs Certificates
	set.StringVar(&certs.CA, "ca", "", "file of the authorities' certificates")
	set.String("ca-sum", "", "which they are, to tell this process from one with others")
	set.StringVar(&certs.Cert, "cert", "", "file of the store's certificate")
	set.StringVar(&certs.Key, "key", "", "file of its key")
	set.StringVar(&certs.Member, "member-name", "", "name that members' certificates have")
	name := set.String("name", "", "name of the member")
	peer := set.String("peer", "", "URLs at which other members reach it")
	begin := set.String("begin", "", "token of the cluster to begin")
	join := set.String("join", "", "the members of the cluster to join")
	timeout := set.Duration("timeout", 20*time.Second, "how long stop and wait wait")
	check := set.Bool("check", false, "renew: say what would be done")
	err := set.Parse(args[1:])
	if errors.Is(err, flag.ErrHelp) || args[0] == "--help" || args[0] == "-h" || args[0] == "help" {
		_, err := fmt.Fprintln(out, usage)
		return err
	}
	if err != nil {
		return fmt.Errorf("%w; %s", err, usage)
	}
	files := 0
	if args[0] == "backup" || args[0] == "restore" || args[0] == "verify" {
		files = 1
	}
	if (*dir == "") != (args[0] == "verify") || set.NArg() != files {
		return errors.New(usage)
	}
	c := Config{Dir: *dir, Listen: strings.FieldsFunc(*listen, isComma), Certificates: certs, Name: *name, Peers: strings.FieldsFunc(*peer, isComma)}
	switch args[0] {
	case "run":
		return Serve(ctx, c, Origin{Begin: *begin, Join: *join})
	case "wait":
		if len(c.Listen) == 0 {
			return fmt.Errorf("--listen: at which URLs? %s", usage)
		}
		ctx, cancel := context.WithTimeout(ctx, *timeout)
		defer cancel()
		return Wait(ctx, c)
	case "stop":
		return Stop(*dir, *timeout)
	case "renew":
		return renew(*dir, *timeout, *check, out)
	case "backup":
		return Backup(ctx, *dir, set.Arg(0))
	case "verify":
		return CheckBackup(set.Arg(0))
	case "restore":
		aside, err := Restore(*dir, set.Arg(0))
		if aside != "" {
			fmt.Fprintf(out, "restored; the data that were there are in %s\n", aside)
		}
		return err
	case "status":
		return status(ctx, *dir, out)
	}
	return errors.New(usage)
}

// status says which process is the store of dir; one that does not answer is an error.
func status(ctx context.Context, dir string, out io.Writer) error {
	pid, err := Running(dir)
	switch {
	case err != nil:
		return err
	case pid == 0:
		return fmt.Errorf("store %s: not running", dir)
	}
	if err := answers(ctx, dir, pid); err != nil {
		return err
	}
	_, err = fmt.Fprintf(out, "running, process %d\n", pid)
	return err
}

func isComma(c rune) bool { return c == ',' }
