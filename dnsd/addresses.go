package main

import (
	"context"
	"log/slog"
	"os"
	"syscall"
	"time"

	"rundock/dnsd/server"
	"rundock/internal/hostconfig"
)

// addressLook is how often dnsd looks whether the interfaces that it listens
// on have other addresses.
const addressLook = 2 * time.Second

// followAddresses sends this process a HUP each time that interfaces among
// listen have other addresses than before, used at first: with those it begins
// anew, and no query is lost.
func followAddresses(ctx context.Context, listen []server.Address, used string, log *slog.Logger) {
	look := func() (string, error) { return server.Now(listen) }
	if used == "" { // not there yet: the server waits for it as well
		used, _ = hostconfig.Moved(ctx, addressLook, "", look)
	}
	for {
		to, moved := hostconfig.Moved(ctx, addressLook, used, look)
		if !moved {
			return
		}
		log.Warn("the addresses to listen on have changed: beginning anew", "from", used, "to", to)
		used = to
		syscall.Kill(os.Getpid(), syscall.SIGHUP)
	}
}
