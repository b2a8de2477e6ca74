package overlayctl

import (
	"cmp"
	"context"
	"errors"
	"flag"
	"fmt"
	"log/slog"
	"net/netip"
	"os"
	"time"

	"rundock/internal/hostconfig"
	"rundock/internal/overlay"
	"rundock/internal/overlay/roster"
	"rundock/internal/registry"
	"rundock/internal/registry/open"
	"rundock/supervisor/overlayhost"
	"rundock/supervisor/report"
	"rundock/supervisor/report/network"
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
	name, host := words[0], ""
	if !overlay.IsName(name) {
		return badName("overlay forget", name)
	}
	if len(words) == 2 {
		host = words[1]
	}
	err := forgetHost(name, host)
	if errors.Is(err, roster.ErrWhichHost) {
		return report.BadUsage("overlay forget", err.Error())
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "rundockd overlay forget:", err)
		return report.ExitUnknown
	}
	return report.ExitWell
}

func forgetHost(name, host string) error {
	config, err := hostconfig.Load(hostconfig.Path)
	if err != nil {
		return err
	}
	store, err := open.Store(config, slog.New(slog.DiscardHandler))
	if err != nil {
		return fmt.Errorf("%s: %w", hostconfig.Path, err)
	}
	defer store.Close()
	gone, dissolved, err := Forget(context.Background(), store, name, host)
	if gone.Subnet != "" {
		fmt.Printf("network %s: %s is free, which was that of %s, last seen %s\n", name, gone.Subnet, cmp.Or(gone.Host, "nobody"), gone.Seen.Format(time.RFC3339))
	}
	if dissolved {
		fmt.Printf("network %s: no host is left in it, and its settings are free as well\n", name)
	}
	return err
}

// Forget frees the subnet that a host has in a network, by the rules of package
// roster. The host is given as there.
func Forget(ctx context.Context, store registry.Store, name, host string) (gone roster.Entry, dissolved bool, err error) {
	r := &roster.Roster{Client: store, Network: overlay.Network{Name: name}}
	return r.Forget(ctx, host, answering(name))
}

// answering tells which host answers this one in a network: none does where this
// host is not in it.
func answering(name string) func(roster.Entry) bool {
	settings, _, err := overlayhost.ReadSettings(name)
	return func(e roster.Entry) bool {
		subnet, bad := netip.ParsePrefix(e.Subnet)
		return err == nil && bad == nil && network.Answers(context.Background(), settings.Network, subnet)
	}
}
