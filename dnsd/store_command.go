package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"strings"
	"time"

	"rundock/dnsd/store"
)

const storeUsage = "usage: dnsd store status|stop --dir DIR, dnsd store backup|restore --dir DIR FILE"

// storeCommand is "dnsd store ...". "store run" is what dnsd starts itself.
func storeCommand(ctx context.Context, _ string, args []string) error {
	if len(args) == 0 {
		return errors.New(storeUsage)
	}
	set := flag.NewFlagSet("dnsd store "+args[0], flag.ContinueOnError)
	set.SetOutput(io.Discard)
	dir := set.String("dir", "", "folder of the store")
	listen := set.String("listen", "", "client URLs")
	timeout := set.Duration("timeout", 20*time.Second, "how long stop waits")
	if err := set.Parse(args[1:]); err != nil {
		return fmt.Errorf("%w; %s", err, storeUsage)
	}
	files := 0
	if args[0] == "backup" || args[0] == "restore" {
		files = 1
	}
	if *dir == "" || set.NArg() != files {
		return errors.New(storeUsage)
	}
	switch args[0] {
	case "run":
		return store.Serve(ctx, store.Config{Dir: *dir, Listen: strings.Split(*listen, ",")})
	case "stop":
		return store.Stop(*dir, *timeout)
	case "backup":
		return store.Backup(ctx, *dir, set.Arg(0))
	case "restore":
		aside, err := store.Restore(*dir, set.Arg(0))
		if aside != "" {
			fmt.Printf("restored; the data that were there are in %s\n", aside)
		}
		return err
	case "status":
		pid, err := store.Running(*dir)
		if err != nil {
			return err
		}
		if pid == 0 {
			return fmt.Errorf("store %s: not running", *dir)
		}
		fmt.Printf("running, process %d\n", pid)
		return nil
	}
	return errors.New(storeUsage)
}
