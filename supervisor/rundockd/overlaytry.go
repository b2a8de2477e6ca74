package main

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
	"rundock/internal/registry/open"
	"rundock/supervisor/process"
)

// overlayTry is `rundockd overlay try`: whether this host could join the
// network whose settings are on stdin. Nothing of it stays.
func overlayTry(args []string) int {
	set := flag.NewFlagSet("overlay try", flag.ContinueOnError)
	patience := set.Duration("wait", 0, "")
	words, code, done := arguments(set, overlayUsage, args)
	switch {
	case done:
		return code
	case len(words) != 0:
		return badUsage("overlay try", "it takes no name: the settings are read from stdin")
	}
	data, err := io.ReadAll(os.Stdin)
	if err == nil {
		err = tryOverlay(data, *patience)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "rundockd overlay try:", err)
		return exitUnknown
	}
	return exitWell
}

func tryOverlay(data []byte, patience time.Duration) error {
	var asked struct {
		Encryption string `json:"encryption"`
	}
	if json.Unmarshal(data, &asked) == nil && asked.Encryption == "required" {
		return refuseEncryption(overlay.EncryptionLacks())
	}
	settings, err := overlay.ParseSettings(data)
	if err != nil {
		return fmt.Errorf("network settings: %w", err)
	}
	p, err := placeOverlay(settings)
	if err != nil {
		return err
	}
	if err := overlay.Able(settings.Network, p.underlay); err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	docker, err := container.Open()
	if err != nil {
		return err
	}
	if err := docker.OverlayFree(ctx, settings.Name); err != nil {
		return err
	}
	if err := docker.OverlayConflict(ctx, settings.Name, settings.CIDR, p.underlay.Address); err != nil {
		return err
	}
	return p.tryRegistry(patience)
}

// tryRegistry returns why the registry does not have this host in the network.
// A host that is in it already does without an answer.
func (p overlayPlace) tryRegistry(patience time.Duration) error {
	if len(p.settings.Peers) > 0 {
		return nil
	}
	known, err := readKnown(overlayKept, p.settings.Network)
	joined := err == nil && known.Subnet.IsValid()
	if joined {
		patience = 0
	}
	store, err := open.Store(p.host, slog.New(slog.DiscardHandler))
	if err != nil {
		return fmt.Errorf("%s: %w", hostconfig.Path, err)
	}
	defer store.Close()
	r := p.roster(store, slog.New(slog.DiscardHandler))
	for deadline := time.Now().Add(patience); ; process.Wait(context.Background(), overlayRetry) {
		refused, err := r.CanJoin(context.Background())
		if err == nil || joined {
			return refused
		}
		if time.Now().After(deadline) {
			return fmt.Errorf("network %s cannot be joined without the registry, which says who has which subnet: %w", p.settings.Name, err)
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
