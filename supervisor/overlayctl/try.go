package overlayctl

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"os"
	"strings"
	"time"

	"rundock/internal/container"
	"rundock/internal/hostconfig"
	"rundock/internal/overlay"
	"rundock/internal/overlay/kernel"
	"rundock/internal/pause"
	"rundock/internal/registry/open"
	"rundock/supervisor/overlayhost"
	"rundock/supervisor/report"
)

// tryMain is `rundockd overlay try`: whether this host could join the
// network whose settings are on stdin. Nothing of it stays. Each line that it
// prints is a warning.
func tryMain(args []string) int {
	set := flag.NewFlagSet("overlay try", flag.ContinueOnError)
	patience := set.Duration("wait", 0, "")
	words, code, done := report.Arguments(set, usage, args)
	switch {
	case done:
		return code
	case len(words) != 0:
		return report.BadUsage("overlay try", "it takes no name: the settings are read from stdin")
	}
	data, err := io.ReadAll(os.Stdin)
	if err == nil {
		err = tryNetwork(data, *patience)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "rundockd overlay try:", err)
		return report.ExitUnknown
	}
	return report.ExitWell
}

func tryNetwork(data []byte, patience time.Duration) error {
	var asked struct {
		Encryption string `json:"encryption"`
	}
	if json.Unmarshal(data, &asked) == nil && asked.Encryption == "required" {
		return refuseEncryption(kernel.EncryptionLacks())
	}
	settings, err := overlay.ParseSettings(data)
	if err != nil {
		return fmt.Errorf("network settings: %w", err)
	}
	p, err := overlayhost.PlaceOf(settings)
	if err != nil {
		return err
	}
	if err := kernel.CheckKernel(settings.Network, p.Underlay); err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	docker, err := container.Open()
	if err != nil {
		return err
	}
	if err := docker.Ping(ctx); err != nil {
		return err
	}
	if err := docker.OverlayFree(ctx, settings.Name); err != nil {
		return err
	}
	if err := docker.OverlayConflict(ctx, settings.Name, settings.CIDR, p.Underlay.Address); err != nil {
		return err
	}
	notes, err := poolNotes(ctx, docker, settings.Network)
	if err != nil {
		return err
	}
	for _, note := range notes {
		fmt.Println(note)
	}
	return tryRegistry(p, patience)
}

// tryRegistry returns why the store does not have this host in the network.
// A host that is in it already does without an answer.
func tryRegistry(p overlayhost.Place, patience time.Duration) error {
	if len(p.Settings.Peers) > 0 {
		return nil
	}
	known, err := overlayhost.ReadSaved(overlay.SavedDir, p.Settings.Network)
	joined := err == nil && known.Subnet.IsValid()
	if joined {
		patience = 0
	}
	store, err := open.Store(p.Host, slog.New(slog.DiscardHandler))
	if err != nil {
		return fmt.Errorf("%s: %w", hostconfig.Path, err)
	}
	defer store.Close()
	r := p.Roster(store, slog.New(slog.DiscardHandler))
	for deadline := time.Now().Add(patience); ; pause.For(context.Background(), tryPause) {
		refused, err := r.CanJoin(context.Background())
		if err == nil || joined {
			return refused
		}
		if time.Now().After(deadline) {
			return fmt.Errorf("network %s cannot be joined without the store, which says who has which subnet: %w", p.Settings.Name, err)
		}
	}
}

func refuseEncryption(lacks []string) error {
	why := "this release has no encryption yet, and sends nothing in clear that should not be"
	if len(lacks) > 0 {
		why += "; for what is to come, this kernel lacks " + strings.Join(lacks, " and ")
	}
	return errors.New("encryption required: " + why)
}

// tryPause is before a store that did not answer is asked again.
const tryPause = time.Second
