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

const usage = "usage: dnsd store status|stop --dir DIR, dnsd store backup|restore --dir DIR FILE"

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
	timeout := set.Duration("timeout", 20*time.Second, "how long stop waits")
	err := set.Parse(args[1:])
	if errors.Is(err, flag.ErrHelp) || args[0] == "--help" || args[0] == "-h" || args[0] == "help" {
		_, err := fmt.Fprintln(out, usage)
		return err
	}
	if err != nil {
		return fmt.Errorf("%w; %s", err, usage)
	}
	files := 0
	if args[0] == "backup" || args[0] == "restore" {
		files = 1
	}
	if *dir == "" || set.NArg() != files {
		return errors.New(usage)
	}
	switch args[0] {
	case "run":
		return Serve(ctx, Config{Dir: *dir, Listen: strings.Split(*listen, ",")})
	case "stop":
		return Stop(*dir, *timeout)
	case "backup":
		return Backup(ctx, *dir, set.Arg(0))
	case "restore":
		aside, err := Restore(*dir, set.Arg(0))
		if aside != "" {
			fmt.Fprintf(out, "restored; the data that were there are in %s\n", aside)
		}
		return err
	case "status":
		pid, err := Running(*dir)
		if err != nil {
			return err
		}
		if pid == 0 {
			return fmt.Errorf("store %s: not running", *dir)
		}
		fmt.Fprintf(out, "running, process %d\n", pid)
		return nil
	}
	return errors.New(usage)
}
