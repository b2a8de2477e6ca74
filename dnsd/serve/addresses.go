package serve

import (
	"context"
	"fmt"
	"log/slog"
	"net/netip"
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
// listen have other addresses than before, at being the first: with those it begins
// anew, and no query is lost.
func followAddresses(ctx context.Context, listen []server.Address, at []netip.AddrPort, log *slog.Logger) {
	look := func() (string, error) {
		now, err := server.Now(listen)
		return fmt.Sprint(now), err
	}
	used := fmt.Sprint(at)
	if len(at) == 0 { // not there yet: the server waits for it as well
		used, _ = hostconfig.Moved(ctx, addressLook, used, look)
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
