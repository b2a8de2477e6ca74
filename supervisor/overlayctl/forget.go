package overlayctl

import (
	"cmp"
	"context"
	"flag"
	"fmt"
	"log/slog"
	"os"
	"time"

	"rundock/internal/hostconfig"
	"rundock/internal/overlay"
	"rundock/internal/overlay/roster"
	"rundock/internal/registry/open"
	"rundock/supervisor/report"
)

// forgetMain is `rundockd overlay forget`. This host need not be in the
// network.
func forgetMain(args []string) int {
	set := flag.NewFlagSet("overlay forget", flag.ContinueOnError)
	words, code, done := report.Arguments(set, usage, args)
	switch {
	case done:
		return code
	case len(words) != 1 && len(words) != 2:
		return report.BadUsage("overlay forget", "want the name of a network and a host")
	}
	network, host := words[0], ""
	if len(words) == 2 {
		host = words[1]
	}
	if err := forgetHost(network, host); err != nil {
		fmt.Fprintln(os.Stderr, "rundockd overlay forget:", err)
		return report.ExitUnknown
	}
	return report.ExitWell
}

func forgetHost(network, host string) error {
	config, err := hostconfig.Load(hostconfig.Path)
	if err != nil {
		return err
	}
	store, err := open.Store(config, slog.New(slog.DiscardHandler))
	if err != nil {
		return fmt.Errorf("%s: %w", hostconfig.Path, err)
	}
	defer store.Close()
	r := &roster.Roster{Client: store, Network: overlay.Network{Name: network}}
	gone, dissolved, err := r.Forget(context.Background(), host)
	if gone.Subnet != "" {
		fmt.Printf("network %s: %s is free, which was that of %s, last seen %s\n", network, gone.Subnet, cmp.Or(gone.Host, "nobody"), gone.Seen.Format(time.RFC3339))
	}
	if dissolved {
		fmt.Printf("network %s: no host is left in it, and its settings are free as well\n", network)
	}
	return err
}
