package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"rundock/internal/container"
	"rundock/internal/overlay"
)

// overlayTry is `rundockd overlay try`: whether this host could join the
// network whose settings are on stdin. Nothing of it stays.
func overlayTry() int {
	data, err := io.ReadAll(os.Stdin)
	if err == nil {
		err = tryOverlay(data)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "rundockd overlay try:", err)
		return exitUnknown
	}
	return exitWell
}

func tryOverlay(data []byte) error {
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
	return docker.OverlayConflict(ctx, settings.Name, settings.CIDR)
}

func refuseEncryption(lacks []string) error {
	why := "this release has no encryption yet, and sends nothing in clear that should not be"
	if len(lacks) > 0 {
		why += "; for what is to come, this kernel lacks " + strings.Join(lacks, " and ")
	}
	return errors.New("encryption required: " + why)
}
